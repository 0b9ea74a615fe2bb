//! `stale_while_revalidate`: what is no longer fresh is an answer while one computation in the background
//! replaces it.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, millis, now, secs};

#[test]
fn all_get_the_old_value_while_one_computes() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn run(_name: &str) -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run("tom"), 0);
    scope.advance(millis(9_999));
    assert_eq!((run("tom"), jobs.len()), (0, 0), "still fresh");
    scope.advance(millis(1));
    assert_eq!([run("tom"), run("tom"), run("tom")], [0; 3]);
    assert_eq!(jobs.run(), 1, "however many ask");
    assert_eq!([run("tom"), run("tom")], [1; 2]);
    let stats = run::memo().stats();
    assert_eq!((stats.hits, stats.misses, stats.stale, stats.revalidations), (6, 1, 3, 1));
    assert!(jobs.is_empty());
}

#[test]
fn tasks_get_the_old_value_while_one_computes() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    async fn owned(_name: String) -> usize {
        RUNS.add()
    }
    static LENT: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    async fn lent(_name: &str) -> usize {
        LENT.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!((now(owned("tom".into())), now(lent("tom"))), (0, 0));
    scope.advance(secs(10));
    for _ in 0..3 {
        assert_eq!((now(owned("tom".into())), now(lent("tom"))), (0, 0));
    }
    assert_eq!(jobs.run(), 2, "one of each");
    assert_eq!((now(owned("tom".into())), now(lent("tom"))), (1, 1));
    for stats in [owned::memo().stats(), lent::memo().stats()] {
        assert_eq!((stats.hits, stats.misses, stats.stale, stats.revalidations), (4, 1, 3, 1));
    }
}

#[test]
fn methods_are_computed_anew_too() {
    #[derive(Clone)]
    struct Shop(u64);
    static RUNS: Count = Count::new();
    impl Shop {
        #[memoize(key = (self.0, article), ttl = 10, stale_while_revalidate = "5s")]
        fn price(&self, article: &str) -> usize {
            assert_eq!((self.0, article), (7, "tea"));
            RUNS.add()
        }

        #[memoize(key = (self.0, article), ttl = 10, stale_while_revalidate = "5s")]
        async fn stock(&self, article: &str) -> usize {
            assert_eq!((self.0, article), (7, "tea"));
            RUNS.add()
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let shop = Shop(7);
    assert_eq!((shop.price("tea"), now(shop.stock("tea"))), (0, 1));
    scope.advance(secs(10));
    assert_eq!((shop.price("tea"), now(shop.stock("tea"))), (0, 1));
    assert_eq!(jobs.run(), 2);
    assert_eq!((shop.price("tea"), now(shop.stock("tea"))), (2, 3));
}

#[test]
fn without_an_executor_the_pool_computes() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn run() -> usize {
        RUNS.add()
    }
    static TASKS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    async fn task() -> usize {
        TASKS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((run(), now(task())), (0, 0));
    scope.advance(secs(10));
    assert_eq!((run(), now(task())), (0, 0));
    tests::wait_until(|| run::memo().stats().stores == 2 && task::memo().stats().stores == 2);
    assert_eq!((run(), now(task())), (1, 1));
}

#[test]
fn one_computes_however_many_threads_ask() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn together() -> usize {
        RUNS.add()
    }
    static ALONE: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s", single_flight = false)]
    fn alone() -> usize {
        ALONE.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!((together(), alone()), (0, 0));
    scope.advance(secs(10));
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let _inside = scope.enter();
                for _ in 0..200 {
                    assert_eq!((together(), alone()), (0, 0));
                }
            });
        }
    });
    assert_eq!(jobs.run(), 2, "one of each");
    assert_eq!((together(), alone()), (1, 1));
    for stats in [together::memo().stats(), alone::memo().stats()] {
        assert_eq!((stats.stale, stats.revalidations, stats.waits), (800, 1, 0));
    }
}

#[test]
fn after_the_window_a_call_computes() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run(), 0);
    scope.advance(millis(14_999));
    assert_eq!((run(), jobs.refuse()), (0, 1));
    scope.advance(millis(1));
    assert_eq!((run(), jobs.len()), (1, 0));
}

