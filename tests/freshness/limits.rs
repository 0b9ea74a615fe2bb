//! `soft_timeout` and `timeout`: how long a call waits, and what becomes of what comes later.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{self, JoinHandle};

use cache_core::testing::Scope;
use cache_core::{TimedOut, memoize};
use tests::{ByHand, Count, Gate, Latch, millis, no_hang, now, secs, wait_until};

/// An error that cannot be cloned.
#[derive(Debug, PartialEq)]
enum Failed {
    Late(TimedOut),
    Down(usize),
}

impl From<TimedOut> for Failed {
    fn from(late: TimedOut) -> Self {
        Self::Late(late)
    }
}

/// Calls on a thread of its own, within the scope.
fn there<T: Send + 'static>(scope: &Scope, call: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let scope = scope.clone();
    thread::spawn(move || {
        let _inside = scope.enter();
        call()
    })
}

#[test]
fn an_old_value_is_returned_instead_of_waiting() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "200ms")]
    fn run(_name: &str) -> usize {
        let runs = RUNS.add();
        if runs > 0 {
            LATCH.wait();
        }
        runs
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!(run("tom"), 0);
        scope.advance(secs(10));
        let call = there(&scope, || run("tom"));
        wait_until(|| RUNS.get() == 2);
        scope.advance(millis(199));
        assert!(!call.is_finished());
        scope.advance(millis(1));
        assert_eq!(call.join().unwrap(), 0);
        // Others need not wait to learn the same.
        assert_eq!(run("tom"), 0);
        // Who comes after a while waits for the same computation, and as long.
        scope.advance(millis(100));
        let third = there(&scope, || run("tom"));
        wait_until(|| run::memo().stats().waits == 1);
        scope.advance(millis(200));
        assert_eq!((third.join().unwrap(), RUNS.get()), (0, 2));
        LATCH.open();
        wait_until(|| run::entry("tom").get() == Some(1));
        let stats = run::memo().stats();
        assert_eq!((stats.stores, stats.fallbacks, stats.stale, stats.timeouts), (2, 2, 3, 0));
        assert_eq!(stats.backoffs, 2, "to be late is to fail");
    });
}

#[test]
fn with_nothing_old_a_soft_limit_is_none() {
    static STARTED: Latch = Latch::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "200ms")]
    fn run() -> u32 {
        STARTED.open();
        LATCH.wait();
        1
    }

    no_hang(|| {
        let scope = Scope::new();
        let call = there(&scope, run);
        STARTED.wait();
        scope.advance(secs(1_000));
        LATCH.open();
        assert_eq!(call.join().unwrap(), 1);
    });
}

#[test]
fn a_call_that_is_late_gets_its_error_and_the_next_one_the_value() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(timeout = "2s")]
    fn run(_name: &str) -> Result<usize, Failed> {
        let runs = RUNS.add();
        LATCH.wait();
        Ok(runs)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let call = there(&scope, || run("tom"));
        wait_until(|| RUNS.get() == 1);
        scope.advance(millis(1_999));
        assert!(!call.is_finished());
        scope.advance(millis(1));
        let Err(Failed::Late(late)) = call.join().unwrap() else { panic!("it is late") };
        assert_eq!((late.name(), late.limit()), ("freshness::limits::run", secs(2)));
        assert!(late.to_string().contains("freshness::limits::run"));
        // Its own time, of the one computation.
        let next = there(&scope, || run("tom"));
        wait_until(|| run::memo().stats().waits == 1);
        scope.advance(secs(1));
        LATCH.open();
        assert_eq!(next.join().unwrap(), Ok(0));
        let stats = run::memo().stats();
        assert_eq!((RUNS.get(), stats.stores, stats.timeouts, stats.errors), (1, 1, 1, 0));
    });
}

#[test]
fn the_error_may_be_said() {
    static GATE: Gate = Gate::new();
    #[memoize(timeout = "2s", timeout_error = Failed::Down(7))]
    async fn run(_name: &str) -> Result<u32, Failed> {
        GATE.pass().await;
        Ok(1)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let mut call = ByHand::new(run("tom"));
    assert!(call.run().is_none());
    scope.advance(secs(2));
    assert_eq!(call.finish(), Err(Failed::Down(7)));
    assert_eq!(jobs.len(), 1);
    GATE.open();
    jobs.run();
    assert_eq!(now(run::entry("tom").get()), Some(1));
}

#[test]
fn a_hard_limit_prefers_an_old_value() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, stale_if_error = "10s", timeout = "2s")]
    fn run() -> Result<usize, Failed> {
        let runs = RUNS.add();
        if runs > 0 {
            LATCH.wait();
        }
        Ok(runs)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        run().unwrap();
        scope.advance(secs(10));
        let call = there(&scope, run);
        wait_until(|| RUNS.get() == 2);
        scope.advance(secs(2));
        assert_eq!(call.join().unwrap(), Ok(0));
        scope.advance(secs(8));
        let call = there(&scope, run);
        wait_until(|| run::memo().stats().waits == 1);
        scope.advance(secs(2));
        assert!(matches!(call.join().unwrap(), Err(Failed::Late(_))), "its window is over");
        let stats = run::memo().stats();
        assert_eq!((stats.fallbacks, stats.timeouts), (1, 1));
        LATCH.open();
        wait_until(|| run::memo().stats().stores == 2);
    });
}

