//! One computation for all who ask at once; leaders that fail; waits that would be circles.

use loom::sync::atomic::Ordering;

use super::{ALL, FEW, KEY, OLD, Scene, check, join};
use crate::engine::Step;
use crate::flight::Intent;
use crate::tests::test_memo::Failure;

impl Scene {
    /// A body that tells its runs apart.
    fn numbered(&self) -> u64 {
        self.cache.call(KEY, &[], || Ok(self.runs.fetch_add(1, Ordering::Relaxed))).expect("never fails")
    }

    /// Begins to lead, and leaves without an end. Whether it led.
    fn crash(&self) -> bool {
        matches!(self.cache.begin(KEY, Intent::Read), Step::Lead(_))
    }
}

fn one_leader(callers: usize, preemptions: Option<usize>) {
    check(preemptions, move || {
        let scene = Scene::new();
        let others: Vec<_> = (1..callers).map(|_| scene.go(Scene::numbered)).collect();
        assert_eq!(scene.numbered(), 0);
        assert!(join(others).into_iter().all(|value| value == 0), "not the leader's value");
        assert_eq!(scene.runs.load(Ordering::Relaxed), 1, "computed twice");
        assert_eq!(scene.cache.memo.counters.read().stores, 1, "stored twice");
        assert_eq!(scene.cache.get(KEY), Some(0));
    });
}

#[test]
fn two_callers_have_one_leader() {
    one_leader(2, ALL);
}

#[test]
fn three_callers_have_one_leader() {
    one_leader(3, FEW);
}

#[test]
fn who_waits_for_a_crash_takes_over() {
    check(ALL, || {
        let scene = Scene::new();
        let waiter = scene.go(|scene| scene.call(&[]));
        let leader = scene.go(Scene::crash);
        assert_eq!(waiter.join().unwrap(), OLD);
        let has_led = leader.join().unwrap();
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.stores, stats.cancelled), (1, u64::from(has_led)), "the crashed leader has stored");
        assert_eq!(scene.cache.get(KEY), Some(OLD));
    });
}

#[test]
fn one_of_two_who_wait_for_a_crash_takes_over() {
    check(FEW, || {
        let scene = Scene::new();
        let waiters = [scene.go(Scene::numbered), scene.go(Scene::numbered)];
        scene.crash();
        assert_eq!(join(waiters), [0, 0]);
        assert_eq!(scene.cache.memo.counters.read().stores, 1);
    });
}

#[test]
fn who_waits_for_an_error_gets_it() {
    check(FEW, || {
        let scene = Scene::new();
        let fail = |scene: &Scene| {
            scene.cache.call(KEY, &[], || {
                scene.runs.fetch_add(1, Ordering::Relaxed);
                Err(Failure)
            })
        };
        let others = [scene.go(fail), scene.go(fail)];
        assert_eq!(fail(&scene), Err(Failure));
        assert_eq!(join(others), [Err(Failure), Err(Failure)]);
        let runs = scene.runs.load(Ordering::Relaxed);
        let stats = scene.cache.memo.counters.read();
        assert_eq!(stats.errors, runs, "a waiter has computed");
        assert_eq!((stats.stores, scene.cache.get(KEY)), (0, None));
    });
}

/// Two flights each of whose bodies calls the other: one of them must see the circle.
#[test]
fn a_circle_of_waits_is_computed_in_place() {
    fn outer(scene: &Scene, key: u64, other: u64) -> u64 {
        let inner = || scene.cache.call(other, &[], || Ok(other));
        scene.cache.call(key, &[], || Ok(key + inner()?)).expect("never fails")
    }
    check(ALL, || {
        let scene = Scene::new();
        let there = scene.go(|scene| outer(scene, 2, 1));
        let here = outer(&scene, 1, 2);
        let there = there.join().unwrap();
        // Found what the other's body stored; or called it; or waited for the other, in whose body
        // this key was computed in place.
        assert!([1, 3, 4].contains(&here) && [2, 3, 5].contains(&there), "{here} {there}");
        assert!(scene.cache.runtime.waits.is_empty(), "waits are left behind");
    });
}

/// The same with a flight more on one side: the circle leads through a flight that waits for nothing
/// itself, but was begun beneath one that does.
#[test]
fn a_circle_through_a_nested_flight_is_computed_in_place() {
    check(ALL, || {
        let scene = Scene::new();
        let there = scene.go(|scene| {
            scene.cache.call(3, &[], || scene.cache.call(1, &[], || Ok(1))).expect("never fails")
        });
        let here =
            scene.cache.call(1, &[], || scene.cache.call(2, &[], || scene.cache.call(3, &[], || Ok(1))));
        assert_eq!((here, there.join().unwrap()), (Ok(1), 1));
        assert!(scene.cache.runtime.waits.is_empty(), "waits are left behind");
    });
}
