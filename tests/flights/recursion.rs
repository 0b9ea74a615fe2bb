//! No computation waits for itself: recursion, circles over threads, and waits that cannot be seen.

use std::cell::Cell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{inherit, memoize};
use tests::{Count, no_hang, now, secs, wait_until};

#[test]
fn recursion_over_other_keys_is_memoized() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn fib(n: u64) -> u64 {
        RUNS.add();
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }

    assert_eq!(no_hang(|| fib(90)), 2_880_067_194_370_816_120);
    assert_eq!(RUNS.get(), 91);
}

#[test]
fn recursion_into_the_same_key_is_computed_in_place() {
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
    }
    #[memoize]
    fn again(n: u32) -> u32 {
        DEPTH.set(DEPTH.get() + 1);
        if DEPTH.get() < 5 { again(n) + 1 } else { n }
    }

    assert_eq!(no_hang(|| again(10)), 14);
    let stats = again::memo().stats();
    assert_eq!((stats.in_place, stats.stores), (4, 1), "only the leader stores");
    assert_eq!(again(10), 14);
}

#[test]
fn deep_recursion_costs_no_more_stack_than_it_must() {
    #[memoize(capacity = unbounded)]
    fn count(n: u32) -> u32 {
        if n == 0 { 0 } else { count(n - 1) + 1 }
    }

    let deep = thread::Builder::new().stack_size(64 << 20).spawn(|| count(5_000)).unwrap();
    assert_eq!(deep.join().unwrap(), 5_000);
}

#[test]
fn mutual_recursion_into_the_same_key() {
    static TURNS: Count = Count::new();
    #[memoize]
    fn ping(n: u32) -> u32 {
        if TURNS.add() < 6 { pong(n) + 1 } else { n }
    }
    #[memoize]
    fn pong(n: u32) -> u32 {
        if TURNS.add() < 6 { ping(n) + 1 } else { n }
    }

    assert_eq!(no_hang(|| ping(1)), 7);
}

#[test]
fn a_circle_of_two_functions_over_two_threads_is_noticed() {
    static MET: Barrier = Barrier::new(2);
    static A: AtomicBool = AtomicBool::new(true);
    static B: AtomicBool = AtomicBool::new(true);
    // Each begins, waits until the other has begun too, and then needs the other.
    #[memoize]
    fn a(n: u32) -> u32 {
        if A.swap(false, Ordering::SeqCst) {
            MET.wait();
            return b(n) + 1;
        }
        n
    }
    #[memoize]
    fn b(n: u32) -> u32 {
        if B.swap(false, Ordering::SeqCst) {
            MET.wait();
            return a(n) + 1;
        }
        n
    }

    // The scope's clock stands still: nobody is let go for having waited long.
    no_hang(|| {
        let scope = Scope::new();
        let (x, y) = thread::scope(|threads| {
            let x = threads.spawn(|| {
                let _inside = scope.enter();
                a(10)
            });
            let y = threads.spawn(|| {
                let _inside = scope.enter();
                b(10)
            });
            (x.join().unwrap(), y.join().unwrap())
        });
        // Who came second to the circle computed the other's part in place.
        let mut values = [x, y];
        values.sort_unstable();
        assert!(values == [11, 12], "{values:?}");
        let _inside = scope.enter();
        assert_eq!(a::memo().stats().in_place + b::memo().stats().in_place, 1);
    });
}

#[test]
fn a_circle_of_five_threads_is_noticed() {
    const N: usize = 5;
    static MET: Barrier = Barrier::new(N);
    static FIRST: [AtomicBool; N] = [const { AtomicBool::new(true) }; N];
    #[memoize]
    fn ring(n: usize) -> usize {
        if FIRST[n].swap(false, Ordering::SeqCst) {
            MET.wait();
            return ring((n + 1) % N) + 1;
        }
        0
    }

    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            for n in 0..N {
                let scope = &scope;
                threads.spawn(move || {
                    let _inside = scope.enter();
                    ring(n)
                });
            }
        });
        let _inside = scope.enter();
        assert!(ring::memo().stats().in_place >= 1);
        assert_eq!(ring::memo().len(), N);
    });
}

#[test]
fn waiting_for_another_without_a_circle_is_no_circle() {
    static MET: Barrier = Barrier::new(2);
    static RUNS: Count = Count::new();
    #[memoize]
    fn inner(n: u32) -> u32 {
        RUNS.add();
        MET.wait();
        // Not before the other one waits.
        wait_until(|| inner::memo().stats().waits == 1);
        n
    }
    #[memoize]
    fn outer(n: u32, _who: u32) -> u32 {
        inner(n)
    }

    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            threads.spawn(|| {
                let _inside = scope.enter();
                assert_eq!(outer(1, 1), 1);
            });
            threads.spawn(|| {
                let _inside = scope.enter();
                MET.wait();
                assert_eq!(outer(1, 2), 1);
            });
        });
        let _inside = scope.enter();
        assert_eq!((RUNS.get(), inner::memo().stats().in_place), (1, 0));
    });
}

