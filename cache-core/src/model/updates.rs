//! Values that are changed in place, against one another and all else that writes.

use super::{ALL, FEW, KEY, OLD, Scene, check, join};
use crate::flight::Intent;
use crate::memo::When;

/// A value given by hand.
const GIVEN: u64 = 10;

impl Scene {
    /// One whose value is there.
    fn warm() -> std::sync::Arc<Self> {
        let scene = Self::new();
        scene.call(&[]);
        scene
    }

    /// Adds one to the value that is there.
    fn add_one(&self) -> Option<u64> {
        self.cache.update(KEY, &[], |value| value + 1)
    }

    fn at_rest(&self) -> Option<u64> {
        assert_eq!(self.cache.flights(), 0, "a flight is left behind");
        self.cache.get(KEY)
    }
}

fn none_is_lost(updates: u64, preemptions: Option<usize>) {
    check(preemptions, move || {
        let scene = Scene::warm();
        let others: Vec<_> = (1..updates).map(|_| scene.go(Scene::add_one)).collect();
        let mut results = vec![scene.add_one()];
        results.extend(join(others));
        results.sort_unstable();
        let each: Vec<_> = (1..=updates).map(|update| Some(OLD + update)).collect();
        assert_eq!(results, each, "two have read one value");
        assert_eq!(scene.at_rest(), Some(OLD + updates));
    });
}

#[test]
fn of_two_updates_none_is_lost() {
    none_is_lost(2, ALL);
}

#[test]
fn of_three_updates_none_is_lost() {
    none_is_lost(3, FEW);
}

#[test]
fn an_update_and_a_given_value_take_turns() {
    check(ALL, || {
        let scene = Scene::warm();
        let update = scene.go(Scene::add_one);
        assert!(scene.cache.put(KEY, GIVEN, When::Always));
        let ends = (update.join().unwrap(), scene.at_rest());
        let (before, after) = ((OLD + 1, GIVEN), (GIVEN + 1, GIVEN + 1));
        assert!([before, after].map(|(updated, end)| (Some(updated), Some(end))).contains(&ends), "{ends:?}");
    });
}

/// As a value given by hand, an update supersedes what is under way, which may have read what was
/// there before it.
#[test]
fn an_update_supersedes_what_is_refreshed() {
    check(ALL, || {
        let scene = Scene::warm();
        let update = scene.go(Scene::add_one);
        let body = || Ok(GIVEN * scene.cache.get(KEY).expect("it is there"));
        let refreshed = scene.cache.compute(KEY, Intent::Refresh, &[], body).expect("never fails");
        let ends = (refreshed, update.join().unwrap(), scene.at_rest());
        let (one, two) = (GIVEN * OLD, GIVEN * (OLD + 1));
        let before = (two, Some(OLD + 1), Some(two));
        let after = (one, Some(one + 1), Some(one + 1));
        // The refreshed value is returned, but not kept.
        let meanwhile = [one, two].map(|refreshed| (refreshed, Some(OLD + 1), Some(OLD + 1)));
        let stores = scene.cache.memo.counters.read().stores;
        assert!(
            if stores == 3 {
                [before, after].contains(&ends)
            } else {
                stores == 2 && meanwhile.contains(&ends)
            },
            "{stores} {ends:?}"
        );
    });
}

#[test]
fn an_update_does_not_bring_back_what_was_invalidated() {
    check(ALL, || {
        let scene = Scene::warm();
        let update = scene.go(Scene::add_one);
        scene.cache.invalidate(KEY);
        assert_eq!(scene.cache.get(KEY), None, "changed what was invalidated");
        assert!([None, Some(OLD + 1)].contains(&update.join().unwrap()));
        assert_eq!(scene.at_rest(), None, "changed what was invalidated");
    });
}

/// A cold key: the update finds what a flight has stored, or nothing.
#[test]
fn an_update_finds_a_value_that_lands_or_nothing() {
    check(ALL, || {
        let scene = Scene::new();
        let update = scene.go(Scene::add_one);
        assert_eq!(scene.call(&[]), OLD);
        let updated = update.join().unwrap();
        assert_eq!(scene.at_rest(), updated.or(Some(OLD)));
        assert!([None, Some(OLD + 1)].contains(&updated));
    });
}

/// What its own closure writes does not overtake an update; what another writes does, whenever that comes.
fn writes_within(within: fn(&Scene), change: fn(&Scene), ends: &'static [(Option<u64>, Option<u64>)]) {
    check(FEW, move || {
        let scene = Scene::warm();
        let other = scene.go(change);
        let updated = scene.cache.update(KEY, &[], |value| {
            within(&scene);
            value + 1
        });
        other.join().unwrap();
        let ends_so = (updated, scene.at_rest());
        assert!(ends.contains(&ends_so), "{ends_so:?}");
    });
}

/// What the closure gives.
const OWN: u64 = 20;

#[test]
fn an_update_that_inserts_sees_what_another_inserts() {
    let ends = &[
        // After all of it, before all of it, and between what the closure gives and the update.
        (Some(OLD + 1), Some(GIVEN)),
        (Some(GIVEN + 1), Some(GIVEN + 1)),
        // The closure has replaced it.
        (Some(OWN + 1), Some(OWN + 1)),
    ];
    writes_within(
        |scene| assert!(scene.cache.put(KEY, OWN, When::Always)),
        |scene| assert!(scene.cache.put(KEY, GIVEN, When::Always)),
        ends,
    );
}

#[test]
fn an_update_that_inserts_does_not_bring_back_what_another_invalidates() {
    let ends = &[(Some(OLD + 1), None), (None, None), (Some(OWN + 1), Some(OWN + 1))];
    writes_within(
        |scene| assert!(scene.cache.put(KEY, OWN, When::Always)),
        |scene| assert!(scene.cache.invalidate(KEY) <= 1),
        ends,
    );
}

#[test]
fn an_update_that_clears_does_not_bring_back_what_another_clears() {
    let clear = |scene: &Scene| drop(scene.cache.memo.remove_all());
    // Its own clear wins, whenever the other comes.
    writes_within(clear, clear, &[(None, None)]);
}
