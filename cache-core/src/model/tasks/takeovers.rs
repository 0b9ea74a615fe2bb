//! Waiters that take over: from a leader that stands still, or that has left a computation to an executor; and those
//! who were let go.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::sync::Mutex;
use loom::thread::spawn;

use super::{BOTH, Gate, Scene, seated};
use crate::background::Executor;
use crate::model::{FEW, FEWER, KEY, NEW, OLD, ONE_SHARD, check, join};
use crate::tests::test_memo::OwnedBy;
use crate::time::Due;

/// The leader is alive, but is not polled, or late: when this is noticed, who waits begins anew, while the leader may
/// go on. One of the two stores.
#[test]
fn a_leader_that_does_not_poll_is_overtaken() {
    for of in BOTH {
        for polls in 0..=2 {
            check(FEW, move || {
                let (scene, gate, mut leader, waiter) = seated(of);
                let flight = scene.cache.flight(KEY).expect("it is under way");
                gate.open();
                let leader = spawn(move || {
                    let early = (0..polls).map(|_| leader.poll()).find(Poll::is_ready);
                    (leader, early)
                });
                let waiter = spawn(move || waiter.finish());
                let _ = flight.clone().due(100);
                let _ = flight.due(200);
                assert_eq!(waiter.join().unwrap(), OLD);
                let (leader, early) = leader.join().unwrap();
                assert!(early == Some(Poll::Ready(OLD)) || leader.finish() == OLD);
                let stats = scene.cache.memo.counters.read();
                assert_eq!((stats.stores, scene.runs()), (1, 1 + stats.overtaken));
                scene.must_be_at_rest();
            });
        }
    }
}

/// The same with two who wait: one leads, the other waits for it.
#[test]
fn one_of_two_overtakes_a_leader_that_does_not_poll() {
    check(FEWER, || {
        let (scene, gate, leader, first) = seated(OwnedBy::Owner);
        let mut second = scene.gated(OwnedBy::Owner, &gate);
        assert!(second.poll().is_pending());
        let flight = scene.cache.flight(KEY).expect("it is under way");
        gate.open();
        let _ = flight.clone().due(100);
        let _ = flight.due(200);
        let waiters = [first, second].map(|task| spawn(move || task.finish()));
        assert_eq!(join(waiters), [OLD; 2]);
        assert_eq!(leader.finish(), OLD);
        let stats = scene.cache.memo.counters.read();
        assert_eq!((scene.runs(), stats.stores, stats.overtaken), (2, 1, 1));
        scene.must_be_at_rest();
    });
}

/// What was overtaken is not stored over an invalidation, nor over what was stored since.
#[test]
fn what_was_overtaken_is_stored_neither_before_nor_after_an_invalidation() {
    check(FEW, || {
        let (scene, gate, leader, waiter) = seated(OwnedBy::Owner);
        let flight = scene.cache.flight(KEY).expect("it is under way");
        gate.open();
        let _ = flight.clone().due(100);
        let _ = flight.due(200);
        let leader = spawn(move || leader.finish());
        let waiter = spawn(move || waiter.finish());
        scene.change();
        scene.cache.invalidate(KEY);
        assert_ne!(scene.cache.get(KEY), Some(OLD), "an invalidated value was found");
        assert!([OLD, NEW].contains(&waiter.join().unwrap()));
        assert_eq!(leader.join().unwrap(), OLD);
        assert_ne!(scene.cache.get(KEY), Some(OLD), "stored after an invalidation");
        scene.must_be_at_rest();
    });
}

/// A thread waits for a task that is not polled.
#[test]
fn a_thread_overtakes_a_leader_that_does_not_poll() {
    check(FEW, || {
        let (scene, gate) = (Scene::new(), Gate::new());
        let mut leader = scene.gated(OwnedBy::Owner, &gate);
        assert!(leader.poll().is_pending());
        let flight = scene.cache.flight(KEY).expect("it is under way");
        // Nobody is told before somebody waits.
        let waiter = scene.go(|scene| scene.call(&[]));
        gate.open();
        for now in 0..3 {
            let _ = flight.clone().due(now);
        }
        let leader = spawn(move || leader.finish());
        assert_eq!((waiter.join().unwrap(), leader.join().unwrap()), (OLD, OLD));
        assert_eq!(scene.cache.memo.counters.read().stores, 1);
        scene.must_be_at_rest();
    });
}

/// An executor that keeps what it is given.
#[derive(Clone)]
struct Keeps(Arc<Mutex<Vec<crate::Task>>>);

impl Executor for Keeps {
    fn spawn(&self, task: crate::Task) {
        self.0.lock().unwrap().push(task);
    }
}

impl Scene {
    fn keeps(&self) -> Keeps {
        let keeps = Keeps(Arc::new(Mutex::new(Vec::new())));
        assert!(self.cache.runtime.executor.set(keeps.clone()).is_ok());
        keeps
    }
}

/// All leave at once: the executor gets one computation, whoever was the last.
#[test]
fn when_all_leave_an_executor_goes_on() {
    for polls in 0..=1 {
        check(FEW, move || {
            let (scene, gate) = (Scene::new(), Gate::new());
            let keeps = scene.keeps();
            let (mut leader, mut waiter) =
                (scene.gated(OwnedBy::Owner, &gate), scene.gated(OwnedBy::Owner, &gate));
            assert!(leader.poll().is_pending() && waiter.poll().is_pending());
            let leader = spawn(move || drop(leader));
            let waiter = spawn(move || waiter.leave(polls));
            leader.join().unwrap();
            waiter.join().unwrap();
            let mut kept = std::mem::take(&mut *keeps.0.lock().unwrap());
            let stats = scene.cache.memo.counters.read();
            assert_eq!((kept.len(), scene.runs()), (1, 1 + stats.cancelled));
            gate.open();
            assert!(kept[0].as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            assert_eq!(scene.cache.get(KEY), Some(OLD));
            drop(kept);
            scene.must_be_at_rest();
        });
    }
}

/// One comes while the last leaves: it waits for the executor, or begins anew.
#[test]
fn who_comes_while_an_executor_takes_over_is_answered() {
    check(FEW, || {
        let (scene, gate) = (Scene::new(), Gate::new());
        let keeps = scene.keeps();
        let mut leader = scene.gated(OwnedBy::Owner, &gate);
        assert!(leader.poll().is_pending());
        let next = scene.gated(OwnedBy::Owner, &gate);
        let next = spawn(move || next.finish());
        gate.open();
        drop(leader);
        let kept = std::mem::take(&mut *keeps.0.lock().unwrap());
        for mut task in kept {
            assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
        assert_eq!(next.join().unwrap(), OLD);
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.stores, scene.runs()), (1, 1 + stats.cancelled));
        scene.must_be_at_rest();
    });
}

/// Who was let go, and computes without an end, takes the value when it comes.
#[test]
fn who_was_let_go_is_told_of_the_value() {
    for of in BOTH {
        check(FEW, move || {
            let scene = Scene::of(ONE_SHARD.max_wait(Duration::ZERO));
            let gate = Gate::new();
            let mut leader = scene.gated(of, &gate);
            assert!(leader.poll().is_pending());
            let waiter = scene.gated(of, &Gate::new());
            let waiter = spawn(move || waiter.finish());
            let leader = spawn(move || leader.finish());
            gate.open();
            assert_eq!((leader.join().unwrap(), waiter.join().unwrap()), (OLD, OLD));
            assert_eq!(scene.cache.memo.counters.read().stores, 1);
            scene.must_be_at_rest();
        });
    }
}
