//! A newer answer that is not kept ends the older one: it tells that what is stored is no longer true, and that
//! must not come back when the next computation fails.

use std::panic::resume_unwind;
use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{Stats, computing, memoize};
use tests::{Count, now, secs};

type Answer = Result<Option<usize>, &'static str>;

/// A function whose first answer is kept, and whose second one is not. Then it fails.
struct Subject {
    name: &'static str,
    second: Answer,
    call: fn() -> Answer,
    refresh: fn() -> Answer,
    get: fn() -> Option<Option<usize>>,
    stats: fn() -> Stats,
    runs: &'static Count,
}

impl Subject {
    /// The first answer is there.
    fn begin(&self) {
        assert_eq!((self.call)(), Ok(Some(0)), "{}", self.name);
    }

    /// The second one was given, in this situation, and nothing is left of the first.
    #[track_caller]
    fn has_ended(&self) {
        let Self { name, call, get, stats, runs, .. } = self;
        assert_eq!((get(), runs.get()), (None, 2), "{name}");
        let seen = stats();
        assert_eq!((seen.stores, seen.invalidations, seen.backoffs), (1, 1, 0), "{name}");
        for asked in 3..6 {
            assert_eq!((call(), runs.get()), (Err("down"), asked), "{name}: each call asks once");
        }
        assert_eq!(stats().fallbacks, 0, "{name}");
    }
}

/// Seconds that a value is kept.
fn life(value: Option<usize>) -> Duration {
    secs(if value == Some(0) { 10 } else { 0 })
}

fn answer(runs: &Count, second: impl FnOnce() -> Answer) -> Answer {
    match runs.add() {
        0 => Ok(Some(0)),
        1 => second(),
        _ => Err("down"),
    }
}

/// A function and a task with these options, and what they answer the second time.
macro_rules! both {
    ($name:literal, ($($options:tt)*), $second:expr, $said:expr) => {
        [
            {
                static RUNS: Count = Count::new();
                #[memoize($($options)*)]
                fn run() -> Result<Option<usize>, &'static str> {
                    answer(&RUNS, || { $said; $second })
                }
                Subject {
                    name: $name,
                    second: $second,
                    call: || run(),
                    refresh: || run::entry().refresh(),
                    get: || run::entry().get(),
                    stats: || run::memo().stats(),
                    runs: &RUNS,
                }
            },
            {
                static RUNS: Count = Count::new();
                #[memoize($($options)*)]
                async fn task() -> Result<Option<usize>, &'static str> {
                    answer(&RUNS, || { $said; $second })
                }
                Subject {
                    name: concat!($name, " of a task"),
                    second: $second,
                    call: || now(task()),
                    refresh: || now(task::entry().refresh()),
                    get: || now(task::entry().get()),
                    stats: || task::memo().stats(),
                    runs: &RUNS,
                }
            },
        ]
    };
}

/// All ways not to be kept, with what else is said of the function.
macro_rules! subjects {
    ($($more:tt)*) => {
        [
            both!("cache_if", (ttl = 10, cache_if = |value| *value == Some(0), $($more)*), Ok(Some(1)), ()),
            both!("none_ttl = 0", (ttl = 10, none_ttl = 0, $($more)*), Ok(None), ()),
            both!("ttl = |value|", (ttl = |value| life(*value), $($more)*), Ok(Some(1)), ()),
            both!("no_store", (ttl = 10, $($more)*), Ok(Some(1)), assert!(computing().no_store())),
            both!("set_ttl", (ttl = 10, $($more)*), Ok(Some(1)), assert!(computing().set_ttl(secs(0)))),
            both!(
                "too heavy",
                (ttl = 10, capacity = 1_000, weigh = |_, value| if *value == Some(0) { 1 } else { 2_000 }, $($more)*),
                Ok(Some(1)),
                ()
            ),
            both!(
                "fallback_if",
                (ttl = 10, fallback_if = |error| *error == "down", $($more)*),
                Err("no such thing"),
                ()
            ),
        ]
        .into_iter()
        .flatten()
    };
}

