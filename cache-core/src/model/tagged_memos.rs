//! What carries a tag: two memos; entries that come and go, so that the tag is forgotten and known
//! again; values given by hand or changed in place.

use std::sync::Arc;

use super::{ALL, FEW, FEWER, KEY, NEW, OLD, ONE_SHARD, Scene, check};
use crate::memo::{MemoSpec, When};
use crate::tests::test_memo::TestMemo;

/// The tag.
const CAT: &[&str] = &["cat"];
/// A value given by hand.
const GIVEN: u64 = 10;

impl Scene {
    fn give(&self, tags: &[&'static str]) -> bool {
        self.cache.put_tagged(KEY, GIVEN, tags, When::Always)
    }

    /// Adds one to the value that is there, and gives it these tags.
    fn add_one_as(&self, tags: &[&'static str]) -> Option<u64> {
        self.cache.update(KEY, tags, |value| value + 1)
    }

    /// Whatever carries the tag answers to it, and the tag is forgotten with the last of them.
    fn tag_must_reach_all(&self) {
        let there = usize::from(self.cache.get(KEY).is_some());
        assert_eq!(self.cache.invalidate_tag(CAT[0]), there, "an entry that its tag does not know");
        assert_eq!(self.cache.get(KEY), None);
        assert_eq!(self.cache.runtime.tags.len(), 0, "a tag that nothing carries is kept");
    }
}

/// Two memos, one of which is computed from the other.
struct Pair {
    scene: Arc<Scene>,
    outer: Arc<TestMemo>,
}

impl Pair {
    fn new() -> Self {
        let scene = Scene::new();
        let outer = TestMemo::within(scene.cache.runtime.clone(), ONE_SHARD, MemoSpec::new());
        Self { scene, outer: Arc::new(outer) }
    }

    fn again(&self) -> Self {
        Self { scene: self.scene.clone(), outer: self.outer.clone() }
    }

    fn call(&self) -> u64 {
        self.outer.call(KEY, CAT, || Ok(self.scene.call(CAT))).expect("never fails")
    }
}

#[test]
fn a_tag_reaches_both_memos_that_carry_it() {
    check(FEW, || {
        let pair = Pair::new();
        let there = pair.again();
        let other = loom::thread::spawn(move || there.call());
        pair.scene.change();
        pair.scene.cache.invalidate_tag(CAT[0]);
        assert_ne!(pair.outer.get(KEY), Some(OLD), "an invalidated value was found");
        assert_eq!(pair.call(), NEW, "an invalidated value was returned");
        other.join().unwrap();
        assert_eq!((pair.outer.get(KEY), pair.scene.cache.get(KEY)), (Some(NEW), Some(NEW)));
    });
}

#[test]
fn two_who_invalidate_one_tag_of_both_memos() {
    check(FEWER, || {
        let pair = Pair::new();
        pair.call();
        let there = pair.again();
        pair.scene.change();
        let other = loom::thread::spawn(move || {
            there.scene.cache.invalidate_tag(CAT[0]);
            assert_eq!(there.call(), NEW, "an invalidated value was returned");
        });
        pair.scene.cache.invalidate_tag(CAT[0]);
        assert_eq!(pair.call(), NEW, "an invalidated value was returned");
        other.join().unwrap();
        assert_eq!(pair.call(), NEW);
    });
}

/// The last entry of the tag leaves while another is computed, and the tag is invalidated: known,
/// forgotten, or known again.
#[test]
fn a_tag_is_forgotten_while_a_value_is_computed() {
    check(FEWER, || {
        let scene = Scene::new();
        scene.call_of(KEY + 1, CAT);
        let caller = scene.go(|scene| scene.call(CAT));
        let leaver = scene.go(|scene| scene.cache.invalidate(KEY + 1));
        scene.change();
        scene.cache.invalidate_tag(CAT[0]);
        scene.must_be_new(CAT);
        caller.join().unwrap();
        leaver.join().unwrap();
        assert_eq!((scene.cache.get(KEY), scene.cache.get(KEY + 1)), (Some(NEW), None));
        scene.tag_must_reach_all();
    });
}

/// Who stores finds the tag that another is about to forget.
#[test]
fn what_is_stored_while_its_tag_is_forgotten_answers_to_it() {
    check(ALL, || {
        let scene = Scene::new();
        scene.call_of(KEY + 1, CAT);
        let leaver = scene.go(|scene| scene.cache.invalidate(KEY + 1));
        scene.call(CAT);
        leaver.join().unwrap();
        scene.tag_must_reach_all();
    });
}

#[test]
fn a_given_value_and_its_tag() {
    check(ALL, || {
        let scene = Scene::new();
        let other = scene.go(|scene| scene.give(CAT));
        scene.cache.invalidate_tag(CAT[0]);
        let early = scene.cache.get(KEY);
        let given = other.join().unwrap();
        let late = scene.cache.get(KEY);
        assert!(given || late.is_none(), "stored, and told otherwise");
        assert!(early.is_none() || late == early, "invalidated by what was over");
        scene.tag_must_reach_all();
    });
}

/// A value given by hand takes the tags of the one it replaces away.
#[test]
fn a_given_value_between_a_value_and_its_tag() {
    check(ALL, || {
        let scene = Scene::new();
        scene.call(CAT);
        let giver = scene.go(|scene| scene.give(&[]));
        scene.cache.invalidate_tag(CAT[0]);
        assert_ne!(scene.cache.get(KEY), Some(OLD), "an invalidated value was found");
        assert!(giver.join().unwrap());
        assert_eq!(scene.cache.get(KEY), Some(GIVEN), "another value was invalidated");
        assert_eq!(scene.cache.runtime.tags.len(), 0, "a tag that nothing carries is kept");
    });
}

/// Whatever tags the update gives to the new value.
fn an_update_meets_its_tag(tags: &'static [&'static str]) {
    check(FEWER, move || {
        let scene = Scene::new();
        scene.call(CAT);
        let updater = scene.go(move |scene| scene.add_one_as(tags));
        let taken = scene.cache.invalidate_tag(CAT[0]);
        let early = scene.cache.get(KEY);
        updater.join().unwrap();
        let late = scene.cache.get(KEY);
        // Only what came before the invalidation, and carries the tag no longer, is not hit by it.
        let spared = taken == 0 && late == early && tags.is_empty();
        assert!(late.is_none() || spared, "changed what was invalidated: {taken} {early:?} {late:?}");
    });
}

#[test]
fn an_update_does_not_bring_back_what_its_tag_has_invalidated() {
    an_update_meets_its_tag(CAT);
}

#[test]
fn an_update_that_drops_a_tag_does_not_bring_back_what_that_has_invalidated() {
    an_update_meets_its_tag(&[]);
}
