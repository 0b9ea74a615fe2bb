//! Flights of asynchronous functions: who leads, who takes over, that nothing is stored by whoever was overtaken,
//! and that nobody sleeps on what has come already. The futures are polled by hand, each on a thread of its own.

mod takeovers;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::Ordering;
use loom::sync::{Condvar, Mutex};
use loom::thread::spawn;

use super::{ALL, FEW, FEWER, KEY, NEW, OLD, Scene, check, join};
use crate::memo::When;
use crate::tests::test_memo::{BoxedCall, OwnedBy};

/// The bound where two do.
const MORE: Option<usize> = Some(6);
/// A value given by hand.
const GIVEN: u64 = 10;

/// Lets a thread sleep until its task is woken.
struct Bell {
    rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.rings.wait(rung).unwrap();
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.rings.notify_one();
    }
}

/// A task: it is polled again only when it was woken, but for what [`Task::poll`] does.
struct Task(BoxedCall, Arc<Bell>);

impl Task {
    fn new(call: BoxedCall) -> Self {
        Self(call, Arc::new(Bell { rung: Mutex::new(false), rings: Condvar::new() }))
    }

    /// Polls it whether it was woken or not.
    fn poll(&mut self) -> Poll<u64> {
        let waker = Waker::from(self.1.clone());
        self.0.as_mut().poll(&mut Context::from_waker(&waker)).map(|output| output.expect("never fails"))
    }

    /// Polls it so often, and drops it.
    fn leave(mut self, polls: usize) {
        let _ = (0..polls).any(|_| self.poll().is_ready());
    }

    fn finish(mut self) -> u64 {
        loop {
            if let Poll::Ready(value) = self.poll() {
                return value;
            }
            self.1.wait();
        }
    }
}

/// What a body awaits, and another thread brings about.
struct Gate(Mutex<(bool, Option<Waker>)>);

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((false, None))))
    }

    fn open(&self) {
        let mut inside = self.0.lock().unwrap();
        inside.0 = true;
        let waker = inside.1.take();
        drop(inside);
        waker.into_iter().for_each(Waker::wake);
    }

    async fn passed(&self) {
        poll_fn(|cx| {
            let mut inside = self.0.lock().unwrap();
            if inside.0 {
                return Poll::Ready(());
            }
            // To drop a waker may drop a task.
            let old = inside.1.replace(cx.waker().clone());
            drop(inside);
            drop(old);
            Poll::Pending
        })
        .await;
    }
}

/// Is woken while it is polled.
async fn yield_once() {
    let mut polled = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Whose a computation may be.
const BOTH: [OwnedBy; 2] = [OwnedBy::Caller, OwnedBy::Owner];

impl Scene {
    /// A call whose body reads the origin, and then awaits.
    fn task(
        self: &Arc<Self>,
        of: OwnedBy,
        tags: &[&'static str],
        pause: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        let scene = self.clone();
        Task::new(self.cache.call_async(of, KEY, tags, async move {
            scene.runs.fetch_add(1, Ordering::Relaxed);
            let value = scene.load();
            pause.await;
            Ok(value)
        }))
    }

    /// The same, where the body waits for a gate.
    fn gated(self: &Arc<Self>, of: OwnedBy, gate: &Arc<Gate>) -> Task {
        let gate = gate.clone();
        self.task(of, &[], async move { gate.passed().await })
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Nothing of a flight is left when all who were part of it have gone.
    fn must_be_at_rest(&self) {
        assert_eq!(self.cache.flights(), 0, "a flight is left behind");
        assert!(self.cache.runtime.waits.is_empty(), "waits are left behind");
    }
}

fn one_leader(of: OwnedBy, callers: usize, preemptions: Option<usize>) {
    check(preemptions, move || {
        let scene = Scene::new();
        let others: Vec<_> = (1..callers).map(|_| scene.task(of, &[], yield_once())).collect();
        let others: Vec<_> = others.into_iter().map(|task| spawn(move || task.finish())).collect();
        assert_eq!(scene.task(of, &[], yield_once()).finish(), OLD);
        assert!(join(others).into_iter().all(|value| value == OLD), "not the leader's value");
        assert_eq!(scene.runs(), 1, "computed twice");
        assert_eq!(scene.cache.memo.counters.read().stores, 1, "stored twice");
        assert_eq!(scene.cache.get(KEY), Some(OLD));
        scene.must_be_at_rest();
    });
}

#[test]
fn two_callers_have_one_leader() {
    one_leader(OwnedBy::Caller, 2, ALL);
}

#[test]
fn two_callers_with_an_owned_computation_have_one_leader() {
    one_leader(OwnedBy::Owner, 2, MORE);
}

#[test]
fn three_callers_have_one_leader() {
    one_leader(OwnedBy::Caller, 3, FEWER);
}

#[test]
fn three_callers_with_an_owned_computation_have_one_leader() {
    one_leader(OwnedBy::Owner, 3, FEWER);
}

/// The body can go on while one thread waits for its value and another begins and leaves.
fn a_leader_leaves(of: OwnedBy, polls: usize) {
    check(FEW, move || {
        let (scene, gate) = (Scene::new(), Gate::new());
        let (leader, waiter) = (scene.gated(of, &gate), scene.gated(of, &gate));
        let leader = spawn(move || leader.leave(polls));
        let waiter = spawn(move || waiter.finish());
        gate.open();
        leader.join().unwrap();
        assert_eq!(waiter.join().unwrap(), OLD);
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.stores, stats.panics), (1, 0));
        assert_eq!(scene.runs(), 1 + stats.cancelled, "a body was begun that was not needed");
        assert_eq!(scene.cache.get(KEY), Some(OLD));
        scene.must_be_at_rest();
    });
}

#[test]
fn who_waits_for_a_leader_that_leaves_takes_over() {
    for of in BOTH {
        for polls in 0..=2 {
            a_leader_leaves(of, polls);
        }
    }
}

/// A leader and one who waits, both seated, then apart.
fn seated(of: OwnedBy) -> (Arc<Scene>, Arc<Gate>, Task, Task) {
    let (scene, gate) = (Scene::new(), Gate::new());
    let (mut leader, mut waiter) = (scene.gated(of, &gate), scene.gated(of, &gate));
    assert!(leader.poll().is_pending() && waiter.poll().is_pending());
    (scene, gate, leader, waiter)
}

/// The leader leaves while the body is woken, and somebody waits: who of the two is told?
fn a_wake_meets_a_leader_that_leaves(of: OwnedBy, polls: usize) {
    check(FEW, move || {
        let (scene, gate, leader, waiter) = seated(of);
        let leader = spawn(move || leader.leave(polls));
        let waiter = spawn(move || waiter.finish());
        gate.open();
        leader.join().unwrap();
        assert_eq!(waiter.join().unwrap(), OLD);
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.stores, scene.runs()), (1, 1 + stats.cancelled));
        scene.must_be_at_rest();
    });
}

