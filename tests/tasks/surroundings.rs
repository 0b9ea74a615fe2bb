//! What surrounds a caller, its runtime and its task-locals, is what its body sees, from its first poll to its last:
//! whoever leaves, stands still, or takes over.

use std::future::Future;

use cache_core::testing::Scope;
use cache_core::{memoize, set_executor};
use futures::future::FutureExt as _;
use tests::{ByHand, Gate, Queue, in_turn, millis, secs, yields};
use tokio::runtime::{Builder, Handle, Runtime};

tokio::task_local! {
    static USER: &'static str;
}

fn user() -> String {
    USER.try_with(|user| (*user).to_owned()).unwrap_or_else(|_| "nobody".into())
}

/// Who was seen before an await, and after it.
type Seen = (String, String);

fn seen(user: &str) -> Seen {
    (user.to_owned(), user.to_owned())
}

/// A call on behalf of a user.
fn of<'f>(user: &'static str, call: impl Future<Output = Seen> + 'f) -> ByHand<'f, Seen> {
    ByHand::new(USER.scope(user, call))
}

/// How a leader does not get to its end before others.
#[derive(Clone, Copy, PartialEq)]
enum Leader {
    StandsStill,
    Leaves,
}

/// A leader and two who wait, of which the first takes over.
#[track_caller]
fn each_sees_its_own<F: Future<Output = Seen> + 'static>(go: &Gate, leads: Leader, call: impl Fn() -> F) {
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut alice = of("alice", call());
    assert_eq!(alice.run(), None);
    let mut waiters = [of("bob", call()), of("carol", call())];
    assert_eq!(in_turn(&mut waiters), [None, None]);
    go.open();
    let alice = if leads == Leader::Leaves {
        drop(alice);
        None
    } else {
        scope.advance(millis(100));
        scope.advance(millis(100));
        Some(alice)
    };
    assert_eq!(in_turn(&mut waiters), [Some(seen("bob")), Some(seen("bob"))], "the value of one body");
    if let Some(alice) = alice {
        assert_eq!(alice.finish(), seen("alice"));
    }
}

#[test]
fn a_body_sees_the_task_locals_of_its_own_caller_from_its_beginning_to_its_end() {
    for leads in [Leader::StandsStill, Leader::Leaves] {
        static GO: [Gate; 6] = [const { Gate::new() }; 6];
        #[memoize]
        async fn owned(gate: usize) -> Seen {
            let before = user();
            GO[gate].pass().await;
            (before, user())
        }
        #[memoize(skip(gate))]
        async fn borrowed(gate: &usize) -> Seen {
            let before = user();
            GO[*gate].pass().await;
            (before, user())
        }
        #[memoize(timeout = "1h", timeout_error = seen("late"))]
        async fn limited(gate: usize) -> Result<Seen, Seen> {
            let before = user();
            GO[gate].pass().await;
            Ok((before, user()))
        }

        let at = if leads == Leader::Leaves { 0 } else { 3 };
        each_sees_its_own(&GO[at], leads, || owned(at));
        each_sees_its_own(&GO[at + 1], leads, || async move { borrowed(&(at + 1)).await });
        if leads == Leader::StandsStill {
            each_sees_its_own(&GO[at + 2], leads, || {
                limited(at + 2).map(|seen| seen.unwrap_or_else(|late| late))
            });
        }
    }
}

#[test]
fn with_an_executor_a_waiter_sees_its_own_too() {
    static GO: Gate = Gate::new();
    #[memoize]
    async fn load(n: usize) -> Seen {
        let before = user();
        GO.pass().await;
        let _ = n;
        (before, user())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut alice = of("alice", load(1));
    assert_eq!(alice.run(), None);
    let mut bob = of("bob", load(1));
    assert_eq!(bob.run(), None);
    drop(alice);
    GO.open();
    assert_eq!(bob.finish(), seen("bob"));
    assert!(queue.is_empty());
}

/// A runtime of one thread, that which asks.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn a_caller_within_a_runtime_does_not_fail_for_one_without() {
    static GO: Gate = Gate::new();
    #[memoize]
    async fn load(n: u32) -> u32 {
        GO.pass().await;
        // Panics where there is no runtime.
        let _sleep = tokio::time::sleep(secs(0));
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let runtime = runtime();
    let mut within = ByHand::new(load(1));
    {
        let _guard = runtime.enter();
        assert_eq!(within.run(), None);
    }
    let mut without = ByHand::new(std::panic::AssertUnwindSafe(load(1)).catch_unwind());
    assert!(without.run().is_none());
    GO.open();
    scope.advance(millis(100));
    scope.advance(millis(100));
    assert!(without.run().expect("it has taken over").is_err(), "which is its own matter");
    let _guard = runtime.enter();
    assert_eq!(within.finish(), 1);
}

#[test]
fn waiters_in_other_runtimes_drive_nobody_elses_body() {
    static HERE: Gate = Gate::new();
    #[memoize]
    async fn load(n: u32) -> (u32, bool) {
        let runtime = Handle::current().id();
        let mut same = true;
        for _ in 0..5 {
            yields(1).await;
            same &= Handle::try_current().is_ok_and(|handle| handle.id() == runtime);
        }
        HERE.pass().await;
        (n, same && Handle::try_current().is_ok_and(|handle| handle.id() == runtime))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let runtimes = [runtime(), runtime(), runtime()];
    let mut calls = [(); 3].map(|()| ByHand::new(load(1)));
    let step = |calls: &mut [ByHand<'_, (u32, bool)>; 3]| {
        for (call, runtime) in calls.iter_mut().zip(&runtimes) {
            let _guard = runtime.enter();
            assert_eq!(call.run(), None);
        }
    };
    step(&mut calls);
    step(&mut calls);
    HERE.open();
    for (call, runtime) in calls.into_iter().zip(&runtimes) {
        let _guard = runtime.enter();
        assert_eq!(call.finish(), (1, true));
    }
    assert_eq!(load::memo().stats().stores, 1);
}

#[test]
fn what_a_caller_with_a_timeout_leaves_goes_on_in_the_background_for_those_who_wait() {
    static GO: Gate = Gate::new();
    #[memoize(timeout = "1s", timeout_error = 0)]
    async fn load(n: u32) -> Result<u32, u32> {
        GO.pass().await;
        Ok(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut leader = ByHand::new(load(1));
    assert_eq!(leader.run(), None);
    scope.advance(millis(500));
    let mut waiter = ByHand::new(load(1));
    assert_eq!(waiter.run(), None);
    scope.advance(millis(500));
    assert_eq!(leader.finish(), Err(0));
    assert_eq!((queue.len(), waiter.run()), (1, None));
    GO.open();
    queue.run();
    assert_eq!(waiter.finish(), Ok(1), "what the leader had begun");
    assert_eq!((load::memo().stats().stores, load::memo().stats().cancelled), (1, 0));
}
