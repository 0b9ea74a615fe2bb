//! Invalidation by pattern and predicate, which look at one entry after the other.

use super::{ALL, FEW, FEWER, KEY, NEW, OLD, Scene, check, join};
use crate::flight::Intent;
use crate::handles::{AnyMemoRef, invalidate_matching};
use crate::tags::Severity;

/// Matches [`KEY`] alone.
const PATTERN: &str = "stage*7*";

impl Scene {
    fn invalidate_matching(&self) -> usize {
        invalidate_matching(&[AnyMemoRef(self.cache.memo.clone())], PATTERN, Severity::Hard).count()
    }

    fn invalidate_if_old(&self) -> usize {
        self.cache.invalidate_if(|value| value == OLD, Severity::Hard)
    }
}

fn invalidation_wins(
    preemptions: Option<usize>,
    callers: usize,
    call: fn(&Scene),
    invalidate: fn(&Scene) -> usize,
) {
    check(preemptions, move || {
        let scene = Scene::new();
        let others: Vec<_> = (0..callers).map(|_| scene.go(call)).collect();
        scene.change();
        invalidate(&scene);
        scene.must_be_new(&[]);
        join(others);
        // What ended while entries were judged is not stored.
        assert_ne!(scene.cache.get(KEY), Some(OLD));
    });
}

fn call(scene: &Scene) {
    scene.call(&[]);
}

fn refresh(scene: &Scene) {
    scene.cache.compute(KEY, Intent::Refresh, &[], || Ok(scene.load())).expect("never fails");
}

#[test]
fn what_a_pattern_matches_is_not_stored() {
    invalidation_wins(FEW, 1, call, Scene::invalidate_matching);
}

#[test]
fn what_a_pattern_matches_reaches_no_later_caller() {
    invalidation_wins(FEWER, 2, call, Scene::invalidate_matching);
}

#[test]
fn what_a_predicate_picks_reaches_no_later_caller() {
    invalidation_wins(FEWER, 2, call, Scene::invalidate_if_old);
}

#[test]
fn what_a_predicate_picks_is_not_refreshed() {
    invalidation_wins(FEW, 1, refresh, Scene::invalidate_if_old);
}

#[test]
fn a_pattern_spares_what_it_does_not_match() {
    check(ALL, || {
        let scene = Scene::new();
        scene.call_of(KEY + 2, &[]);
        let other = scene.go(|scene| scene.call_of(KEY + 1, &[]));
        scene.change();
        scene.invalidate_matching();
        assert_eq!(scene.cache.get(KEY + 2), Some(OLD), "an entry of another key was taken");
        // Not stored if it ended just while entries were judged.
        let value = other.join().unwrap();
        assert!([None, Some(value)].contains(&scene.cache.get(KEY + 1)));
        assert_eq!(scene.cache.flights(), 0);
    });
}

#[test]
fn an_update_does_not_bring_back_what_a_predicate_has_picked() {
    check(ALL, || {
        let scene = Scene::new();
        scene.call(&[]);
        let updater = scene.go(|scene| scene.cache.update(KEY, &[], |value| value + 1));
        scene.cache.invalidate_if(|_| true, Severity::Hard);
        assert_eq!(scene.cache.get(KEY), None, "changed what was invalidated");
        updater.join().unwrap();
        assert_eq!(scene.cache.get(KEY), None, "changed what was invalidated");
    });
}

/// A computation that begins while entries are looked at, and is made of one that is yet to be.
#[test]
fn what_is_made_of_what_a_predicate_picks_is_not_stored() {
    check(FEWER, || {
        let scene = Scene::new();
        scene.call(&[]);
        let other = scene.go(|scene| scene.call_through(KEY + 1, &[]));
        scene.change();
        scene.cache.invalidate_if(|_| true, Severity::Hard);
        assert_ne!(scene.cache.get(KEY + 1), Some(OLD), "an invalidated value was found");
        assert_eq!(scene.call_through(KEY + 1, &[]), NEW, "an invalidated value was returned");
        other.join().unwrap();
        assert_ne!(scene.cache.get(KEY + 1), Some(OLD), "an invalidated value was stored");
    });
}
