//! Marking stale: what is marked is not fresh to anybody who looks later, and stays; what was computed from
//! before a mark is not stored.

use std::time::Duration;

use super::{ALL, FEW, FEWER, KEY, NEW, OLD, ONE_SHARD, Scene, check, join};
use crate::policy::Freshness;
use crate::spec::Spec;
use crate::tags::{Carrier, Severity};

/// Carried by every entry of the memo, and by entries alone.
const ALL_CARRY: &str = "all";
const CAT: &str = "cat";
const DOG: &str = "dog";
const TAGS: &[&str] = &[CAT, DOG];

/// With a stale window: what is marked stays.
const WINDOW: Spec = ONE_SHARD.stale_if_error(Duration::from_secs(1)).tags(&[ALL_CARRY]);

fn by_key(scene: &Scene) {
    scene.cache.invalidate_as(KEY, Severity::Soft);
}

fn by_tag(scene: &Scene) {
    scene.cache.invalidate_tag_as(CAT, Severity::Soft);
}

fn by_other_tag(scene: &Scene) {
    scene.cache.invalidate_tag_as(DOG, Severity::Soft);
}

fn by_tag_of_all(scene: &Scene) {
    scene.cache.invalidate_tag_as(ALL_CARRY, Severity::Soft);
}

fn by_memo(scene: &Scene) {
    let memo = &scene.cache.memo;
    memo.remove_cleared(scene.cache.runtime.bump_whole([memo.revision()].into_iter(), Severity::Soft));
}

fn by_predicate(scene: &Scene) {
    scene.cache.invalidate_if(|value| value == OLD, Severity::Soft);
}

/// Marks while the old value is computed.
fn mark_wins(preemptions: Option<usize>, callers: usize, mark: fn(&Scene)) {
    check(preemptions, move || {
        let scene = Scene::of(WINDOW);
        let others: Vec<_> = (0..callers).map(|_| scene.go(|scene| scene.call(TAGS))).collect();
        scene.change();
        mark(&scene);
        scene.must_be_new(TAGS);
        join(others);
        assert_ne!(scene.cache.get(KEY), Some(OLD), "stored after the mark");
    });
}

#[test]
fn what_is_computed_before_a_mark_by_key_is_not_stored() {
    mark_wins(ALL, 1, by_key);
}

#[test]
fn a_value_from_before_a_mark_by_key_reaches_no_later_caller() {
    mark_wins(FEWER, 2, by_key);
}

#[test]
fn what_is_computed_before_a_mark_by_tag_is_not_stored() {
    mark_wins(FEW, 1, by_tag);
}

#[test]
fn a_value_from_before_a_mark_by_tag_reaches_no_later_caller() {
    mark_wins(FEWER, 2, by_tag);
}

#[test]
fn what_is_computed_before_a_mark_by_a_tag_of_all_is_not_stored() {
    mark_wins(FEW, 1, by_tag_of_all);
}

#[test]
fn what_is_computed_before_a_mark_of_the_memo_is_not_stored() {
    mark_wins(FEW, 1, by_memo);
}

#[test]
fn what_is_computed_before_a_mark_by_predicate_is_not_stored() {
    mark_wins(FEW, 1, by_predicate);
}

/// Marks an entry while others hit it.
fn nobody_finds_it_fresh(preemptions: Option<usize>, mark: fn(&Scene)) {
    check(preemptions, move || {
        let scene = Scene::of(WINDOW);
        scene.call(TAGS);
        // The entry is yet to be found valid at the runtime's revision.
        scene.cache.call(KEY + 1, &["mouse"], || Ok(0)).unwrap();
        scene.cache.invalidate_tag("mouse");
        let reader = scene.go(|scene| scene.cache.get(KEY));
        mark(&scene);
        assert_eq!(scene.cache.get(KEY), None, "fresh after it was marked");
        reader.join().unwrap();
        assert_eq!(scene.cache.get(KEY), None, "noted as fresh after it was marked");
        assert_eq!(scene.cache.state(KEY), Some(Freshness::Stale), "it is of use within its window");
    });
}

