//! `origin_first`: each call asks, and what is stored is for when that fails, or is late.

use std::sync::Mutex;
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{ByHand, Count, Gate, Latch, in_turn, millis, no_hang, now, secs, wait_until};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Failed {
    Down,
    Unknown,
}

/// An origin that can be told what to answer.
struct Origin(Mutex<Result<u32, Failed>>, Count);

impl Origin {
    const fn new() -> Self {
        Self(Mutex::new(Ok(1)), Count::new())
    }
    fn ask(&self) -> Result<u32, Failed> {
        self.1.add();
        *self.0.lock().unwrap()
    }
    fn answers(&self, answer: Result<u32, Failed>) {
        *self.0.lock().unwrap() = answer;
    }
}

/// Case 27.
#[test]
fn what_is_stored_is_for_when_the_origin_fails() {
    static ORIGIN: Origin = Origin::new();
    #[memoize(origin_first)]
    fn run(n: u32) -> Result<u32, Failed> {
        if n == 7 { ORIGIN.ask() } else { Err(Failed::Unknown) }
    }
    #[memoize(origin_first)]
    async fn task(n: u32) -> Result<u32, Failed> {
        if n == 7 { ORIGIN.ask() } else { Err(Failed::Unknown) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let call = |n| (run(n), now(task(n)));
    assert_eq!(call(7), (Ok(1), Ok(1)));
    ORIGIN.answers(Ok(2));
    assert_eq!(call(7), (Ok(2), Ok(2)), "it is asked each time");
    ORIGIN.answers(Err(Failed::Down));
    assert_eq!([call(7), call(7)], [(Ok(2), Ok(2)); 2]);
    assert_eq!(ORIGIN.1.get(), 8, "and does not rest");
    assert_eq!(call(8), (Err(Failed::Unknown), Err(Failed::Unknown)));
    scope.advance(secs(1_000_000));
    assert_eq!(call(7), (Ok(2), Ok(2)), "without a ttl it is good for ever");
    run::memo().clear();
    task::memo().clear();
    assert_eq!(call(7), (Err(Failed::Down), Err(Failed::Down)));
    for stats in [run::memo().stats(), task::memo().stats()] {
        assert_eq!((stats.refreshes, stats.hits, stats.misses), (7, 0, 0));
        assert_eq!((stats.fallbacks, stats.stale, stats.errors, stats.stores), (3, 0, 5, 2));
    }
}

#[test]
fn the_ttl_and_the_window_bound_how_old_it_may_be() {
    static ORIGIN: Origin = Origin::new();
    #[memoize(origin_first, ttl = 10)]
    fn fresh() -> Result<u32, Failed> {
        ORIGIN.ask()
    }
    #[memoize(origin_first, ttl = 10, stale_if_error = "5s")]
    fn stale() -> Result<u32, Failed> {
        ORIGIN.ask()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((fresh(), stale()), (Ok(1), Ok(1)));
    ORIGIN.answers(Err(Failed::Down));
    scope.advance(millis(9_999));
    assert_eq!((fresh(), stale()), (Ok(1), Ok(1)));
    scope.advance(millis(1));
    assert_eq!((fresh(), stale()), (Err(Failed::Down), Ok(1)));
    scope.advance(millis(4_999));
    assert_eq!(stale(), Ok(1));
    scope.advance(millis(1));
    assert_eq!(stale(), Err(Failed::Down));
    let stats = stale::memo().stats();
    assert_eq!((stats.fallbacks, stats.stale), (3, 2));
}

#[test]
fn errors_that_do_not_count_are_the_callers() {
    static ORIGIN: Origin = Origin::new();
    #[memoize(origin_first, fallback_if = |error| *error == Failed::Down)]
    fn run() -> Result<u32, Failed> {
        ORIGIN.ask()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    ORIGIN.answers(Err(Failed::Down));
    assert_eq!(run(), Ok(1));
    ORIGIN.answers(Err(Failed::Unknown));
    assert_eq!(run(), Err(Failed::Unknown));
    ORIGIN.answers(Err(Failed::Down));
    assert_eq!(run(), Err(Failed::Down), "what it has answered last holds");
}

/// An error that is kept is not a value to fall back to.
#[test]
fn an_error_that_is_kept_stands_in_for_nothing() {
    static RUNS: Count = Count::new();
    #[memoize(origin_first, err_ttl = 60)]
    fn run() -> Result<usize, usize> {
        Err(RUNS.add())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([run(), run()], [Err(0), Err(1)]);
    assert_eq!(run::memo().stats().fallbacks, 0);
}

#[test]
fn calls_that_come_together_share_the_answer() {
    static LATCH: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize(origin_first, max_wait = "1h")]
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
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    let _inside = scope.enter();
                    assert_eq!(run(), Ok(1));
                });
            }
            wait_until(|| run::memo().stats().waits == 3);
            LATCH.open();
        });
        assert_eq!(RUNS.get(), 2);
    });
}

