//! `refresh_ahead`: what is still fresh, and soon will not be, is computed anew before that.

use std::sync::Mutex;
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, millis, now, secs};

#[test]
fn a_hit_late_in_its_life_computes_the_next_one() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, refresh_ahead = 0.8)]
    fn run(_name: &str) -> usize {
        RUNS.add()
    }
    static TASKS: Count = Count::new();
    #[memoize(ttl = 10, refresh_ahead = 0.8)]
    async fn task(_name: &str) -> usize {
        TASKS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let call = || (run("tom"), now(task("tom")));
    assert_eq!(call(), (0, 0));
    scope.advance(millis(7_999));
    assert_eq!((call(), jobs.len()), ((0, 0), 0));
    scope.advance(millis(1));
    assert_eq!((call(), call(), jobs.run()), ((0, 0), (0, 0), 2), "one of each, however many ask");
    assert_eq!((call(), jobs.len()), ((1, 1), 0), "fresh, from now on");
    scope.advance(millis(7_999));
    assert_eq!((call(), jobs.len()), ((1, 1), 0));
    for stats in [run::memo().stats(), task::memo().stats()] {
        assert_eq!((stats.misses, stats.hits, stats.stale, stats.revalidations), (1, 5, 0, 1));
    }
}

#[test]
fn an_age_is_one() {
    static RUNS: Count = Count::new();
    #[memoize(refresh_ahead = "4m")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(millis(239_999));
    assert_eq!((run(), jobs.len()), (0, 0));
    scope.advance(millis(1));
    assert_eq!((run(), jobs.run(), run()), (0, 1, 1));
}

#[test]
fn what_nobody_asks_for_expires() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, refresh_ahead = 0.5)]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(10));
    assert_eq!((run(), jobs.len()), (1, 0));
}

#[test]
fn to_look_computes_nothing() {
    #[memoize(ttl = 10, refresh_ahead = 0.5)]
    fn run() -> u32 {
        1
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(9));
    assert_eq!((run::entry().get(), run::key().get(), run::key().is_live()), (Some(1), Some(1), true));
    assert_eq!(jobs.len(), 0);
    assert_eq!((run::entry().prefetch(), jobs.len()), (Some(1), 1), "but this does");
}

#[test]
fn what_fails_ahead_rests_and_is_computed_by_a_caller_at_the_end() {
    static FAILS: Mutex<bool> = Mutex::new(false);
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, refresh_ahead = 0.5)]
    fn run() -> Result<usize, &'static str> {
        let runs = RUNS.add();
        if *FAILS.lock().unwrap() { Err("down") } else { Ok(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run(), Ok(0));
    *FAILS.lock().unwrap() = true;
    scope.advance(secs(5));
    for rest in [100, 200, 400] {
        assert_eq!((run(), jobs.run()), (Ok(0), 1));
        scope.advance(millis(rest - 1));
        assert_eq!((run(), jobs.len()), (Ok(0), 0), "it rests for {rest} ms");
        scope.advance(millis(1));
    }
    assert_eq!(run::memo().stats().backoffs, 3);
    scope.advance(secs(5));
    assert_eq!(run(), Err("down"), "without a window nothing covers for it");
}

#[test]
fn one_computes_however_many_threads_ask() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, refresh_ahead = 0.5, single_flight = false)]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(5));
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let _inside = scope.enter();
                (0..200).for_each(|_| assert_eq!(run(), 0));
            });
        }
    });
    assert_eq!((jobs.run(), run()), (1, 1));
}

/// What was computed from before an invalidation is not stored.
#[test]
fn an_invalidation_wins() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, refresh_ahead = 0.5, tag = "freshness::ahead::all")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(5));
    run();
    cache_core::tag("freshness::ahead::all").invalidate();
    assert_eq!((jobs.run(), run::entry().get()), (1, None));
    assert_eq!(run::memo().stats().overtaken, 1);
    assert_eq!(run(), 2);
}

/// The nearer the end, and the longer it takes to compute, the likelier a hit begins to.
#[test]
fn by_chance_what_takes_long_is_computed_sooner() {
    fn calls_until_due(cost: u64) -> (u64, usize) {
        thread_local! {
            static SCOPE: std::cell::RefCell<Option<Scope>> = const { std::cell::RefCell::new(None) };
            static COST: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
        }
        #[memoize(ttl = 100, refresh_ahead = xfetch(1.0))]
        fn run() {
            let cost = millis(COST.get());
            SCOPE.with_borrow(|scope| scope.as_ref().unwrap().advance(cost));
        }
        let scope = Scope::new();
        let _inside = scope.enter();
        let jobs = scope.hold_background().unwrap();
        SCOPE.set(Some(scope.clone()));
        COST.set(cost);
        run();
        for second in 0..99 {
            scope.advance(secs(1));
            run();
            if !jobs.is_empty() {
                SCOPE.set(None);
                return (second, jobs.len());
            }
        }
        SCOPE.set(None);
        (99, jobs.len())
    }

    // What takes no time is not computed before its end at all.
    assert_eq!(calls_until_due(0), (99, 0));
    // With 20 s to compute it is not due in the first seconds but by a chance of e^-5 each; nor would it
    // ever last to the end.
    let due: Vec<_> = (0..40).map(|_| calls_until_due(20_000)).collect();
    assert!(due.iter().all(|(_, jobs)| *jobs == 1));
    let mean = due.iter().map(|(second, _)| second).sum::<u64>() / 40;
    assert!((15..75).contains(&mean), "after {mean} s");
}