#[test]
fn nobody_finds_fresh_what_is_marked_by_key() {
    nobody_finds_it_fresh(ALL, by_key);
}

#[test]
fn nobody_finds_fresh_what_is_marked_by_tag() {
    nobody_finds_it_fresh(ALL, by_tag);
}

#[test]
fn nobody_finds_fresh_what_is_marked_by_a_tag_of_all() {
    nobody_finds_it_fresh(ALL, by_tag_of_all);
}

#[test]
fn nobody_finds_fresh_what_is_marked_by_predicate() {
    nobody_finds_it_fresh(FEW, by_predicate);
}

/// Two hit an entry at once; once both are done it is in that state, and has counted no more often than that.
fn two_hit(first: fn(&Scene) -> usize, second: fn(&Scene) -> usize, left: Option<Freshness>, counted: usize) {
    check(FEW, move || {
        let scene = Scene::of(WINDOW);
        scene.call(TAGS);
        let other = scene.go(move |scene| second(scene));
        let count = first(&scene);
        assert_eq!(scene.cache.get(KEY), None);
        let count = count + other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), None);
        assert_eq!(scene.cache.state(KEY), left);
        assert!(count <= counted, "counted {count} times");
    });
}

#[test]
fn two_marks_by_tag_are_one() {
    let other = |scene: &Scene| scene.cache.invalidate_tag_as(DOG, Severity::Soft);
    two_hit(|scene| scene.cache.invalidate_tag_as(CAT, Severity::Soft), other, Some(Freshness::Stale), 1);
}

#[test]
fn a_mark_by_key_and_one_by_tag_are_one() {
    let other = |scene: &Scene| scene.cache.invalidate_tag_as(DOG, Severity::Soft);
    two_hit(|scene| scene.cache.invalidate_as(KEY, Severity::Soft), other, Some(Freshness::Stale), 1);
}

/// What was marked first could still have been returned, and counts for the invalidation as well.
#[test]
fn a_mark_and_an_invalidation_by_tag_leave_nothing() {
    let other = |scene: &Scene| scene.cache.invalidate_tag(DOG);
    two_hit(|scene| scene.cache.invalidate_tag_as(CAT, Severity::Soft), other, None, 2);
}

#[test]
fn a_mark_by_key_and_an_invalidation_by_tag_leave_nothing() {
    let other = |scene: &Scene| scene.cache.invalidate_tag(DOG);
    two_hit(|scene| scene.cache.invalidate_as(KEY, Severity::Soft), other, None, 2);
}

#[test]
fn a_mark_by_tag_and_an_invalidation_by_key_leave_nothing() {
    let other = |scene: &Scene| scene.cache.invalidate(KEY);
    two_hit(|scene| scene.cache.invalidate_tag_as(CAT, Severity::Soft), other, None, 2);
}

/// A value that is made of the one that is marked.
#[test]
fn an_update_does_not_freshen_what_is_marked() {
    for mark in [by_key, by_tag] {
        check(FEW, move || {
            let scene = Scene::of(WINDOW);
            scene.call(TAGS);
            let updater = scene.go(|scene| scene.cache.update(KEY, TAGS, |value| value + 1));
            mark(&scene);
            assert_eq!(scene.cache.get(KEY), None, "fresh after it was marked");
            updater.join().unwrap();
            assert_eq!(scene.cache.get(KEY), None, "changed what was marked");
        });
    }
}

/// What is stored after a mark is not hit by its sweep, which comes later.
#[test]
fn what_is_computed_after_a_mark_stays_fresh() {
    for mark in [by_tag, by_other_tag, by_memo] {
        check(FEW, move || {
            let scene = Scene::of(WINDOW);
            scene.call(TAGS);
            scene.change();
            let caller = scene.go(|scene| scene.call(TAGS));
            mark(&scene);
            scene.must_be_new(TAGS);
            caller.join().unwrap();
            assert_eq!(scene.cache.get(KEY), Some(NEW));
        });
    }
}
