//! Memos of two shards, which are gone over one after the other.

use std::sync::Arc;

use loom::sync::atomic::Ordering;

use super::{ALL, FEW, FEWER, KEY, NEW, OLD, Scene, TWO_SHARDS, check, join};
use crate::memo::When;
use crate::tags::Severity;

/// Carried by every entry of the memo, and by entries alone.
const ALL_CARRY: &str = "all";
const CAT: &[&str] = &["cat"];

/// A memo of two shards, and a key in each: the first that is gone over first.
fn two_shards() -> (Arc<Scene>, [u64; 2]) {
    let scene = Scene::of(TWO_SHARDS.tags(&[ALL_CARRY]));
    assert_eq!(scene.cache.memo.shards().count(), 2);
    let first = scene.cache.memo.shards().next().expect("there are two");
    let is_in_first = |key: &u64| std::ptr::eq(scene.cache.memo.shard(scene.cache.hash(*key)), first);
    let one = (KEY..KEY + 64).find(is_in_first).expect("hashes differ");
    let other = (KEY..KEY + 64).find(|key| !is_in_first(key)).expect("hashes differ");
    (scene, [one, other])
}

impl Scene {
    fn get_both(&self, keys: [u64; 2]) -> [Option<u64>; 2] {
        keys.map(|key| self.cache.get(key))
    }
}

fn by_tag(scene: &Scene) {
    scene.cache.invalidate_tag(CAT[0]);
}

fn by_tag_of_all(scene: &Scene) {
    scene.cache.invalidate_tag(ALL_CARRY);
}

fn by_clear(scene: &Scene) {
    scene.cache.memo.remove_all();
}

fn by_predicate(scene: &Scene) {
    scene.cache.invalidate_if(|value| value == OLD, Severity::Hard);
}

/// Who sees one entry gone sees the other gone, whichever shard is swept first.
fn gone_at_once(invalidate: fn(&Scene)) {
    check(ALL, move || {
        let (scene, keys) = two_shards();
        for key in keys {
            scene.call_of(key, CAT);
        }
        let reader = scene.go(move |scene| {
            for [one, other] in [keys, [keys[1], keys[0]]] {
                if scene.cache.get(one).is_none() {
                    assert_eq!(scene.cache.get(other), None, "one was gone already");
                }
            }
        });
        invalidate(&scene);
        assert_eq!(scene.get_both(keys), [None; 2], "found after the invalidation was over");
        reader.join().unwrap();
    });
}

#[test]
fn entries_of_a_tag_are_gone_at_once() {
    gone_at_once(by_tag);
}

#[test]
fn entries_that_a_clear_takes_are_gone_at_once() {
    gone_at_once(by_clear);
}

fn invalidation_wins(invalidate: fn(&Scene)) {
    check(FEWER, move || {
        let (scene, keys) = two_shards();
        let others = keys.map(|key| scene.go(move |scene| scene.call_of(key, CAT)));
        scene.change();
        invalidate(&scene);
        for key in keys {
            assert_ne!(scene.cache.get(key), Some(OLD), "an invalidated value was found");
            assert_eq!(scene.call_of(key, CAT), NEW, "an invalidated value was returned");
        }
        join(others);
        // What ended while entries were judged is not stored.
        assert!(scene.get_both(keys).into_iter().all(|value| value != Some(OLD)));
    });
}

#[test]
fn a_tag_wins_in_both() {
    invalidation_wins(by_tag);
}

#[test]
fn a_tag_of_the_whole_memo_wins_in_both() {
    invalidation_wins(by_tag_of_all);
}

#[test]
fn a_clear_wins_in_both() {
    invalidation_wins(by_clear);
}

#[test]
fn a_predicate_wins_in_both() {
    invalidation_wins(by_predicate);
}

/// A value in the one is made of a value in the other.
fn what_is_made_of_it_goes_too(invalidate: fn(&Scene)) {
    check(FEW, move || {
        let (scene, [outer, inner]) = two_shards();
        let through = move |scene: &Scene| {
            scene.cache.call(outer, CAT, || Ok(scene.call_of(inner, CAT))).expect("never fails")
        };
        let other = scene.go(through);
        scene.change();
        invalidate(&scene);
        assert_eq!(through(&scene), NEW, "an invalidated value was returned");
        other.join().unwrap();
        // What is swept may be new.
        assert!(!scene.get_both([outer, inner]).contains(&Some(OLD)), "an invalidated value was stored");
    });
}

#[test]
fn what_is_made_of_a_tagged_value_goes_with_it() {
    what_is_made_of_it_goes_too(by_tag);
}

#[test]
fn what_is_made_of_a_cleared_value_goes_with_it() {
    what_is_made_of_it_goes_too(by_clear);
}

#[test]
fn what_is_made_of_a_picked_value_goes_with_it() {
    what_is_made_of_it_goes_too(by_predicate);
}

/// The bound is one for both shards: who finds no room in its own takes it from the other.
#[test]
fn a_bound_holds_over_both() {
    check(ALL, || {
        let (scene, keys) = two_shards();
        scene.cache.memo.bound(1);
        let put = |scene: &Scene, key| {
            assert!(scene.cache.put(key, NEW, When::Always));
            assert!(
                scene.cache.memo.total_weight.load(Ordering::Relaxed) <= 1,
                "more is held than there is room"
            );
        };
        let other = scene.go(move |scene| put(scene, keys[1]));
        put(&scene, keys[0]);
        other.join().unwrap();
        assert_eq!(scene.get_both(keys).iter().flatten().count(), 1);
        assert_eq!(scene.cache.memo.remove_all().count(), 1);
    });
}
