//! One computation for a key, however many ask; whoever waits gets its outcome and never hangs.

use std::panic::catch_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, Latch, no_hang, secs, wait_until};

/// Runs `work` in so many threads inside the scope, begun together, and collects what they return.
fn together<T: Send>(scope: &Scope, n: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(n);
    thread::scope(|threads| {
        let all: Vec<_> = (0..n)
            .map(|i| {
                let (work, barrier) = (&work, &barrier);
                threads.spawn(move || {
                    let _inside = scope.enter();
                    barrier.wait();
                    work(i)
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn two_hundred_callers_of_a_cold_key_run_it_once() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: u32) -> usize {
        // Not before all others wait.
        wait_until(|| load::memo().stats().waits == 199);
        RUNS.add() + n as usize
    }

    no_hang(|| {
        let scope = Scope::new();
        let values = together(&scope, 200, |_| load(7));
        assert_eq!(values, [7; 200]);
        assert_eq!(RUNS.get(), 1);
        let _inside = scope.enter();
        let stats = load::memo().stats();
        assert_eq!((stats.stores, stats.misses, stats.in_place), (1, 200, 0));
        assert_eq!(load::memo().len(), 1);
        // No flight is left: what is looked up is the entry.
        assert_eq!(load(7), 7);
        assert_eq!(load::memo().stats().waits, 199);
    });
}

#[test]
fn different_keys_do_not_wait_for_each_other() {
    static BOTH: Barrier = Barrier::new(8);
    #[memoize]
    fn load(n: usize) -> usize {
        BOTH.wait();
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        assert_eq!(together(&scope, 8, load), (0..8).collect::<Vec<_>>());
    });
}

#[test]
fn single_flight_can_be_switched_off() {
    static ALL: Barrier = Barrier::new(4);
    #[memoize(single_flight = false)]
    fn load(n: u32) -> u32 {
        // Everybody computes at once.
        ALL.wait();
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        assert_eq!(together(&scope, 4, |_| load(3)), [3; 4]);
        let _inside = scope.enter();
        assert_eq!(load::memo().stats().waits, 0);
        assert_eq!(load::memo().len(), 1);
    });
}

#[test]
fn when_the_leader_panics_one_of_the_waiters_takes_over() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: usize) -> usize {
        if RUNS.add() == 0 {
            wait_until(|| load::memo().stats().waits == 9);
            panic!("the leader fails");
        }
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        let outcomes = together(&scope, 10, |_| catch_unwind(|| load(5)));
        let (values, panics): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(panics.len(), 1, "only the leader's caller learns of its panic");
        assert!(values.into_iter().all(|value| value.unwrap() == 5));
        assert_eq!(RUNS.get(), 2, "one takes over, not all");
        let _inside = scope.enter();
        let stats = load::memo().stats();
        assert_eq!((stats.panics, stats.stores), (1, 1));
    });
}

#[test]
fn when_all_panic_all_learn_of_it_and_nothing_is_stored() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: usize) -> usize {
        if RUNS.add() == 0 {
            wait_until(|| load::memo().stats().waits == 4);
        }
        assert!(n > 100, "never good");
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        let outcomes = together(&scope, 5, |_| catch_unwind(|| load(5)));
        assert!(outcomes.iter().all(Result::is_err));
        let _inside = scope.enter();
        assert!(load::memo().is_empty());
        assert_eq!(RUNS.get(), 5);
    });
}

#[test]
fn an_error_that_can_be_cloned_is_shared() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: u32) -> Result<u32, String> {
        wait_until(|| load::memo().stats().waits == 9);
        RUNS.add();
        Err(format!("no {n}"))
    }

    no_hang(|| {
        let scope = Scope::new();
        let outcomes = together(&scope, 10, |_| load(5));
        assert!(outcomes.iter().all(|outcome| *outcome == Err("no 5".to_owned())));
        assert_eq!(RUNS.get(), 1);
        let _inside = scope.enter();
        assert!(load::memo().is_empty());
    });
}

#[derive(Debug)]
struct Uncloned;

#[test]
fn those_behind_an_error_that_cannot_be_cloned_compute_all_at_once() {
    const WAITERS: usize = 40;
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: u32) -> Result<u32, Uncloned> {
        if RUNS.add() == 0 {
            wait_until(|| load::memo().stats().waits == WAITERS as u64);
        } else {
            // None returns before all have begun.
            wait_until(|| RUNS.get() == WAITERS + 1);
        }
        let _ = n;
        Err(Uncloned)
    }

    no_hang(|| {
        let scope = Scope::new();
        let outcomes = together(&scope, WAITERS + 1, |_| load(5));
        assert!(outcomes.iter().all(Result::is_err));
        assert_eq!(RUNS.get(), WAITERS + 1);
    });
}