#[test]
fn of_a_call_that_finds_what_is_stale() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for subject in subjects!(stale_if_error = "1h") {
        subject.begin();
        scope.advance(secs(10));
        assert_eq!((subject.call)(), subject.second, "{}", subject.name);
        subject.has_ended();
    }
}

#[test]
fn of_a_refresh_of_what_is_fresh() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for subject in subjects!(stale_if_error = "1h") {
        subject.begin();
        assert_eq!((subject.refresh)(), subject.second, "{}", subject.name);
        subject.has_ended();
    }
}

/// And nothing is asked for again and again there.
#[test]
fn of_a_computation_in_the_background() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let background = scope.hold_background().unwrap();
    for subject in subjects!(stale_while_revalidate = "1h", stale_if_error = "1h") {
        subject.begin();
        scope.advance(secs(10));
        for _ in 0..3 {
            assert_eq!((subject.call)(), Ok(Some(0)), "{}", subject.name);
        }
        assert_eq!(background.run(), 1, "{}", subject.name);
        subject.has_ended();
        assert!(background.is_empty(), "{}", subject.name);
    }
}

#[test]
fn of_a_computation_ahead_of_time() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let background = scope.hold_background().unwrap();
    for subject in subjects!(refresh_ahead = 0.5, stale_if_error = "1h") {
        subject.begin();
        scope.advance(secs(5));
        for _ in 0..3 {
            assert_eq!((subject.call)(), Ok(Some(0)), "{}", subject.name);
        }
        assert_eq!(background.run(), 1, "{}", subject.name);
        subject.has_ended();
        assert!(background.is_empty(), "{}", subject.name);
    }
}

#[test]
fn of_a_call_that_asks_the_origin_first() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for subject in subjects!(origin_first) {
        subject.begin();
        assert_eq!((subject.call)(), subject.second, "{}", subject.name);
        subject.has_ended();
    }
}

/// A failure is no answer, and neither is an error of which nobody could be asked whether it is one.
#[test]
fn what_fails_ends_nothing() {
    #[memoize(ttl = 10, stale_if_error = "1h")]
    fn fails() -> Result<usize, &'static str> {
        static RUNS: Count = Count::new();
        match RUNS.add() {
            0 => Ok(0),
            _ => Err("down"),
        }
    }
    #[memoize(ttl = 10, stale_if_error = "1h", fallback_if = |_| resume_unwind(Box::new("a condition panics")))]
    fn unclear() -> Result<usize, &'static str> {
        static RUNS: Count = Count::new();
        match RUNS.add() {
            0 => Ok(0),
            _ => Err("down"),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((fails(), unclear()), (Ok(0), Ok(0)));
    assert_eq!((fails::entry().refresh(), unclear::entry().refresh()), (Err("down"), Err("down")));
    assert_eq!((fails(), unclear()), (Ok(0), Ok(0)));
}

/// What has come since is not what it was to replace.
#[test]
fn what_was_written_meanwhile_is_not_ended() {
    #[memoize(ttl = 10, stale_if_error = "1h", cache_if = |value| *value != 1)]
    fn run() -> Result<usize, &'static str> {
        static RUNS: Count = Count::new();
        let runs = RUNS.add();
        if runs == 1 {
            assert!(run::entry().insert(7));
        }
        Ok(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run(), Ok(0));
    assert_eq!((run::entry().refresh(), run()), (Ok(1), Ok(7)));
}

/// Nobody has computed it: that somebody has tried to write says nothing of what is there.
#[test]
fn a_value_by_hand_that_is_not_kept_ends_nothing() {
    #[memoize(ttl = 10, cache_if = |value| *value == 0)]
    fn run() -> usize {
        0
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((run(), run::entry().insert(1), run::entry().get()), (0, false, Some(0)));
}
