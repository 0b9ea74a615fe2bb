//! Revisions and stamps alone, without the shards' locks, whose order could hide what is missing in
//! theirs.

use std::sync::{Arc, Weak};

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread::spawn;

use super::{ALL, NEW, OLD, check};
use crate::tags::{Carrier, Name, Number, Revision, TagSet, Tags};

struct Memo(Revision);

impl Carrier for Memo {
    fn revision(&self) -> &Revision {
        &self.0
    }
}

/// An entry, read the way a shard's shared access lets it be read.
struct Entry {
    value: u64,
    verified: AtomicU64,
    tags: TagSet,
}

impl Entry {
    /// What a hit does: revision, then stamps, then the note of that very revision.
    fn read(&self, memo: &Memo) -> Option<u64> {
        let revision = memo.0.current();
        let verified = self.verified.load(Ordering::Relaxed);
        if revision > verified {
            if !memo.0.untouched_since(verified, &self.tags) {
                return None;
            }
            self.verified.fetch_max(revision, Ordering::Relaxed);
        }
        Some(self.value)
    }
}

struct Bare {
    tags: Tags<Memo>,
    memo: Arc<Memo>,
    origin: AtomicU64,
    place: Mutex<Option<Arc<Entry>>>,
}

impl Bare {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            tags: Tags::new(),
            memo: Arc::new(Memo(Revision::new())),
            origin: AtomicU64::new(OLD),
            place: Mutex::new(None),
        })
    }

    fn weak(&self) -> Weak<Memo> {
        Arc::downgrade(&self.memo)
    }

    fn attach(&self, tag: &'static str) -> TagSet {
        self.tags.attach(&[name(tag)], &self.weak(), false)
    }

    /// An entry from before everything.
    fn entry(&self, tag: &'static str) -> Arc<Entry> {
        Arc::new(Entry { value: OLD, verified: AtomicU64::new(0), tags: self.attach(tag) })
    }

    /// What a computation does: when it was born, what it computed, tags, revision, stamps.
    fn store(&self, tag: &'static str) {
        let born: Number = self.tags.now();
        let value = self.origin.load(Ordering::Relaxed);
        let tags = self.attach(tag);
        let mut place = self.place.lock().unwrap();
        let revision = self.memo.0.current();
        if self.memo.0.untouched_since(born, &tags) {
            *place = Some(Arc::new(Entry { value, verified: AtomicU64::new(born.max(revision)), tags }));
        }
    }

    fn find(&self) -> Option<u64> {
        let entry = self.place.lock().unwrap().clone();
        entry.and_then(|entry| entry.read(&self.memo))
    }

    fn clear(&self) {
        self.tags.bump(|number| self.memo.0.raise(number, true));
    }
}

fn name(tag: &'static str) -> Name {
    Name::Text(tag.into())
}

/// Two readers and a writer share nothing but what the protocol orders.
fn no_reader_outlives(kill: fn(&Bare)) {
    check(ALL, move || {
        let bare = Bare::new();
        let (entry, done) = (bare.entry("cat"), Arc::new(AtomicU64::new(0)));
        let kill = {
            let (bare, done) = (bare.clone(), done.clone());
            spawn(move || {
                kill(&bare);
                done.store(1, Ordering::Release);
            })
        };
        let early = {
            let (bare, entry) = (bare.clone(), entry.clone());
            spawn(move || entry.read(&bare.memo))
        };
        if done.load(Ordering::Acquire) == 1 {
            assert_eq!(entry.read(&bare.memo), None, "read after the invalidation was over");
        }
        early.join().unwrap();
        kill.join().unwrap();
        assert_eq!(entry.read(&bare.memo), None, "noted as valid after it was invalidated");
    });
}

#[test]
fn no_reader_outlives_a_tag() {
    no_reader_outlives(|bare| {
        bare.tags.invalidate(&name("cat"));
    });
}

#[test]
fn no_reader_outlives_a_clear() {
    no_reader_outlives(Bare::clear);
}

#[test]
fn no_reader_outlives_one_of_two_invalidations() {
    no_reader_outlives(|bare| {
        let other = bare.attach("dog");
        bare.tags.invalidate(&name("dog"));
        bare.tags.invalidate(&name("cat"));
        bare.tags.release(other);
    });
}

/// Invalidations have numbers of their own: what is valid after the one is not taken for valid after
/// the other.
#[test]
fn invalidations_at_once_are_told_apart() {
    check(ALL, || {
        let bare = Bare::new();
        let (entry, other) = (bare.entry("cat"), bare.attach("dog"));
        let clear = {
            let (bare, entry) = (bare.clone(), entry.clone());
            spawn(move || {
                bare.clear();
                assert_eq!(entry.read(&bare.memo), None, "outlived a clear");
            })
        };
        bare.tags.invalidate(&name("dog"));
        entry.read(&bare.memo);
        clear.join().unwrap();
        assert_eq!(entry.read(&bare.memo), None, "came back after a clear");
        bare.tags.release(other);
    });
}

fn no_store_outlives(kill: fn(&Bare)) {
    check(ALL, move || {
        let bare = Bare::new();
        let store = {
            let bare = bare.clone();
            spawn(move || bare.store("cat"))
        };
        bare.origin.store(NEW, Ordering::Relaxed);
        kill(&bare);
        assert_ne!(bare.find(), Some(OLD), "found after the invalidation was over");
        store.join().unwrap();
        assert_ne!(bare.find(), Some(OLD), "stored after the invalidation was over");
    });
}

#[test]
fn no_store_outlives_a_tag_that_nothing_carried() {
    no_store_outlives(|bare| {
        bare.tags.invalidate(&name("cat"));
    });
}

#[test]
fn no_store_outlives_a_clear() {
    no_store_outlives(Bare::clear);
}

/// The tag is carried, let go of and forgotten around the invalidation.
#[test]
fn a_forgotten_tag_remembers_its_invalidation() {
    no_store_outlives(|bare| {
        let carried = bare.attach("cat");
        bare.tags.invalidate(&name("cat"));
        bare.tags.release(carried);
    });
}