#[test]
fn what_comes_late_is_not_stored_after_an_invalidation() {
    static STARTED: Count = Count::new();
    static DONE: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(timeout = "2s", tag = "freshness::limits::gone")]
    fn run(n: u32) -> Result<u32, Failed> {
        STARTED.add();
        LATCH.wait();
        DONE.add();
        Ok(n)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let calls = [1, 2, 3].map(|n| there(&scope, move || run(n)));
        // As many as there are threads for in the pool begin; the time of the others runs all the same.
        wait_until(|| STARTED.get() >= 2);
        wait_until(|| {
            scope.advance(secs(2));
            calls.iter().all(JoinHandle::is_finished)
        });
        for call in calls {
            assert!(call.join().unwrap().is_err());
        }
        cache_core::tag("freshness::limits::gone").invalidate();
        LATCH.open();
        wait_until(|| run::memo().stats().overtaken == 3);
        assert_eq!((DONE.get(), run::memo().len(), run::memo().stats().stores), (3, 0, 0));
    });
}

#[test]
fn an_error_and_a_panic_reach_the_caller() {
    #[memoize(timeout = "2s")]
    fn fails(n: usize) -> Result<u32, Failed> {
        if n == 0 { resume_unwind(Box::new("a body panics")) } else { Err(Failed::Down(n)) }
    }
    #[memoize(timeout = "2s")]
    async fn fails_as_task(n: usize) -> Result<u32, Failed> {
        if n == 0 { resume_unwind(Box::new("a body panics")) } else { Err(Failed::Down(n)) }
    }
    let message = |panic: Box<dyn std::any::Any + Send>| *panic.downcast::<&str>().unwrap();

    no_hang(move || {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!((fails(1), now(fails_as_task(1))), (Err(Failed::Down(1)), Err(Failed::Down(1))));
        assert_eq!(catch_unwind(|| fails(0)).map_err(message), Err("a body panics"));
        let task = catch_unwind(AssertUnwindSafe(|| now(fails_as_task(0))));
        assert_eq!(task.map_err(message), Err("a body panics"));
        for stats in [fails::memo().stats(), fails_as_task::memo().stats()] {
            assert_eq!((stats.errors, stats.panics, stats.cancelled, stats.timeouts), (1, 1, 0, 0));
        }
    });
}

#[test]
fn who_finds_nobody_to_compute_it_does_so_himself() {
    struct Nobody;
    impl cache_core::Executor for Nobody {
        fn spawn(&self, task: cache_core::Task) {
            drop(task);
        }
        fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
            drop(work);
        }
    }
    static RUNS: Count = Count::new();
    #[memoize(timeout = "2s")]
    fn run(name: &str) -> Result<(thread::ThreadId, String), Failed> {
        RUNS.add();
        if name == "down" {
            return Err(Failed::Down(1));
        }
        Ok((thread::current().id(), name.to_owned()))
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        cache_core::set_executor(Nobody).unwrap();
        assert_eq!(run("tom"), Ok((thread::current().id(), "tom".into())));
        assert_eq!(run("tom").unwrap().1, "tom");
        assert_eq!(run("down"), Err(Failed::Down(1)));
        let stats = run::memo().stats();
        assert_eq!((RUNS.get(), stats.stores, stats.in_place, stats.cancelled), (2, 1, 0, 0));
    });
}

#[test]
fn a_refresh_waits_as_long() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(timeout = "2s", stale_if_error = "1h", ttl = 10)]
    fn run() -> Result<usize, Failed> {
        let runs = RUNS.add();
        if runs > 0 {
            LATCH.wait();
        }
        Ok(runs)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        run().unwrap();
        let call = there(&scope, || run::entry().refresh());
        wait_until(|| RUNS.get() == 2);
        scope.advance(secs(2));
        assert!(matches!(call.join().unwrap(), Err(Failed::Late(_))), "a refresh has no use for the old one");
        LATCH.open();
        wait_until(|| run::entry().get() == Some(1));
    });
}

/// Each level waits for the next, and there are not that many threads.
#[test]
fn recursion_needs_no_thread_for_each_level() {
    #[memoize(timeout = "1h")]
    fn sum(n: u64) -> Result<u64, Failed> {
        if n == 0 { Ok(0) } else { Ok(n + sum(n - 1)?) }
    }
    #[memoize(stale_if_error = "1h", ttl = 10, soft_timeout = "1s")]
    fn soft(n: u64) -> u64 {
        if n == 0 { 0 } else { n + soft(n - 1) }
    }
    static DEPTH: Count = Count::new();
    #[memoize(timeout = "1h")]
    fn own(n: u64) -> Result<u64, Failed> {
        if DEPTH.add() == 3 { Ok(n) } else { own(n) }
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!((sum(100), soft(100)), (Ok(5_050), 5_050));
        assert_eq!(own(1), Ok(1));
        assert_eq!(sum::memo().len(), 101);
    });
}

