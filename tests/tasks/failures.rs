//! Tasks whose leader panics, fails, or is of a runtime that ends.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use futures::executor::block_on;
use futures::future::{FutureExt as _, join};
use tests::{ByHand, Count, Gate, in_turn, millis, no_hang, secs, wait_until, yields};
use tokio::runtime::{Builder, Runtime};

/// A runtime with two threads of its own.
fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

#[test]
fn when_the_leader_panics_its_caller_learns_of_it_and_a_waiter_runs_its_own_body() {
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        let first = OWNED.add() == 0;
        yields(1).await;
        if first {
            panic_any("the first fails");
        }
        n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        let first = BORROWED.add() == 0;
        yields(1).await;
        if first {
            panic_any("the first fails");
        }
        name.len()
    }

    fn check(runs: &Count, mut leader: ByHand<'_, usize>, mut waiters: [ByHand<'_, usize>; 3]) {
        assert_eq!(leader.poll(), None);
        assert_eq!(in_turn(&mut waiters), [None; 3]);
        let panic = catch_unwind(AssertUnwindSafe(|| leader.run())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"the first fails"));
        assert_eq!(in_turn(&mut waiters), [Some(3); 3]);
        assert_eq!(runs.get(), 2, "one takes over, not all");
    }

    check(&OWNED, ByHand::new(owned(3)), [(); 3].map(|()| ByHand::new(owned(3))));
    check(&BORROWED, ByHand::new(borrowed("tom")), [(); 3].map(|()| ByHand::new(borrowed("tom"))));
    for stats in [owned::memo().stats(), borrowed::memo().stats()] {
        assert_eq!((stats.panics, stats.cancelled, stats.stores, stats.waits), (1, 0, 1, 3));
    }
}

#[test]
fn when_all_panic_all_learn_of_it_and_nothing_is_stored() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        RUNS.add();
        yields(1).await;
        panic_any(n)
    }

    let mut tasks: Vec<_> = (0..5).map(|_| ByHand::new(AssertUnwindSafe(load(3)).catch_unwind())).collect();
    for outcome in in_turn(&mut tasks) {
        assert_eq!(outcome.expect("nobody hangs").unwrap_err().downcast_ref(), Some(&3_usize));
    }
    assert_eq!((RUNS.get(), load::memo().len()), (5, 0));
}

#[test]
fn a_panic_of_a_leader_that_was_overtaken_is_for_its_caller_alone() {
    static RUNS: Count = Count::new();
    static GO: Gate = Gate::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let first = RUNS.add() == 0;
        GO.pass().await;
        if first {
            panic_any("the first fails");
        }
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut leader = ByHand::new(load(3));
    assert_eq!(leader.run(), None);
    let mut waiters = [ByHand::new(load(3)), ByHand::new(load(3))];
    assert_eq!(in_turn(&mut waiters), [None; 2]);
    GO.open();
    for _ in 0..2 {
        scope.advance(millis(100));
    }
    assert_eq!(in_turn(&mut waiters), [Some(3); 2]);
    let panic = catch_unwind(AssertUnwindSafe(|| leader.run())).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"the first fails"));
    assert_eq!((RUNS.get(), load(3).now_or_never()), (2, Some(3)));
}

#[test]
fn when_a_runtime_ends_waiters_elsewhere_compute() {
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        if OWNED.add() == 0 {
            tokio::time::sleep(secs(86_400)).await;
        }
        n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        if BORROWED.add() == 0 {
            tokio::time::sleep(secs(86_400)).await;
        }
        name.len()
    }

    no_hang(|| {
        // No waiter is let go: time stands still.
        let scope = Scope::new();
        let runtime = multi_thread();
        drop(runtime.spawn(scope.within(join(owned(3), borrowed("tom")))));
        wait_until(|| OWNED.get() == 1 && BORROWED.get() == 1);
        thread::scope(|threads| {
            let waiter = threads.spawn(|| {
                let _inside = scope.enter();
                block_on(join(owned(3), borrowed("tom")))
            });
            let _inside = scope.enter();
            wait_until(|| owned::memo().stats().waits == 1 && borrowed::memo().stats().waits == 1);
            runtime.shutdown_background();
            assert_eq!(waiter.join().unwrap(), (3, 3));
            for stats in [owned::memo().stats(), borrowed::memo().stats()] {
                assert_eq!((stats.panics, stats.cancelled, stats.stores, stats.in_place), (0, 1, 1, 0));
            }
        });
        assert_eq!((OWNED.get(), BORROWED.get()), (2, 2));
    });
}