#[test]
fn a_wake_is_not_lost_when_the_leader_leaves() {
    for of in BOTH {
        for polls in 0..=1 {
            a_wake_meets_a_leader_that_leaves(of, polls);
        }
    }
}

/// Of three the leader leaves, and so does one who waits and may have been told to lead.
#[test]
fn a_wake_is_not_lost_when_two_leave() {
    check(FEW, || {
        let (scene, gate, first, second) = seated(OwnedBy::Owner);
        let mut third = scene.gated(OwnedBy::Owner, &gate);
        assert!(third.poll().is_pending());
        let leaving = spawn(move || {
            first.leave(0);
            second.leave(0);
        });
        let third = spawn(move || third.finish());
        gate.open();
        leaving.join().unwrap();
        assert_eq!(third.join().unwrap(), OLD);
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.stores, scene.runs()), (1, 1 + stats.cancelled));
        scene.must_be_at_rest();
    });
}

#[test]
fn who_waits_may_leave() {
    for of in BOTH {
        for polls in 0..=1 {
            check(FEW, move || {
                let (scene, gate, leader, waiter) = seated(of);
                let waiter = spawn(move || waiter.leave(polls));
                let leader = spawn(move || leader.finish());
                gate.open();
                waiter.join().unwrap();
                assert_eq!((leader.join().unwrap(), scene.runs()), (OLD, 1));
                assert_eq!(scene.cache.memo.counters.read().cancelled, 0);
                scene.must_be_at_rest();
            });
        }
    }
}

/// A flight that nobody waits for is dropped, and the next call begins anew.
#[test]
fn when_all_leave_nothing_is_left() {
    for of in BOTH {
        check(FEW, move || {
            let (scene, gate, leader, waiter) = seated(of);
            let leader = spawn(move || drop(leader));
            let waiter = spawn(move || drop(waiter));
            gate.open();
            leader.join().unwrap();
            waiter.join().unwrap();
            let stats = scene.cache.memo.counters.read();
            assert_eq!((stats.cancelled, stats.stores), (scene.runs(), 0));
            assert_eq!(scene.cache.get(KEY), None);
            scene.must_be_at_rest();
            assert_eq!(scene.task(of, &[], yield_once()).finish(), OLD);
        });
    }
}

