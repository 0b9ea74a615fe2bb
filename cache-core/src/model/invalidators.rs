//! Two who invalidate at once, each after a change of its own, while the old value is computed; and
//! calls that come after one of them, join late, and are flights themselves.

use loom::sync::atomic::Ordering;

use super::{FEWER, KEY, Scene, check, fewer_unless_long};

/// The bound for those that differ little from another.
const LEAST: Option<usize> = Some(2);

/// What each of the two adds to the origin, as a bit.
const CHANGES: [u64; 2] = [2, 4];
/// The keys of the calls through which they read, and which carry the same tags.
const THROUGH: [u64; 2] = [KEY + 1, KEY + 2];
const TAGS: [&str; 2] = ["cat", "dog"];

impl Scene {
    /// Changes the origin, invalidates, and reads: what is read must know of the change.
    fn change_and_read(&self, who: usize, invalidate: fn(&Self)) {
        self.origin.fetch_or(CHANGES[who], Ordering::Relaxed);
        invalidate(self);
        let seen = self.call_through(THROUGH[who], &TAGS);
        assert!(seen & CHANGES[who] != 0, "an invalidated value was returned");
    }

    /// What is there for a key must know of all changes.
    fn must_know_all(&self, key: u64) {
        let all: u64 = CHANGES.iter().sum();
        let there = self.cache.get(key);
        assert!(
            there.is_none_or(|value| value & all == all),
            "of {key} an invalidated value stayed: {there:?}"
        );
    }
}

/// `reach`: the invalidations hit what was made of the value as well.
fn both_win(preemptions: Option<usize>, first: fn(&Scene), second: fn(&Scene), reach: bool) {
    check(preemptions, move || {
        let scene = Scene::new();
        let caller = scene.go(|scene| scene.call(&TAGS));
        let other = scene.go(move |scene| scene.change_and_read(1, second));
        scene.change_and_read(0, first);
        other.join().unwrap();
        caller.join().unwrap();
        scene.must_know_all(KEY);
        if reach {
            for key in THROUGH {
                scene.must_know_all(key);
            }
        }
    });
}

fn by_tag(scene: &Scene) {
    scene.cache.invalidate_tag(TAGS[0]);
}

fn by_other_tag(scene: &Scene) {
    scene.cache.invalidate_tag(TAGS[1]);
}

fn by_key(scene: &Scene) {
    scene.cache.invalidate(KEY);
}

fn by_clear(scene: &Scene) {
    scene.cache.memo.remove_all();
}

#[test]
fn one_tag_twice() {
    both_win(LEAST, by_tag, by_tag, true);
}

#[test]
fn two_tags() {
    both_win(fewer_unless_long(FEWER), by_tag, by_other_tag, true);
}

#[test]
fn a_tag_and_a_clear() {
    both_win(LEAST, by_tag, by_clear, true);
}

#[test]
fn a_tag_and_a_key() {
    both_win(FEWER, by_tag, by_key, false);
}

#[test]
fn one_key_twice() {
    both_win(FEWER, by_key, by_key, false);
}