/// The one in the background is as good as any: who comes after the window waits for it.
#[test]
fn after_the_window_a_call_waits_for_the_computation_under_way() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(10));
    run();
    scope.advance(secs(5));
    thread::scope(|threads| {
        let waiter = threads.spawn(|| {
            let _inside = scope.enter();
            run()
        });
        tests::wait_until(|| run::memo().stats().waits == 1);
        assert_eq!(jobs.run(), 1);
        assert_eq!(waiter.join().unwrap(), 1);
    });
    assert_eq!(RUNS.get(), 2);
}

/// What the next runs do.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Return,
    Fail,
    Panic,
}

#[test]
fn what_fails_in_the_background_is_left_alone_for_a_while_and_then_a_longer_one() {
    static DOES: Mutex<Does> = Mutex::new(Does::Return);
    fn body() -> Result<u32, String> {
        let does = *DOES.lock().unwrap();
        match does {
            Does::Return => Ok(1),
            Does::Fail => Err("down".into()),
            Does::Panic => resume_unwind(Box::new("a body panics")),
        }
    }
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    fn run() -> Result<u32, String> {
        body()
    }
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    async fn task() -> Result<u32, String> {
        body()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!((run(), now(task())), (Ok(1), Ok(1)));
    scope.advance(secs(10));
    let call = || assert_eq!((run(), now(task())), (Ok(1), Ok(1)), "nobody notices");
    for (round, rest) in
        [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000].into_iter().enumerate()
    {
        let does = [Does::Fail, Does::Panic][round % 2];
        *DOES.lock().unwrap() = does;
        call();
        // To drop it is a failure as well.
        let jobs_done = if round == 4 { jobs.refuse() } else { jobs.run() };
        assert_eq!(jobs_done, 2, "in round {round}");
        call();
        scope.advance(millis(rest - 1));
        call();
        assert_eq!(jobs.len(), 0, "it rests for {rest} ms");
        scope.advance(millis(1));
    }
    for stats in [run::memo().stats(), task::memo().stats()] {
        assert_eq!((stats.backoffs, stats.revalidations), (11, 11));
        assert_eq!((stats.errors, stats.panics, stats.cancelled), (5, 5, 1));
    }
    *DOES.lock().unwrap() = Does::Return;
    call();
    assert_eq!(jobs.run(), 2);
    assert_eq!((run::entry().get(), now(task::entry().get())), (Some(1), Some(1)), "it has recovered");
    // From the beginning.
    *DOES.lock().unwrap() = Does::Fail;
    scope.advance(secs(10));
    call();
    jobs.run();
    scope.advance(millis(100));
    call();
    assert_eq!(jobs.run(), 2);
}

#[test]
fn an_error_that_is_kept_does_not_take_the_place_of_an_older_value() {
    static FAILS: Mutex<bool> = Mutex::new(false);
    fn body() -> Result<u32, String> {
        if *FAILS.lock().unwrap() { Err("down".into()) } else { Ok(1) }
    }
    #[memoize(ttl = 10, err_ttl = 60, stale_while_revalidate = "5s")]
    fn run() -> Result<u32, String> {
        body()
    }
    #[memoize(ttl = 10, err_ttl = 60, refresh_ahead = 0.5)]
    async fn task() -> Result<u32, String> {
        body()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run(), Ok(1));
    scope.advance(secs(5));
    assert_eq!(now(task()), Ok(1));
    scope.advance(secs(5));
    *FAILS.lock().unwrap() = true;
    assert_eq!((run(), now(task())), (Ok(1), Ok(1)));
    assert_eq!(jobs.run(), 2);
    assert_eq!((run(), now(task())), (Ok(1), Ok(1)), "the older values are still answers");
    assert_eq!((run::memo().stats().backoffs, task::memo().stats().backoffs), (1, 1));
    scope.advance(secs(5));
    assert_eq!((run(), now(task())), (Err("down".into()), Err("down".into())), "and now no longer");
    *FAILS.lock().unwrap() = false;
    assert_eq!((run(), now(task())), (Err("down".into()), Err("down".into())), "so the error is kept");
}

/// An error that was kept for a while is not an older value.
#[test]
fn an_error_that_is_kept_has_no_window() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, err_ttl = 1, stale_while_revalidate = "1h", stale_if_error = "1h")]
    fn run() -> Result<u32, usize> {
        Err(RUNS.add())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!((run(), run()), (Err(0), Err(0)));
    scope.advance(secs(1));
    assert_eq!((run(), jobs.len()), (Err(1), 0), "it is asked again");
}