/// Case 28.
#[test]
fn an_answer_that_is_late_is_stood_in_for_and_stored() {
    static RUNS: Count = Count::new();
    static LATCHES: [Latch; 2] = [const { Latch::new() }; 2];
    #[memoize(origin_first, fallback_after = "1s")]
    fn run(_name: &str) -> Result<usize, Failed> {
        let runs = RUNS.add();
        LATCHES[runs].wait();
        Ok(runs)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let call = || {
            let scope = scope.clone();
            thread::spawn(move || {
                let _inside = scope.enter();
                (run("tom"), scope.elapsed())
            })
        };
        // Cold: there is nothing but to wait.
        let cold = call();
        wait_until(|| RUNS.get() == 1);
        scope.advance(secs(1));
        scope.advance(secs(2));
        LATCHES[0].open();
        assert_eq!(cold.join().unwrap(), (Ok(0), secs(3)));
        // Warm: no longer than a second.
        let warm = call();
        wait_until(|| RUNS.get() == 2);
        scope.advance(millis(999));
        assert!(!warm.is_finished());
        scope.advance(millis(1));
        assert_eq!(warm.join().unwrap(), (Ok(0), secs(4)));
        assert_eq!(run::entry("tom").get(), Some(0));
        scope.advance(secs(2));
        LATCHES[1].open();
        wait_until(|| run::entry("tom").get() == Some(1));
        let stats = run::memo().stats();
        assert_eq!(
            (stats.stores, stats.fallbacks, stats.timeouts),
            (2, 1, 0),
            "the late answer is stored once"
        );
    });
}

#[test]
fn a_task_that_is_late_is_stood_in_for_and_its_answer_stored() {
    static RUNS: Count = Count::new();
    static GATES: [Gate; 2] = [const { Gate::new() }; 2];
    #[memoize(origin_first, fallback_after = "1s")]
    async fn run(_name: &str) -> Result<usize, Failed> {
        let runs = RUNS.add();
        GATES[runs].pass().await;
        Ok(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let mut cold = ByHand::new(run("tom"));
    assert!(cold.run().is_none());
    scope.advance(secs(3));
    assert!(cold.run().is_none(), "there is nothing but to wait");
    GATES[0].open();
    assert_eq!(cold.finish(), Ok(0));
    let mut warm = [(); 2].map(|()| ByHand::new(run("tom")));
    assert_eq!(in_turn(&mut warm), [None, None]);
    scope.advance(millis(999));
    assert_eq!(in_turn(&mut warm), [None, None]);
    scope.advance(millis(1));
    assert_eq!(in_turn(&mut warm), [Some(Ok(0)), Some(Ok(0))]);
    drop(warm);
    assert_eq!(jobs.len(), 1, "it goes on without them");
    GATES[1].open();
    assert_eq!((jobs.run(), RUNS.get()), (1, 2));
    assert_eq!(now(run::entry("tom").get()), Some(1));
    assert_eq!(run::memo().stats().fallbacks, 2);
}