#[test]
fn who_takes_over_after_an_error_stores_for_the_others() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: u32) -> Result<u32, Uncloned> {
        if RUNS.add() == 0 {
            wait_until(|| load::memo().stats().waits == 3);
            return Err(Uncloned);
        }
        Ok(n)
    }

    no_hang(|| {
        let scope = Scope::new();
        let outcomes = together(&scope, 4, |_| load(5));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
        let _inside = scope.enter();
        assert_eq!(load::entry(5).get(), Some(5));
    });
}

#[test]
fn an_error_is_not_handed_to_who_came_after_an_invalidation() {
    static RUNS: Count = Count::new();
    static STARTED: Latch = Latch::new();
    static GO: Latch = Latch::new();
    #[memoize(tags = ["err:{n}"])]
    fn load(n: u32) -> Result<u32, String> {
        if RUNS.add() == 0 {
            STARTED.open();
            GO.wait();
            return Err("old".to_owned());
        }
        Ok(n)
    }

    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            let first = threads.spawn(|| {
                let _inside = scope.enter();
                load(1)
            });
            STARTED.wait();
            let _inside = scope.enter();
            load::memo().clear();
            assert_eq!(load(1), Ok(1), "does not even wait");
            GO.open();
            assert_eq!(first.join().unwrap(), Err("old".to_owned()));
            assert_eq!(load(1), Ok(1));
        });
    });
}

#[test]
fn a_value_that_is_not_stored_still_serves_those_who_waited() {
    static RUNS: Count = Count::new();
    #[memoize(cache_if = |_value| false)]
    fn load(n: u32) -> u32 {
        wait_until(|| load::memo().stats().waits == 4);
        RUNS.add();
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        assert_eq!(together(&scope, 5, |_| load(5)), [5; 5]);
        assert_eq!(RUNS.get(), 1);
        let _inside = scope.enter();
        assert!(load::memo().is_empty());
    });
}

#[test]
fn a_refresh_serves_the_old_value_to_others_meanwhile() {
    static RUNS: Count = Count::new();
    static STARTED: Latch = Latch::new();
    static GO: Latch = Latch::new();
    #[memoize]
    fn load(n: u32) -> usize {
        let _ = n;
        let run = RUNS.add();
        if run == 1 {
            STARTED.open();
            GO.wait();
        }
        run
    }

    no_hang(|| {
        assert_eq!(load(1), 0);
        let refresh = thread::spawn(|| load::entry(1).refresh());
        STARTED.wait();
        assert_eq!(load(1), 0);
        assert_eq!(load::entry(1).get(), Some(0));
        GO.open();
        assert_eq!(refresh.join().unwrap(), 1);
        assert_eq!(load(1), 1);
    });
}

#[test]
fn one_waiter_is_let_go_for_each_max_wait() {
    static LEADS: AtomicBool = AtomicBool::new(true);
    static GO: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize(max_wait = "10s")]
    fn load(n: u32) -> usize {
        let _ = n;
        let run = RUNS.add();
        if LEADS.swap(false, Ordering::SeqCst) {
            GO.wait();
        }
        run
    }

    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            let call = || {
                let _inside = scope.enter();
                load(1)
            };
            let leader = threads.spawn(call);
            wait_until(|| RUNS.get() == 1);
            let _inside = scope.enter();
            let waiters: Vec<_> = (0..3).map(|_| threads.spawn(call)).collect();
            wait_until(|| load::memo().stats().waits == 3);
            scope.advance(secs(10));
            wait_until(|| load::memo().stats().in_place == 1);
            thread::sleep(tests::millis(30));
            assert_eq!((load::memo().stats().in_place, RUNS.get()), (1, 2), "one, not all");
            scope.advance(secs(10));
            wait_until(|| load::memo().stats().in_place == 2);
            assert!(load::memo().is_empty(), "what is computed in place is not stored");
            GO.open();
            assert_eq!(leader.join().unwrap(), 0);
            let mut values: Vec<_> = waiters.into_iter().map(|one| one.join().unwrap()).collect();
            values.sort_unstable();
            assert_eq!(values, [0, 1, 2], "the last one gets the leader's");
            assert_eq!(load(1), 0);
        });
    });
}
