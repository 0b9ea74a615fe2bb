//! Invalidation by key or predicate, and values given by hand, against computations under way.

use loom::sync::atomic::Ordering;

use super::{ALL, FEW, KEY, NEW, OLD, ONE_SHARD, Scene, check, join};
use crate::memo::When;

/// A value given by hand.
const GIVEN: u64 = 3;

impl Scene {
    fn held(&self) -> usize {
        self.cache.memo.total_weight.load(Ordering::Relaxed)
    }
}

fn invalidation_wins(preemptions: Option<usize>, callers: usize, invalidate: fn(&Scene)) {
    check(preemptions, move || {
        let scene = Scene::new();
        let others: Vec<_> = (0..callers).map(|_| scene.go(|scene| scene.call(&[]))).collect();
        scene.change();
        invalidate(&scene);
        scene.must_be_new(&[]);
        join(others);
        assert_eq!(scene.cache.get(KEY), Some(NEW));
    });
}

#[test]
fn an_invalidated_key_is_not_stored() {
    invalidation_wins(ALL, 1, |scene| {
        scene.cache.invalidate(KEY);
    });
}

#[test]
fn an_invalidated_key_reaches_no_later_caller() {
    invalidation_wins(FEW, 2, |scene| {
        scene.cache.invalidate(KEY);
    });
}

#[test]
fn a_given_value_supersedes_what_is_computed() {
    check(ALL, || {
        let scene = Scene::new();
        let caller = scene.go(|scene| scene.call(&[]));
        assert!(scene.cache.put(KEY, GIVEN, When::Always));
        assert_eq!(scene.cache.get(KEY), Some(GIVEN), "overtaken by what was under way");
        assert!([OLD, GIVEN].contains(&caller.join().unwrap()));
        assert_eq!(scene.cache.get(KEY), Some(GIVEN), "overtaken by what was under way");
    });
}

#[test]
fn a_given_value_and_an_invalidation_leave_nothing_older() {
    check(ALL, || {
        let scene = Scene::new();
        let caller = scene.go(|scene| scene.call(&[]));
        let given = scene.go(|scene| scene.cache.put(KEY, GIVEN, When::Always));
        scene.change();
        scene.cache.invalidate(KEY);
        assert_ne!(scene.cache.get(KEY), Some(OLD));
        caller.join().unwrap();
        given.join().unwrap();
        assert_ne!(scene.cache.get(KEY), Some(OLD));
    });
}

#[test]
fn of_two_given_if_absent_one_is_stored() {
    check(ALL, || {
        let scene = Scene::new();
        let other = scene.go(|scene| scene.cache.put(KEY, GIVEN, When::IfAbsent));
        let first = scene.cache.put(KEY, GIVEN + 1, When::IfAbsent);
        let second = other.join().unwrap();
        assert!(first != second, "both or none stored");
        assert_eq!(scene.cache.get(KEY), Some(if first { GIVEN + 1 } else { GIVEN }));
    });
}

#[test]
fn two_values_that_want_one_place_take_turns() {
    check(ALL, || {
        let scene = Scene::of(ONE_SHARD.capacity(1));
        let put = |scene: &Scene, key| {
            let stored = scene.cache.put(key, GIVEN, When::Always);
            assert!(stored && scene.held() <= 1, "more is held than there is room");
        };
        let other = scene.go(move |scene| put(scene, KEY + 1));
        put(&scene, KEY);
        other.join().unwrap();
        let there = [KEY, KEY + 1].map(|key| scene.cache.get(key).is_some());
        assert!(scene.held() == 1 && there[0] != there[1], "{there:?}");
        assert_eq!(scene.cache.memo.remove_all().count(), 1);
        assert_eq!(scene.held(), 0);
    });
}
