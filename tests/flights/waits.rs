//! Who waits for what others compute: when he stops, and what he gets then.

use std::future::pending;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{TimedOut, memoize};
use tests::{ByHand, Count, Gate, Latch, in_turn, millis, no_hang, now, secs, wait_until};

/// An error that cannot be cloned.
#[derive(Debug, PartialEq)]
enum Failed {
    Late,
    Down,
}

impl From<TimedOut> for Failed {
    fn from(_: TimedOut) -> Self {
        Self::Late
    }
}

#[test]
fn who_is_let_go_and_fails_gets_the_old_value() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, stale_if_error = "1h", max_wait = "50ms")]
    fn run() -> Result<usize, Failed> {
        match RUNS.add() {
            0 => Ok(0),
            1 => {
                LATCH.wait();
                Ok(1)
            }
            _ => Err(Failed::Down),
        }
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let call = || {
            let scope = scope.clone();
            thread::spawn(move || {
                let _inside = scope.enter();
                run()
            })
        };
        assert_eq!(run(), Ok(0));
        scope.advance(secs(10));
        let lead = call();
        wait_until(|| RUNS.get() == 2);
        let waiter = call();
        wait_until(|| {
            scope.advance(millis(50));
            waiter.is_finished()
        });
        assert_eq!((waiter.join().unwrap(), RUNS.get()), (Ok(0), 3));
        let stats = run::memo().stats();
        assert_eq!((stats.in_place, stats.fallbacks), (1, 1));
        LATCH.open();
        assert_eq!(lead.join().unwrap(), Ok(1));
    });
}

#[test]
fn a_task_that_is_let_go_and_fails_gets_the_old_value() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", max_wait = "50ms", fallback_if = |error| *error == Failed::Down)]
    async fn run(_name: &str) -> Result<usize, Failed> {
        match RUNS.add() {
            0 => Ok(0),
            1 => pending().await,
            2 => Err(Failed::Down),
            _ => Err(Failed::Late),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    // Keeps what its callers leave behind, which is never ready.
    let _background = scope.hold_background().unwrap();
    assert_eq!(now(run("tom")), Ok(0));
    scope.advance(secs(10));
    let mut calls = [(); 3].map(|()| ByHand::new(run("tom")));
    assert_eq!(in_turn(&mut calls), [None, None, None]);
    scope.advance(millis(50));
    assert_eq!(calls[1].run(), Some(Ok(0)));
    // One after the other, since each may be what the next waits for.
    scope.advance(millis(50));
    assert_eq!(calls[2].run(), Some(Err(Failed::Late)), "it does not count");
    assert_eq!((RUNS.get(), run::memo().stats().in_place), (4, 2));
}

/// Who looks again at a time of his own need not be let go before.
#[test]
fn a_soft_limit_longer_than_a_wait_is_kept_to() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, stale_if_error = "1h", max_wait = "1s", soft_timeout = "8s")]
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
        assert_eq!(run(), Ok(0));
        scope.advance(secs(10));
        let call = || {
            let scope = scope.clone();
            thread::spawn(move || {
                let _inside = scope.enter();
                run()
            })
        };
        let lead = call();
        wait_until(|| RUNS.get() == 2);
        let waiter = call();
        wait_until(|| run::memo().stats().waits == 1);
        scope.advance(secs(7));
        // Who would be let go has the time for it.
        thread::sleep(millis(5));
        assert!(!lead.is_finished() && !waiter.is_finished());
        scope.advance(secs(1));
        assert_eq!((lead.join().unwrap(), waiter.join().unwrap()), (Ok(0), Ok(0)));
        assert_eq!((RUNS.get(), run::memo().stats().in_place), (2, 0));
        LATCH.open();
        wait_until(|| run::entry().get() == Some(1));
    });
}

#[test]
fn a_soft_limit_of_a_task_longer_than_a_wait_is_kept_to() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", max_wait = "1s", soft_timeout = "8s")]
    async fn run(_name: &str) -> Result<usize, Failed> {
        match RUNS.add() {
            0 => Ok(0),
            _ => pending().await,
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    // Keeps what its callers leave behind, which is never ready.
    let _background = scope.hold_background().unwrap();
    assert_eq!(now(run("tom")), Ok(0));
    scope.advance(secs(10));
    let mut calls = [(); 2].map(|()| ByHand::new(run("tom")));
    for _ in 0..8 {
        assert_eq!(in_turn(&mut calls), [None, None]);
        scope.advance(secs(1));
    }
    assert_eq!(in_turn(&mut calls), [Some(Ok(0)), Some(Ok(0))]);
    assert_eq!((RUNS.get(), run::memo().stats().in_place), (2, 0));
}

/// After an error that cannot be shared, so many compute at a time, and the others wait for a place.
#[test]
fn a_limit_holds_for_those_who_compute_after_an_error() {
    static RUNS: Count = Count::new();
    static GATE: Gate = Gate::new();
    #[memoize(timeout = "600ms")]
    async fn run(_name: &str) -> Result<usize, Failed> {
        if RUNS.add() > 0 {
            return pending().await;
        }
        GATE.pass().await;
        Err(Failed::Down)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    // Keeps what its callers leave behind, which is never ready.
    let _background = scope.hold_background().unwrap();
    let mut lead = ByHand::new(run("tom"));
    assert_eq!(lead.run(), None);
    let mut waiter = ByHand::new(run("tom"));
    assert_eq!(waiter.run(), None);
    scope.advance(millis(400));
    let mut others = [(); 16].map(|()| ByHand::new(run("tom")));
    assert!(in_turn(&mut others).iter().all(Option::is_none));
    GATE.open();
    assert_eq!(lead.run(), Some(Err(Failed::Down)));
    assert!(in_turn(&mut others).iter().all(Option::is_none), "they compute");
    assert_eq!(waiter.run(), None);
    scope.advance(millis(199));
    assert_eq!(waiter.poll(), None);
    scope.advance(millis(1));
    assert_eq!(waiter.run(), Some(Err(Failed::Late)), "woken in time");
    assert_eq!(RUNS.get(), 18, "each has computed");
}
