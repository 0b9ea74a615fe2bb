//! What is not there, and what has failed, kept for a life of its own: `none_ttl`, `err_ttl`.

use std::sync::Mutex;

use cache_core::testing::Scope;
use cache_core::{Ttl, computing, memoize, tag};
use tests::{Count, millis, now, secs};

#[test]
fn none_has_a_life_of_its_own() {
    #[memoize(ttl = 60, none_ttl = 5)]
    fn find(n: u32) -> Option<u32> {
        (n > 0).then_some(n)
    }
    #[memoize(ttl = 60, none_ttl = 5)]
    async fn ask(n: u32) -> Result<Option<u32>, String> {
        Ok((n > 0).then_some(n))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((find(0), find(1), now(ask(0)), now(ask(1))), (None, Some(1), Ok(None), Ok(Some(1))));
    assert_eq!((find::key(0).ttl(), find::key(1).ttl()), (Some(Ttl::For(secs(5))), Some(Ttl::For(secs(60)))));
    scope.advance(millis(4_999));
    assert_eq!((find::entry(0).get(), now(ask::entry(0).get())), (Some(None), Some(None)), "it is an answer");
    scope.advance(millis(1));
    assert_eq!((find::memo().len(), ask::memo().len()), (1, 1));
}

#[test]
fn none_is_not_kept_for_no_time() {
    static RUNS: Count = Count::new();
    #[memoize(none_ttl = 0)]
    fn find() -> Option<usize> {
        let runs = RUNS.add();
        (runs == 2).then_some(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([find(), find(), find(), find()], [None, None, Some(2), Some(2)]);
}

/// `None` is an answer, so it is one within the windows, too.
#[test]
fn none_has_windows() {
    static FAILS: Mutex<bool> = Mutex::new(false);
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, none_ttl = 5, stale_while_revalidate = "5s", stale_if_error = "10s")]
    fn find() -> Result<Option<usize>, String> {
        RUNS.add();
        if *FAILS.lock().unwrap() { Err("down".into()) } else { Ok(None) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    find().unwrap();
    *FAILS.lock().unwrap() = true;
    scope.advance(secs(5));
    assert_eq!((find(), jobs.run()), (Ok(None), 1));
    scope.advance(secs(5));
    assert_eq!((find(), RUNS.get()), (Ok(None), 3));
    scope.advance(secs(5));
    assert_eq!(find(), Err("down".into()));
}

#[test]
fn an_error_is_kept_for_its_own_time() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, err_ttl = 5)]
    async fn ask(_name: &str) -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs < 2 { Err(runs) } else { Ok(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((now(ask("tom")), now(ask("tom"))), (Err(0), Err(0)));
    assert_eq!(now(ask::entry("tom").get()), None, "companions speak of values");
    scope.advance(secs(5));
    assert_eq!((now(ask("tom")), now(ask("tom"))), (Err(1), Err(1)));
    scope.advance(secs(5));
    assert_eq!(now(ask("tom")), Ok(2));
    scope.advance(secs(59));
    assert_eq!(now(ask("tom")), Ok(2));
}

#[test]
fn an_error_that_is_kept_is_not_what_was_there_before() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, err_ttl = 5, stale_if_error = "1h")]
    fn ask() -> Result<usize, usize> {
        let previous = computing().previous::<usize>();
        assert_eq!(computing().not_modified(), previous.is_some());
        Err(RUNS.add())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((ask(), ask::entry().refresh(), ask()), (Err(0), Err(1), Err(1)));
}

/// A body may say how long, too.
#[test]
fn a_body_knows_how_long_to_keep_an_error() {
    #[memoize(err_ttl = 5)]
    fn ask() -> Result<u32, &'static str> {
        computing().set_ttl(secs(20));
        Err("come back in 20 s")
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(ask().is_err());
    scope.advance(secs(19));
    assert_eq!((ask().is_err(), ask::memo().stats().misses), (true, 1));
    scope.advance(secs(1));
    assert_eq!((ask().is_err(), ask::memo().stats().misses), (true, 2));
}

#[test]
fn that_goes_before_what_was_said_of_errors_and_of_values() {
    #[memoize(ttl = 60, err_ttl = 5, stale_if_error = "1h")]
    fn ask(n: u32) -> Result<u32, u32> {
        computing().set_ttl(if n == 1 { secs(1_000) } else { secs(0) });
        Err(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((ask(1), ask(2)), (Err(1), Err(2)));
    assert_eq!(ask(2), Err(2));
    assert_eq!(ask::memo().stats().misses, 3, "for no time is not at all");
    scope.advance(millis(999_999));
    assert_eq!((ask(1), ask::memo().stats().misses), (Err(1), 3));
    scope.advance(millis(1));
    assert_eq!((ask(1), ask::memo().stats().misses), (Err(1), 4));
}

#[test]
fn an_error_whose_time_is_up_is_none_to_be_counted() {
    #[memoize(ttl = 60, err_ttl = 1, stale_if_error = "1h", tags = ["freshness::negative::{n}"])]
    fn ask(n: u32) -> Result<u32, u32> {
        Err(n)
    }
    #[memoize(ttl = 60, err_ttl = 1, stale_if_error = "1h")]
    fn untagged() -> Result<u32, u32> {
        Err(0)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let fail = || {
        for n in 0..4 {
            ask(n).unwrap_err();
        }
        untagged().unwrap_err();
    };
    let counts = || {
        [
            ask::entry(0).invalidate().count(),
            tag("freshness::negative::1").invalidate().count(),
            tag("freshness::negative::2").mark_stale().count(),
            ask::entry(3).mark_stale().count(),
            untagged::memo().clear().count(),
        ]
    };
    fail();
    scope.advance(millis(999));
    assert_eq!(counts(), [1; 5]);
    fail();
    scope.advance(secs(1));
    assert_eq!(counts(), [0; 5]);
}

/// Fresh or stale: a value that may stand in for it is the better answer.
#[test]
fn an_error_of_a_refresh_does_not_take_the_place_of_the_value() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, err_ttl = 60, stale_if_error = "1h")]
    fn ask() -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(ask(), Ok(0));
    assert_eq!((ask::entry().refresh(), ask::entry().get(), ask()), (Err(1), Some(0), Ok(0)));
    scope.advance(secs(10));
    assert_eq!((ask::entry().refresh(), ask()), (Err(2), Ok(0)));
    scope.advance(secs(3_600));
    assert_eq!((ask(), ask()), (Err(3), Err(3)), "now it is of no use any more");
}

#[test]
fn an_error_is_never_what_was_there() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, err_ttl = 3, stale_while_revalidate = "5s")]
    fn ask() -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs == 0 {
            return Ok(runs);
        }
        computing().not_modified();
        Err(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(ask(), Ok(0));
    assert_eq!((ask::entry().refresh(), ask()), (Err(1), Err(1)));
    scope.advance(secs(3));
    assert_eq!((ask(), ask::memo().stats().not_modified), (Err(2), 0), "it had its own time");
}

#[test]
fn an_error_that_its_body_refuses_to_keep_counts_as_an_error() {
    #[memoize(ttl = 60, err_ttl = 5)]
    fn ask(n: u32) -> Result<u32, u32> {
        if n == 1 {
            computing().no_store();
        }
        Err(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((ask(0), ask(0), ask(1), ask(1)), (Err(0), Err(0), Err(1), Err(1)));
    let stats = ask::memo().stats();
    assert_eq!((stats.hits, stats.stores, stats.errors, ask::memo().len()), (1, 1, 2, 1));
}
