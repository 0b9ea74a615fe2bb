//! Clearing a memo, and invalidating a tag that all of its entries carry, against computations.

use super::{ALL, KEY, NEW, ONE_SHARD, Scene, check};
use crate::flight::Intent;

impl Scene {
    fn refresh(&self) {
        self.cache.compute(KEY, Intent::Refresh, &[], || Ok(self.load())).expect("never fails");
    }
}

fn clear_wins(preemptions: Option<usize>, compute: fn(&Scene)) {
    check(preemptions, move || {
        let scene = Scene::new();
        let other = scene.go(compute);
        scene.change();
        scene.cache.memo.remove_all();
        scene.must_be_new(&[]);
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
    });
}

#[test]
fn what_was_computed_before_a_clear_is_not_stored() {
    clear_wins(ALL, |scene| {
        scene.call(&[]);
    });
}

#[test]
fn what_was_refreshed_before_a_clear_is_not_stored() {
    clear_wins(ALL, Scene::refresh);
}

#[test]
fn a_refresh_supersedes_what_is_computed() {
    check(ALL, || {
        let scene = Scene::new();
        let other = scene.go(|scene| scene.call(&[]));
        scene.change();
        scene.refresh();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW), "the older computation was stored over it");
    });
}

#[test]
fn a_tag_of_the_whole_memo_reaches_all_of_it() {
    check(ALL, || {
        let scene = Scene::of(ONE_SHARD.tags(&["all"]));
        let other = scene.go(|scene| scene.call(&[]));
        scene.change();
        scene.cache.invalidate_tag("all");
        scene.must_be_new(&[]);
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
    });
}