#[test]
fn only_what_is_fresh_is_found_by_those_who_do_not_compute() {
    #[memoize(ttl = 10, stale_while_revalidate = "5s", tag = "freshness::stale::found")]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run(1);
    let key = run::key(1);
    scope.advance(secs(10));
    assert_eq!((run::entry(1).get(), key.get(), key.ttl(), key.is_live()), (None, None, None, false));
    assert!(run::memo().is_empty() && run::memo().keys().is_empty());
    assert_eq!(
        (cache_core::tag("freshness::stale::found").len(), run::memo().get_many([&key])),
        (0, vec![None])
    );
    assert!(!run::entry(1).insert_if_present(5));
    assert_eq!(run::entry(1).update(|n| n + 1), None);
    assert!(!key.set_ttl(secs(100)) && !key.extend_ttl(secs(100)));
    assert_eq!((run(1), jobs.len()), (1, 1), "but it is an answer");
    assert!(run::entry(1).insert_if_absent(7));
    assert_eq!(run(1), 7);
    jobs.run();
    assert_eq!(run(1), 7, "what was given by hand is newer");
}

#[test]
fn an_invalidation_ends_the_window_and_what_is_computed() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(10));
    run();
    assert_eq!(run::key().invalidate().count(), 1, "what could have been returned counts");
    assert_eq!(run(), 1, "who calls after it computes, and does not wait for what began before");
    assert_eq!(jobs.run(), 1);
    assert_eq!((RUNS.get(), run()), (3, 1), "what began before it is not stored");
}

#[test]
fn hits_that_are_stale_are_told() {
    static HITS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s", on_hit = |_, _| { HITS.add(); })]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run(1);
    scope.advance(secs(10));
    assert_eq!((run(1), run(1)), (1, 1));
    assert_eq!((HITS.get(), run::memo().stats().hits), (2, 2));
    jobs.run();
    assert_eq!(HITS.get(), 2, "what computes anew is no hit");
}

/// It would be kept as if it were fresh.
#[test]
fn what_is_made_of_a_stale_answer_is_not_kept() {
    static ROWS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1h", tag = "freshness::stale::row:{id}")]
    fn row(id: u32) -> usize {
        let _ = id;
        ROWS.add()
    }
    static PAGES: Count = Count::new();
    #[memoize(inherit_tags)]
    fn page(id: u32) -> (usize, usize) {
        (PAGES.add(), row(id))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!([page(1), page(1)], [(0, 0), (0, 0)]);
    page::memo().clear();
    scope.advance(secs(10));
    assert_eq!([page(1), page(1)], [(1, 0), (2, 0)]);
    jobs.run();
    assert_eq!([page(1), page(1)], [(3, 1), (3, 1)], "of what is fresh again it is");
    cache_core::tag("freshness::stale::row:1").invalidate();
    assert_eq!(page(1), (4, 2));
}

/// Nor does it say that the origin is well.
#[test]
fn an_error_that_does_not_count_ends_the_older_value() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1h", stale_if_error = "1h", fallback_if = |_| false)]
    fn run() -> Result<usize, String> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err("no such thing".into()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run(), Ok(0));
    scope.advance(secs(10));
    assert_eq!((run(), jobs.run()), (Ok(0), 1));
    assert_eq!((run(), jobs.run()), (Err("no such thing".into()), 0), "it is an answer");
}

/// A call that finds somebody else has begun looks again, and must not be counted again.
#[test]
fn an_answer_is_counted_once_whoever_begins() {
    static HITS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s", on_hit = |_, _| if HITS.add() == 0 { run(); })]
    fn run() -> u32 {
        1
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(10));
    run();
    let stats = run::memo().stats();
    assert_eq!((HITS.get(), stats.hits, stats.stale, jobs.len()), (2, 2, 2, 1));
}