#[test]
fn an_error_that_can_be_cloned_is_shared() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> Result<usize, String> {
        yields(1).await;
        RUNS.add();
        Err(format!("no {n}"))
    }
    #[memoize]
    async fn borrowed(name: &str) -> Result<usize, String> {
        yields(1).await;
        RUNS.add();
        Err(format!("no {name}"))
    }

    let mut tasks: Vec<_> = (0..10).map(|_| ByHand::new(join(owned(3), borrowed("tom")))).collect();
    for outcome in in_turn(&mut tasks) {
        assert_eq!(outcome, Some((Err("no 3".to_owned()), Err("no tom".to_owned()))));
    }
    assert_eq!((RUNS.get(), owned::memo().len(), borrowed::memo().len()), (2, 0, 0));
}

#[derive(Debug, PartialEq)]
struct Uncloned;

/// Counts how many compute at once.
struct Herd {
    runs: Count,
    now: Count,
    go: Gate,
}

impl Herd {
    const fn new() -> Self {
        Self { runs: Count::new(), now: Count::new(), go: Gate::new() }
    }

    /// The first fails, the others compute until the gate is open.
    async fn compute(&self) -> Result<usize, Uncloned> {
        if self.runs.add() == 0 {
            yields(1).await;
        } else {
            self.now.add();
            self.go.pass().await;
            yields(1).await;
            self.now.sub();
        }
        Err(Uncloned)
    }

    fn check(&self, tasks: &mut Vec<ByHand<'_, Result<usize, Uncloned>>>) {
        assert_eq!(tasks.len(), 60);
        let first = in_turn(tasks);
        assert_eq!(first[0], Some(Err(Uncloned)), "the leader");
        assert!(first[1..].iter().all(Option::is_none));
        assert_eq!(self.now.get(), 59, "all others, and at once");
        tasks.remove(0);
        // Some leave; it makes no difference to the others.
        drop(tasks.drain(40..50));
        self.go.open();
        assert!(in_turn(tasks).iter().all(Option::is_some));
        assert_eq!((self.runs.get(), self.now.get()), (60, 10));
    }
}

#[test]
fn those_behind_an_error_that_cannot_be_cloned_compute_all_at_once() {
    static OWNED: Herd = Herd::new();
    static BORROWED: Herd = Herd::new();
    #[memoize]
    async fn owned(n: usize) -> Result<usize, Uncloned> {
        let _ = n;
        OWNED.compute().await
    }
    #[memoize]
    async fn borrowed(name: &str) -> Result<usize, Uncloned> {
        let _ = name;
        BORROWED.compute().await
    }

    // No waiter is let go, nor told by a timer: time stands still.
    let scope = Scope::new();
    let _inside = scope.enter();
    OWNED.check(&mut (0..60).map(|_| ByHand::new(owned(3))).collect());
    BORROWED.check(&mut (0..60).map(|_| ByHand::new(borrowed("tom"))).collect());
}

#[test]
fn who_takes_over_after_an_error_stores_for_the_others() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> Result<usize, Uncloned> {
        let first = RUNS.add() == 0;
        yields(1).await;
        if first { Err(Uncloned) } else { Ok(n) }
    }

    let mut tasks: Vec<_> = (0..4).map(|_| ByHand::new(load(3))).collect();
    let outcomes = in_turn(&mut tasks);
    assert_eq!(outcomes, [Some(Err(Uncloned)), Some(Ok(3)), Some(Ok(3)), Some(Ok(3))]);
    assert_eq!(load(3).now_or_never(), Some(Ok(3)));
}
