//! Revisions and stamps alone, without the shards' locks, whose order could hide what is missing in
//! theirs.

use std::sync::{Arc, Weak};

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread::spawn;

use super::{ALL, FEW, NEW, OLD, check};
use crate::tags::{Carrier, Name, Number, Revision, Severity, Stamp, TagSet, Tags, Validity};
use crate::time::Tick;

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
            if memo.0.validity_since(verified, &self.tags) != Validity::Valid {
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
        self.tags.attach(&[name(tag)], &[], &self.weak(), false)
    }

    /// An entry from before everything.
    fn entry(&self, tag: &'static str) -> Arc<Entry> {
        Arc::new(Entry { value: OLD, verified: AtomicU64::new(0), tags: self.attach(tag) })
    }

    /// What a computation does: when it was born, what it computed, tags, revision, stamps.
    fn store(&self, tag: &'static str) {
        let born = self.tags.now();
        let value = self.origin.load(Ordering::Relaxed);
        self.land(born, value, self.attach(tag));
    }

    fn land(&self, born: Number, value: u64, tags: TagSet) {
        let mut place = self.place.lock().unwrap();
        let revision = self.memo.0.current();
        if self.memo.0.validity_since(born, &tags) == Validity::Valid {
            *place = Some(Arc::new(Entry { value, verified: AtomicU64::new(born.max(revision)), tags }));
        }
    }

    fn find(&self) -> Option<u64> {
        let entry = self.place.lock().unwrap().clone();
        entry.and_then(|entry| entry.read(&self.memo))
    }

    fn invalidate(&self, tag: &'static str) {
        self.tags.invalidate(&name(tag), Severity::Hard, 0);
    }

    fn mark(&self, tag: &'static str, at: Tick) {
        self.tags.invalidate(&name(tag), Severity::Soft, at);
    }

    fn clear(&self) {
        self.tags.bump(|number| self.memo.0.raise_whole(&Stamp { number, severity: Severity::Hard, at: 0 }));
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
        bare.invalidate("cat");
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
        bare.invalidate("dog");
        bare.invalidate("cat");
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
        bare.invalidate("dog");
        entry.read(&bare.memo);
        clear.join().unwrap();
        assert_eq!(entry.read(&bare.memo), None, "came back after a clear");
        bare.tags.release(other);
    });
}

#[test]
fn no_reader_takes_for_fresh_what_is_marked() {
    no_reader_outlives(|bare| bare.mark("cat", 0));
}

/// Whoever sees a mark sees when it was, or when a later one was.
#[test]
fn a_mark_brings_its_time() {
    check(ALL, || {
        let bare = Bare::new();
        let entry = bare.entry("cat");
        let marker = {
            let bare = bare.clone();
            spawn(move || {
                bare.mark("cat", 1);
                bare.mark("cat", 2);
            })
        };
        match bare.memo.0.validity_since(0, &entry.tags) {
            Validity::Valid => {}
            touch => assert!([Validity::Stale(1), Validity::Stale(2)].contains(&touch), "{touch:?}"),
        }
        marker.join().unwrap();
        assert_eq!(bare.memo.0.validity_since(0, &entry.tags), Validity::Stale(2));
    });
}

/// In whatever order: what was invalidated is gone, though it is marked as well.
#[test]
fn of_a_mark_and_an_invalidation_the_harder_counts() {
    check(ALL, || {
        let bare = Bare::new();
        let (entry, other) = (bare.entry("cat"), bare.attach("dog"));
        let marker = {
            let bare = bare.clone();
            spawn(move || bare.mark("cat", 1))
        };
        bare.invalidate("cat");
        assert_eq!(bare.memo.0.validity_since(0, &entry.tags), Validity::Invalid);
        bare.invalidate("dog");
        assert_eq!(entry.read(&bare.memo), None);
        marker.join().unwrap();
        assert_eq!(bare.memo.0.validity_since(0, &entry.tags), Validity::Invalid);
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
        bare.invalidate("cat");
    });
}

#[test]
fn no_store_outlives_a_mark() {
    no_store_outlives(|bare| {
        let carried = bare.attach("cat");
        bare.mark("cat", 0);
        bare.tags.release(carried);
    });
}

#[test]
fn no_store_outlives_a_clear() {
    no_store_outlives(Bare::clear);
}

/// What a flight has landed with: when it was born, its value and tags.
type Landed = Mutex<Option<(Number, u64, TagSet)>>;

/// Two invalidate at once, each after a change of its own, told by a bit. The first calls then, and
/// that call is a flight, which finds another from before, and may take its value or not.
#[test]
fn no_flight_takes_over_what_one_of_two_invalidations_has_hit() {
    const CHANGES: [u64; 2] = [2, 4];
    check(FEW, || {
        let (bare, landed) = (Bare::new(), Arc::new(Landed::default()));
        let attach = |bare: &Bare| bare.tags.attach(&[name("cat"), name("dog")], &[], &bare.weak(), false);
        let leader = {
            let (bare, landed) = (bare.clone(), landed.clone());
            spawn(move || {
                let flight = (bare.tags.now(), bare.origin.load(Ordering::Relaxed), attach(&bare));
                *landed.lock().unwrap() = Some(flight);
            })
        };
        let other = {
            let bare = bare.clone();
            spawn(move || {
                bare.origin.fetch_or(CHANGES[1], Ordering::Relaxed);
                bare.invalidate("dog");
            })
        };
        bare.origin.fetch_or(CHANGES[0], Ordering::Relaxed);
        bare.invalidate("cat");
        let born = bare.tags.now();
        let found = landed.lock().unwrap().take();
        let untouched = |before, tags: &TagSet| bare.memo.0.validity_since(before, tags) == Validity::Valid;
        let taken = found.filter(|(before, _, tags)| born == *before || untouched(*before, tags));
        let value = taken.map_or_else(|| bare.origin.load(Ordering::Relaxed), |(_, value, _)| value);
        assert!(value & CHANGES[0] != 0, "taken from before the invalidation");
        bare.land(born, value, attach(&bare));
        leader.join().unwrap();
        other.join().unwrap();
        let all: u64 = CHANGES.iter().sum();
        assert!(bare.find().is_none_or(|value| value & all == all), "stored after the invalidation was over");
    });
}

/// The last that carries the tag lets go of it on another thread.
#[test]
fn no_store_outlives_a_tag_that_is_forgotten_meanwhile() {
    check(ALL, || {
        let bare = Bare::new();
        let carried = bare.attach("cat");
        let store = {
            let bare = bare.clone();
            spawn(move || bare.store("cat"))
        };
        let release = {
            let bare = bare.clone();
            spawn(move || bare.tags.release(carried))
        };
        bare.origin.store(NEW, Ordering::Relaxed);
        bare.invalidate("cat");
        assert_ne!(bare.find(), Some(OLD), "found after the invalidation was over");
        store.join().unwrap();
        release.join().unwrap();
        assert_ne!(bare.find(), Some(OLD), "stored after the invalidation was over");
    });
}

/// The tag is carried, let go of and forgotten around the invalidation.
#[test]
fn a_forgotten_tag_remembers_its_invalidation() {
    no_store_outlives(|bare| {
        let carried = bare.attach("cat");
        bare.invalidate("cat");
        bare.tags.release(carried);
    });
}
