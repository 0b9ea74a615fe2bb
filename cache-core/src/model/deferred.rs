//! Invalidations from within a user's `Eq`, which cannot take the shard's lock: entries are
//! dead at once, and taken out by whoever comes by.

use crate::tags::{Carrier, Severity};

use super::{FEW, KEY, NEW, OLD, Scene, check, join};

impl Scene {
    /// What `invalidate` does from within an `Eq`.
    fn invalidate_within_eq(&self, key: u64) {
        self.cache.memo.defer(self.cache.hash(key));
    }

    /// What `clear` does there: nothing is taken out.
    fn clear_within_eq(&self) {
        self.cache.runtime.bump_whole([self.cache.memo.revision()].into_iter(), Severity::Hard);
    }
}

#[test]
fn an_invalidation_within_an_eq_wins() {
    check(FEW, || {
        let scene = Scene::new();
        let other = scene.go(|scene| scene.call(&[]));
        scene.change();
        scene.invalidate_within_eq(KEY);
        scene.must_be_new(&[]);
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
    });
}

#[test]
fn a_clear_within_an_eq_wins() {
    check(FEW, || {
        let scene = Scene::new();
        let other = scene.go(|scene| scene.call(&[]));
        scene.change();
        scene.clear_within_eq();
        scene.must_be_new(&[]);
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
    });
}

/// Two threads take out what the first invalidation left: neither may forget the second.
#[test]
fn an_invalidation_is_not_forgotten_with_another() {
    check(FEW, || {
        let scene = Scene::new();
        scene.call(&[]);
        scene.invalidate_within_eq(KEY + 1);
        let settle = |scene: &Scene| scene.cache.memo.apply_deferred();
        let others = [scene.go(settle), scene.go(settle)];
        scene.change();
        scene.invalidate_within_eq(KEY);
        assert_ne!(scene.cache.get(KEY), Some(OLD));
        join(others);
        scene.must_be_new(&[]);
    });
}