#[test]
fn those_who_wait_on_the_pool_for_others_on_it_are_not_stuck() {
    #[memoize(timeout = "1h")]
    fn inner(n: u64) -> Result<u64, Failed> {
        thread::yield_now();
        Ok(n)
    }
    #[memoize(timeout = "1h")]
    fn outer(n: u64) -> Result<u64, Failed> {
        Ok(inner(n / 2)? + inner(n / 3)?)
    }

    no_hang(|| {
        let scope = Scope::new();
        let calls: Vec<_> = (0..64).map(|n| there(&scope, move || outer(n))).collect();
        for (n, call) in (0..64).zip(calls) {
            assert_eq!(call.join().unwrap(), Ok(n / 2 + n / 3));
        }
    });
}

#[test]
fn a_task_goes_on_when_its_callers_have_left() {
    static RUNS: Count = Count::new();
    static GATE: Gate = Gate::new();
    #[memoize(timeout = "2s")]
    async fn run(_name: &str) -> Result<usize, Failed> {
        let runs = RUNS.add();
        GATE.pass().await;
        Ok(runs)
    }

    static CLOSED: Gate = Gate::new();
    #[memoize(timeout = "2s")]
    async fn other() -> Result<usize, Failed> {
        CLOSED.pass().await;
        Ok(1)
    }

    // With an executor.
    let scope = Scope::new();
    {
        let _inside = scope.enter();
        let jobs = scope.hold_background().unwrap();
        let mut calls = [(); 2].map(|()| ByHand::new(run("tom")));
        assert!(calls.iter_mut().all(|call| call.run().is_none()));
        drop(calls);
        assert_eq!(jobs.len(), 1, "one computation");
        GATE.open();
        jobs.run();
        assert_eq!(now(run::entry("tom").get()), Some(0));
        assert_eq!(run::memo().stats().cancelled, 0);
    }
    // With none: the pool.
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut call = ByHand::new(other());
    assert!(call.run().is_none());
    scope.advance(secs(2));
    assert!(matches!(call.finish(), Err(Failed::Late(_))));
    CLOSED.open();
    wait_until(|| now(other::entry().get()) == Some(1));
}

#[test]
fn a_task_that_is_late_is_not_stored_after_an_invalidation() {
    static GATE: Gate = Gate::new();
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "200ms")]
    async fn run(_name: &str) -> usize {
        let runs = RUNS.add();
        if runs == 1 {
            GATE.pass().await;
        }
        runs
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(now(run("tom")), 0);
    scope.advance(secs(10));
    let mut call = ByHand::new(run("tom"));
    assert!(call.run().is_none());
    scope.advance(millis(200));
    assert_eq!(call.finish(), 0);
    run::key("tom").invalidate();
    assert_eq!(now(run("tom")), 2, "who calls after it does not wait for what began before");
    GATE.open();
    assert_eq!((jobs.run(), now(run("tom"))), (1, 2));
    assert_eq!(run::memo().stats().overtaken, 1);
}

#[test]
fn methods_have_limits() {
    #[derive(Clone)]
    struct Shop(u64);
    static LATCH: Latch = Latch::new();
    static STARTED: Latch = Latch::new();
    impl Shop {
        #[memoize(key = (self.0, article), timeout = "2s")]
        fn price(&self, article: &str) -> Result<u64, Failed> {
            STARTED.open();
            LATCH.wait();
            Ok(self.0 + article.len() as u64)
        }
    }

    no_hang(|| {
        let scope = Scope::new();
        let call = there(&scope, || Shop(7).price("tea"));
        STARTED.wait();
        scope.advance(secs(2));
        assert!(matches!(call.join().unwrap(), Err(Failed::Late(_))));
        LATCH.open();
        let _inside = scope.enter();
        wait_until(|| Shop(7).price_entry("tea").get() == Some(10));
    });
}

/// They are evaluated once more where the body runs, without what the caller's thread has.
#[test]
fn an_expression_that_panics_elsewhere_does_so_here() {
    thread_local! {
        static IS_CALLER: Cell<bool> = const { Cell::new(false) };
    }
    #[memoize(timeout = "2s", bypass_if = !IS_CALLER.get() && resume_unwind(Box::new("who calls?")))]
    fn run(n: u32) -> Result<u32, Failed> {
        Ok(n)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        IS_CALLER.set(true);
        for _ in 0..2 {
            let panic = catch_unwind(|| run(1)).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"who calls?"));
        }
    });
}

#[test]
fn hooks_keep_nobody_waiting() {
    static LATCH: Latch = Latch::new();
    static STORED: Count = Count::new();
    #[memoize(timeout = "2s", on_store = |_, _| { LATCH.wait(); STORED.add(); })]
    fn run() -> Result<u32, Failed> {
        Ok(1)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!((run(), STORED.get()), (Ok(1), 0));
        assert_eq!(run::memo().stats().hook_panics, 0, "it waits still");
        LATCH.open();
        wait_until(|| STORED.get() == 1);
    });
}