/// One comes while the last who waits leaves.
#[test]
fn who_comes_while_all_leave_is_answered() {
    for of in BOTH {
        check(FEW, move || {
            let (scene, gate) = (Scene::new(), Gate::new());
            let mut leader = scene.gated(of, &gate);
            assert!(leader.poll().is_pending());
            let leader = spawn(move || drop(leader));
            let next = scene.gated(of, &gate);
            let next = spawn(move || next.finish());
            gate.open();
            leader.join().unwrap();
            assert_eq!(next.join().unwrap(), OLD);
            let stats = scene.cache.memo.counters.read();
            assert_eq!((stats.stores, scene.runs()), (1, 1 + stats.cancelled));
            scene.must_be_at_rest();
        });
    }
}

/// What a body panics with.
const BURST: &str = "burst";

impl Scene {
    /// A call whose body panics after a gate, but for the next, whose body is whole.
    fn bursting(self: &Arc<Self>, of: OwnedBy, gate: &Arc<Gate>) -> Task {
        let (scene, gate) = (self.clone(), gate.clone());
        Task::new(self.cache.call_async(of, KEY, &[], async move {
            let first = scene.runs.fetch_add(1, Ordering::Relaxed) == 0;
            gate.passed().await;
            if first {
                // Without the noise of a panic's message.
                resume_unwind(Box::new(BURST));
            }
            Ok(scene.load())
        }))
    }
}

/// What a call that began a flight comes to.
fn caught(task: Task) -> Result<u64, &'static str> {
    catch_unwind(AssertUnwindSafe(|| task.finish()))
        .map_err(|payload| *payload.downcast().expect("what the body has panicked with"))
}

#[test]
fn who_waits_for_a_panic_takes_over() {
    for of in BOTH {
        check(FEW, move || {
            let (scene, gate) = (Scene::new(), Gate::new());
            let (mut leader, mut waiter) = (scene.bursting(of, &gate), scene.bursting(of, &gate));
            assert!(leader.poll().is_pending() && waiter.poll().is_pending());
            let leader = spawn(move || caught(leader));
            let waiter = spawn(move || waiter.finish());
            gate.open();
            assert_eq!(leader.join().unwrap(), Err(BURST));
            assert_eq!((waiter.join().unwrap(), scene.runs()), (OLD, 2));
            let stats = scene.cache.memo.counters.read();
            assert_eq!((stats.panics, stats.cancelled, stats.stores), (1, 0, 1));
            scene.must_be_at_rest();
        });
    }
}

/// What was read before an invalidation is neither stored nor returned after it.
fn invalidation_wins(of: OwnedBy, tags: &'static [&'static str], invalidate: fn(&Scene)) {
    check(FEW, move || {
        let scene = Scene::new();
        let task = scene.task(of, tags, yield_once());
        let task = spawn(move || task.finish());
        scene.change();
        invalidate(&scene);
        assert_ne!(scene.cache.get(KEY), Some(OLD), "an invalidated value was found");
        assert_eq!(scene.task(of, tags, yield_once()).finish(), NEW, "an invalidated value was returned");
        task.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
        scene.must_be_at_rest();
    });
}

#[test]
fn an_invalidated_key_is_not_stored() {
    for of in BOTH {
        invalidation_wins(of, &[], |scene| {
            scene.cache.invalidate(KEY);
        });
    }
}

#[test]
fn a_value_of_an_invalidated_tag_is_not_stored() {
    for of in BOTH {
        invalidation_wins(of, &["cat"], |scene| {
            scene.cache.invalidate_tag("cat");
        });
    }
}

#[test]
fn what_was_computed_before_a_clear_is_not_stored() {
    for of in BOTH {
        invalidation_wins(of, &[], |scene| {
            scene.cache.memo.remove_all();
        });
    }
}

/// The leader leaves while its key is invalidated.
#[test]
fn what_was_read_before_an_invalidation_is_not_stored_by_who_takes_over() {
    check(FEW, || {
        let (scene, gate, leader, waiter) = seated(OwnedBy::Owner);
        let leader = spawn(move || drop(leader));
        let waiter = spawn(move || waiter.finish());
        scene.change();
        scene.cache.invalidate(KEY);
        gate.open();
        leader.join().unwrap();
        // It was there before the invalidation: either will do.
        assert!([OLD, NEW].contains(&waiter.join().unwrap()));
        assert_ne!(scene.cache.get(KEY), Some(OLD), "stored after an invalidation");
        scene.must_be_at_rest();
    });
}

#[test]
fn a_given_value_supersedes_what_is_computed() {
    for of in BOTH {
        check(FEW, move || {
            let scene = Scene::new();
            let task = scene.task(of, &[], yield_once());
            let task = spawn(move || task.finish());
            assert!(scene.cache.put(KEY, GIVEN, When::Always));
            assert_eq!(scene.cache.get(KEY), Some(GIVEN), "overtaken by what was under way");
            assert!([OLD, GIVEN].contains(&task.join().unwrap()));
            assert_eq!(scene.cache.get(KEY), Some(GIVEN), "overtaken by what was under way");
            scene.must_be_at_rest();
        });
    }
}
