//! `stale_if_error`: where a computation fails, what is no longer fresh is an answer for a while.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Barrier, Mutex};
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{ByHand, Count, Gate, Latch, in_turn, millis, no_hang, now, secs, wait_until, yields};

/// An error that cannot be cloned.
#[derive(Debug, PartialEq)]
struct Down;

#[test]
fn a_failing_origin_is_covered_for_as_long_as_was_said() {
    static FAILS: Mutex<bool> = Mutex::new(false);
    static RUNS: Count = Count::new();
    fn body() -> Result<u32, Down> {
        RUNS.add();
        if *FAILS.lock().unwrap() { Err(Down) } else { Ok(1) }
    }
    #[memoize(ttl = 10, stale_if_error = "1h")]
    fn run(_name: &str) -> Result<u32, Down> {
        body()
    }
    #[memoize(ttl = 10, stale_if_error = "1h")]
    async fn owned(_name: String) -> Result<u32, Down> {
        body()
    }
    #[memoize(ttl = 10, stale_if_error = "1h")]
    async fn lent(_name: &str) -> Result<u32, Down> {
        body()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let call = || [run("tom"), now(owned("tom".into())), now(lent("tom"))];
    assert_eq!(call(), [Ok(1), Ok(1), Ok(1)]);
    *FAILS.lock().unwrap() = true;
    scope.advance(secs(10));
    assert_eq!((call(), RUNS.get()), ([Ok(1), Ok(1), Ok(1)], 6), "all have asked");
    for stats in [run::memo().stats(), owned::memo().stats(), lent::memo().stats()] {
        assert_eq!((stats.hits, stats.misses, stats.errors), (0, 2, 1));
        assert_eq!((stats.stale, stats.fallbacks, stats.backoffs, stats.revalidations), (1, 1, 1, 0));
    }
    assert_eq!(run::entry("tom").get(), None, "it is not fresh");
    scope.advance(millis(3_599_999));
    assert_eq!((call(), RUNS.get()), ([Ok(1), Ok(1), Ok(1)], 9));
    scope.advance(millis(1));
    assert_eq!(call(), [Err(Down), Err(Down), Err(Down)]);
    *FAILS.lock().unwrap() = false;
    assert_eq!(call(), [Ok(1), Ok(1), Ok(1)]);
}

#[test]
fn who_fails_is_not_asked_by_each_call() {
    static FAILS: Mutex<bool> = Mutex::new(false);
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h")]
    fn run() -> Result<usize, Down> {
        let runs = RUNS.add();
        if *FAILS.lock().unwrap() { Err(Down) } else { Ok(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    *FAILS.lock().unwrap() = true;
    scope.advance(secs(10));
    for (round, rest) in
        [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000].into_iter().enumerate()
    {
        assert_eq!((run(), RUNS.get()), (Ok(0), round + 2), "asked once more");
        assert_eq!((run(), run(), RUNS.get()), (Ok(0), Ok(0), round + 2));
        scope.advance(millis(rest - 1));
        assert_eq!((run(), RUNS.get()), (Ok(0), round + 2), "it rests for {rest} ms");
        scope.advance(millis(1));
    }
    let stats = run::memo().stats();
    assert_eq!((stats.fallbacks, stats.backoffs, stats.stale, stats.hits), (11, 11, 44, 33));
    *FAILS.lock().unwrap() = false;
    assert_eq!(run(), Ok(12), "it is well again");
    scope.advance(secs(10));
    *FAILS.lock().unwrap() = true;
    assert_eq!(run(), Ok(12));
    scope.advance(millis(100));
    run().unwrap();
    assert_eq!(RUNS.get(), 15, "and rests from the beginning");
}

#[test]
fn leader_and_waiters_get_the_old_value() {
    static LATCH: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", max_wait = "1h")]
    fn shared() -> Result<u32, String> {
        if RUNS.add() == 0 {
            return Ok(1);
        }
        LATCH.wait();
        Err("down".into())
    }
    static OTHER: Latch = Latch::new();
    static OTHERS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", max_wait = "1h")]
    fn not_shared() -> Result<u32, Down> {
        if OTHERS.add() == 0 {
            return Ok(1);
        }
        OTHER.wait();
        Err(Down)
    }
    fn with<E: 'static>(
        call: fn() -> Result<u32, E>,
        latch: &'static Latch,
        stats: fn() -> cache_core::Stats,
    ) {
        no_hang(move || {
            let scope = Scope::new();
            let _inside = scope.enter();
            assert!(call().is_ok());
            scope.advance(secs(10));
            thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| {
                        let _inside = scope.enter();
                        assert!(matches!(call(), Ok(1)));
                    });
                }
                wait_until(|| stats().waits == 3);
                latch.open();
            });
            let stats = stats();
            assert_eq!((stats.errors, stats.fallbacks, stats.stale, stats.backoffs), (1, 4, 4, 1));
        });
    }

    with(shared, &LATCH, || shared::memo().stats());
    with(not_shared, &OTHER, || not_shared::memo().stats());
}