thread_local! {
    static HERE: std::cell::RefCell<Option<Scope>> = const { std::cell::RefCell::new(None) };
}

/// The scope of the test, for the threads that bodies start.
fn scope() -> Scope {
    HERE.with(|here| here.borrow().clone().expect("set by the test"))
}

#[test]
fn a_wait_through_a_thread_that_the_body_joins_ends_with_max_wait() {
    static FIRST: AtomicBool = AtomicBool::new(true);
    #[memoize(max_wait = "5s")]
    fn load(n: u32) -> u32 {
        if FIRST.swap(false, Ordering::SeqCst) {
            let scope = scope();
            let there = thread::spawn(move || {
                let _inside = scope.enter();
                load(n)
            });
            return there.join().unwrap() + 1;
        }
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        let there = scope.clone();
        let leader = thread::spawn(move || {
            HERE.with(|here| *here.borrow_mut() = Some(there.clone()));
            let _inside = there.enter();
            load(10)
        });
        let _inside = scope.enter();
        wait_until(|| load::memo().stats().waits == 1);
        assert!(!leader.is_finished());
        wait_until(|| {
            scope.advance(secs(5));
            leader.is_finished()
        });
        assert_eq!(leader.join().unwrap(), 11);
        let stats = load::memo().stats();
        assert_eq!((stats.in_place, stats.stores), (1, 1), "computed in place, not stored twice");
        assert_eq!(load(10), 11);
    });
}

#[test]
fn work_that_is_handed_on_by_inherit_is_noticed_at_once() {
    static FIRST: AtomicBool = AtomicBool::new(true);
    #[memoize]
    fn load(n: u32) -> u32 {
        if FIRST.swap(false, Ordering::SeqCst) {
            let scope = scope();
            let there = thread::spawn(inherit(move || {
                let _inside = scope.enter();
                load(n)
            }));
            return there.join().unwrap() + 1;
        }
        n
    }

    // The clock stands still: it is noticed, not waited out.
    no_hang(|| {
        let scope = Scope::new();
        HERE.with(|here| *here.borrow_mut() = Some(scope.clone()));
        let _inside = scope.enter();
        assert_eq!(load(10), 11);
        assert_eq!(load::memo().stats().in_place, 1);
    });
}

#[test]
fn inherit_outside_of_a_computation_just_runs() {
    #[memoize]
    fn load(n: u32) -> u32 {
        n
    }

    assert_eq!(inherit(|| load(1))(), 1);
    assert_eq!(thread::spawn(inherit(|| load(1))).join().unwrap(), 1);
}

#[test]
fn by_the_systems_clock_a_wait_that_cannot_be_seen_ends() {
    static FIRST: AtomicBool = AtomicBool::new(true);
    #[memoize(max_wait = "30ms")]
    fn load(n: u32) -> u32 {
        if FIRST.swap(false, Ordering::SeqCst) {
            return thread::spawn(move || load(n)).join().unwrap() + 1;
        }
        n
    }

    assert_eq!(no_hang(|| load(10)), 11);
}

#[test]
fn a_recursion_that_refreshes_ends() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(n: u32) -> u32 {
        if RUNS.add() < 3 { load::entry(n).refresh() + 1 } else { n }
    }

    assert_eq!(no_hang(|| load(1)), 4);
}

/// Time stands still: whoever waits in vain hangs.
#[test]
fn an_expression_evaluated_in_the_background_may_call_its_own_function() {
    static CALLS_ITSELF: AtomicBool = AtomicBool::new(false);
    static ASYNC_CALLS_ITSELF: AtomicBool = AtomicBool::new(false);

    #[memoize(bypass_if = asks(n))]
    fn ahead(n: u64) -> u64 {
        n
    }
    fn asks(n: u64) -> bool {
        CALLS_ITSELF.swap(false, Ordering::Relaxed) && ahead(n) != n
    }

    #[memoize(bypass_if = asks_async(n))]
    async fn ahead_async(n: u64) -> u64 {
        n
    }
    fn asks_async(n: u64) -> bool {
        ASYNC_CALLS_ITSELF.swap(false, Ordering::Relaxed) && now(ahead_async(n)) != n
    }

    no_hang(|| {
        let scope = Scope::new();
        let _entered = scope.enter();
        let background = scope.hold_background().unwrap();
        assert_eq!((ahead::entry(1).prefetch(), now(ahead_async::entry(1).prefetch())), (None, None));
        CALLS_ITSELF.store(true, Ordering::Relaxed);
        ASYNC_CALLS_ITSELF.store(true, Ordering::Relaxed);
        assert_eq!(background.run(), 2);
        assert_eq!((ahead::entry(1).get(), now(ahead_async::entry(1).get())), (Some(1), Some(1)));
        assert_eq!((ahead::memo().stats().in_place, ahead_async::memo().stats().in_place), (1, 1));
    });
}