#[test]
fn tasks_that_wait_get_the_old_value() {
    static GATE: Gate = Gate::new();
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h")]
    async fn owned(_name: String) -> Result<u32, Down> {
        if RUNS.add() == 0 {
            return Ok(1);
        }
        GATE.pass().await;
        Err(Down)
    }
    static LENT: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h")]
    async fn lent(_name: &str) -> Result<u32, Down> {
        if LENT.add() == 0 {
            return Ok(1);
        }
        GATE.pass().await;
        Err(Down)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((now(owned("tom".into())), now(lent("tom"))), (Ok(1), Ok(1)));
    scope.advance(secs(10));
    let mut owned_calls = [(); 3].map(|()| ByHand::new(owned("tom".into())));
    let mut lent_calls = [(); 3].map(|()| ByHand::new(lent("tom")));
    assert!(in_turn(&mut owned_calls).iter().chain(&in_turn(&mut lent_calls)).all(Option::is_none));
    GATE.open();
    assert_eq!(in_turn(&mut owned_calls), [Some(Ok(1)), Some(Ok(1)), Some(Ok(1))]);
    assert_eq!(in_turn(&mut lent_calls), [Some(Ok(1)), Some(Ok(1)), Some(Ok(1))]);
    assert_eq!((RUNS.get(), LENT.get()), (2, 2));
    assert_eq!((owned::memo().stats().fallbacks, lent::memo().stats().fallbacks), (3, 3));
}

#[test]
fn an_error_that_does_not_count_is_the_callers_and_ends_the_older_value() {
    #[memoize(ttl = 10, stale_if_error = "1h", fallback_if = |error| error != "no such thing")]
    fn run() -> Result<usize, String> {
        static RUNS: Count = Count::new();
        match RUNS.add() {
            0 => Ok(0),
            1 => Err("no such thing".into()),
            _ => Err("down".into()),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run(), Ok(0));
    scope.advance(secs(10));
    assert_eq!(run(), Err("no such thing".into()));
    let stats = run::memo().stats();
    assert_eq!((stats.fallbacks, stats.backoffs), (0, 0), "the origin is well");
    assert_eq!(run(), Err("down".into()), "what it has answered last holds");
}

#[test]
fn a_condition_that_panics_leaves_the_error_to_the_caller() {
    #[memoize(ttl = 10, stale_if_error = "1h", fallback_if = |_| resume_unwind(Box::new("a condition panics")))]
    fn run() -> Result<usize, String> {
        static RUNS: Count = Count::new();
        if RUNS.add() == 0 { Ok(0) } else { Err("down".into()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    scope.advance(secs(10));
    assert_eq!(run(), Err("down".into()));
    assert_eq!(run::memo().stats().hook_panics, 1);
}

#[test]
fn a_panic_is_the_callers() {
    static RUNS: Count = Count::new();
    fn body() -> Result<usize, Down> {
        if RUNS.add() < 2 { Ok(0) } else { resume_unwind(Box::new("a body panics")) }
    }
    #[memoize(ttl = 10, stale_if_error = "1h")]
    fn run() -> Result<usize, Down> {
        body()
    }
    #[memoize(ttl = 10, stale_if_error = "1h")]
    async fn task() -> Result<usize, Down> {
        body()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((run(), now(task())), (Ok(0), Ok(0)));
    scope.advance(secs(10));
    assert!(catch_unwind(run).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| now(task()))).is_err());
    assert_eq!((run(), now(task())), (Ok(0), Ok(0)), "it rests all the same");
    assert_eq!(RUNS.get(), 4);
    for stats in [run::memo().stats(), task::memo().stats()] {
        assert_eq!((stats.panics, stats.backoffs, stats.fallbacks), (1, 1, 0));
    }
}

#[test]
fn who_leaves_says_nothing_of_whom_it_has_called() {
    static GATE: Gate = Gate::new();
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h")]
    async fn run(_name: &str) -> Result<usize, Down> {
        let runs = RUNS.add();
        if runs > 0 {
            GATE.pass().await;
        }
        Ok(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(now(run("tom")), Ok(0));
    scope.advance(secs(10));
    let mut call = ByHand::new(run("tom"));
    assert!(call.poll().is_none());
    drop(call);
    let stats = run::memo().stats();
    assert_eq!((stats.cancelled, stats.backoffs), (1, 0));
    GATE.open();
    assert_eq!(now(run("tom")), Ok(2), "it does not rest");
}

#[test]
fn an_error_that_is_kept_comes_after_the_older_value() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, err_ttl = 60, stale_if_error = "30s")]
    fn run() -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run(), Ok(0));
    scope.advance(secs(10));
    assert_eq!((run(), run()), (Ok(0), Ok(0)));
    scope.advance(secs(30));
    assert_eq!((run(), run()), (Err(2), Err(2)), "kept where nothing older is of use");
    scope.advance(secs(59));
    assert_eq!(run(), Err(2));
    scope.advance(secs(1));
    assert_eq!(run(), Err(3));
}

#[test]
fn both_windows_go_together() {
    static FAILS: Mutex<bool> = Mutex::new(false);
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "10s", stale_if_error = "20s")]
    fn run() -> Result<usize, Down> {
        let runs = RUNS.add();
        if *FAILS.lock().unwrap() { Err(Down) } else { Ok(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run().unwrap();
    *FAILS.lock().unwrap() = true;
    scope.advance(secs(10));
    assert_eq!((run(), jobs.run(), RUNS.get()), (Ok(0), 1, 2), "in the background first");
    scope.advance(secs(10));
    assert_eq!((run(), jobs.len(), RUNS.get()), (Ok(0), 0, 3), "then by the caller");
    scope.advance(secs(10));
    assert_eq!(run(), Err(Down));
}

#[test]
fn a_refresh_is_told_of_its_error() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h")]
    fn run() -> Result<usize, Down> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err(Down) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    assert_eq!(run::entry().refresh(), Err(Down));
    assert_eq!(run::entry().get(), Some(0), "what is there stays");
    scope.advance(secs(10));
    assert_eq!(run::entry().refresh(), Err(Down));
    assert_eq!(run(), Ok(0));
}

#[test]
fn what_was_invalidated_covers_for_nothing() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", tag = "freshness::fallback::gone")]
    fn run() -> Result<usize, Down> {
        let runs = RUNS.add();
        if runs.is_multiple_of(2) { Ok(runs) } else { Err(Down) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    run::key().invalidate();
    assert_eq!(run(), Err(Down));
    run().unwrap();
    scope.advance(secs(10));
    assert_eq!(cache_core::tag("freshness::fallback::gone").invalidate().count(), 1);
    assert_eq!(run(), Err(Down));
}

/// A page that is made of a value which stood in for another would be kept as if that were fresh.
#[test]
fn what_is_made_of_a_value_that_stood_in_is_not_kept() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", tag = "freshness::fallback::row")]
    fn row() -> Result<usize, Down> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err(Down) }
    }
    static PAGES: Count = Count::new();
    #[memoize(inherit_tags)]
    fn page() -> (usize, Option<usize>) {
        (PAGES.add(), row().ok())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    row().unwrap();
    scope.advance(secs(10));
    assert_eq!([page(), page()], [(0, Some(0)), (1, Some(0))]);
    cache_core::tag("freshness::fallback::row").invalidate();
    assert_eq!(page(), (2, None));
}

#[test]
fn futures_of_one_thread_are_covered_for() {
    static RUNS: Count = Count::new();
    #[memoize(?Send, ttl = 10, stale_if_error = "1h")]
    async fn run(name: &str) -> Result<usize, Down> {
        let local = std::rc::Rc::new(name.len());
        yields(1).await;
        if RUNS.add() == 0 { Ok(*local) } else { Err(Down) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(now(run("tom")), Ok(3));
    scope.advance(secs(10));
    assert_eq!((now(run("tom")), now(run("tom")), RUNS.get()), (Ok(3), Ok(3), 2));
}

/// A burst of calls that fail is one failure, not a row of them.
#[test]
fn those_who_fail_together_have_failed_once() {
    static BURST: Barrier = Barrier::new(4);
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", single_flight = false)]
    fn run() -> Result<usize, Down> {
        if RUNS.add() == 0 {
            return Ok(0);
        }
        BURST.wait();
        Err(Down)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!(run(), Ok(0));
        scope.advance(secs(10));
        for (failures, rest) in [(1, 100), (2, 200)] {
            thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| {
                        let _inside = scope.enter();
                        assert_eq!(run(), Ok(0));
                    });
                }
            });
            let runs = 1 + 4 * usize::try_from(failures).unwrap();
            assert_eq!((RUNS.get(), run::memo().stats().backoffs), (runs, failures));
            scope.advance(millis(rest - 1));
            assert_eq!((run(), RUNS.get()), (Ok(0), runs), "it rests");
            scope.advance(millis(1));
        }
    });
}
