//! One entry in the process.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic;

use super::life::Life;
use crate::erased::{Erased, ErasedRef};
use crate::policy::{Rules, Slot, Times, rest};
use crate::sync::Ordering;
use crate::tags::{Mark, Number, TagSet};
use crate::time::Tick;

/// How long an entry lives, and what it answers to.
pub(crate) struct Lease {
    pub(crate) created: Tick,
    /// The first tick at which it is no longer fresh.
    pub(crate) deadline: Tick,
    /// The revision at which it is valid.
    pub(crate) verified: Number,
    /// Whether its value is an error.
    pub(crate) is_error: bool,
    pub(crate) more: Option<Box<More>>,
}

impl Lease {
    pub(super) fn weight(&self) -> usize {
        self.more.as_ref().map_or(1, |more| more.weight)
    }
}

/// What most entries do not have.
pub(crate) struct More {
    tags: TagSet,
    weight: usize,
    /// Which of all entries of its shard it is, once somebody wanted to find it again; else 0.
    pub(super) id: u64,
    /// When it was last read, where that matters.
    read: atomic::AtomicU64,
    cost: Tick,
    /// How often computing it anew has failed since it was stored, and until when that is not tried again.
    failures: u32,
    rest: Tick,
    /// It is being computed anew in the background.
    renewing: bool,
}

impl Default for More {
    fn default() -> Self {
        Self {
            tags: TagSet::default(),
            weight: 1,
            id: 0,
            read: atomic::AtomicU64::new(0),
            cost: 0,
            failures: 0,
            rest: 0,
            renewing: false,
        }
    }
}

impl More {
    /// None where there is nothing of it. `read`: when it was last read, where that matters.
    pub(crate) fn of(
        tags: TagSet,
        weight: usize,
        cost: Option<Tick>,
        read: Option<Tick>,
    ) -> Option<Box<Self>> {
        if tags.is_empty() && weight == 1 && cost.is_none() && read.is_none() {
            return None;
        }
        let (cost, read) = (cost.unwrap_or_default(), atomic::AtomicU64::new(read.unwrap_or_default()));
        Some(Box::new(Self { tags, weight, read, cost, ..Self::default() }))
    }

    pub(super) fn set_weight(&mut self, weight: usize) {
        self.weight = weight;
    }

    pub(super) fn tags(&self) -> &[Arc<Mark>] {
        &self.tags
    }

    pub(super) fn take_tags(&mut self) -> TagSet {
        std::mem::take(&mut self.tags)
    }

    /// Computing the entry anew has failed.
    pub(super) fn note_failure(&mut self, now: Tick) {
        self.failures = self.failures.saturating_add(1);
        self.rest = rest(self.failures, now);
    }

    pub(super) fn note_renewal(&mut self, renewing: bool) {
        self.renewing = renewing;
    }
}

/// What is noted about an entry, be it still there or not.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(super) life: &'a Life,
    pub(super) more: Option<&'a More>,
    pub(crate) hash: u32,
}

/// An entry that is there.
#[derive(Clone, Copy)]
pub(crate) struct EntryRef<'a> {
    pub(crate) key: ErasedRef<'a>,
    pub(crate) value: ErasedRef<'a>,
    /// Where: as long as the shard is held.
    pub(crate) slot: Slot,
    pub(super) record: Record<'a>,
}

/// Of an entry that is there, what a hit looks at.
pub(crate) struct Spot<'a, V> {
    pub(crate) value: &'a V,
    pub(super) life: &'a Life,
}

impl<V> Spot<'_, V> {
    /// Its times, if it has not expired: see [`Word`](crate::time::Word).
    #[inline]
    pub(crate) fn unexpired(&self, limit: u64) -> Option<u64> {
        self.life.unexpired(limit)
    }

    /// Whether it is not marked, and was found valid at a revision.
    #[inline]
    pub(crate) fn is_valid_at(&self, revision: Number) -> bool {
        self.life.is_valid_at(revision)
    }

    /// Counts a read, where these are its times, and writes only if that changes something.
    #[inline]
    pub(crate) fn touch(&self, times: u64) {
        self.life.touch(times);
    }
}

/// An entry that was taken out.
pub(crate) struct Removed {
    pub(crate) key: Erased,
    pub(crate) value: Erased,
    pub(super) hash: u32,
    pub(super) life: Life,
    pub(super) more: Option<Box<More>>,
}

impl<'a> Deref for EntryRef<'a> {
    type Target = Record<'a>;

    #[inline]
    fn deref(&self) -> &Record<'a> {
        &self.record
    }
}

impl Removed {
    pub(crate) fn record(&self) -> Record<'_> {
        Record { life: &self.life, more: self.more.as_deref(), hash: self.hash }
    }

    pub(crate) fn take_tags(&mut self) -> TagSet {
        self.more.as_mut().map_or_else(TagSet::default, |more| more.take_tags())
    }
}

impl<'a> Record<'a> {
    /// The first tick at which it is no longer fresh; [`NEVER`](crate::time::NEVER) if there is none.
    #[inline]
    pub(crate) fn deadline(self) -> Tick {
        self.life.deadline()
    }

    pub(crate) fn created(self) -> Tick {
        self.life.created()
    }

    /// Whether its value is an error that is kept.
    pub(crate) fn is_error(self) -> bool {
        self.life.is_error()
    }

    /// Whether it is not marked, and was found valid at a revision.
    pub(crate) fn is_valid_at(self, revision: Number) -> bool {
        self.life.is_valid_at(revision)
    }

    /// The revision at which it was last found valid.
    pub(crate) fn verified(self) -> Number {
        self.life.verified()
    }

    pub(crate) fn is_marked(self) -> bool {
        self.life.is_marked()
    }

    /// Notes that it was found valid at a revision that was loaded before its stamps. It is not marked.
    pub(crate) fn note_verified(self, revision: Number) {
        self.life.note_verified(revision);
    }

    /// Counts a read, and writes only if that changes something.
    #[inline]
    pub(crate) fn touch(self) {
        self.life.touch(self.life.times());
    }

    /// Whether it has nothing but what all entries have.
    pub(crate) fn is_plain(self) -> bool {
        self.more.is_none()
    }

    pub(crate) fn weight(self) -> usize {
        self.more.map_or(1, |more| more.weight)
    }

    pub(crate) fn tags(self) -> &'a [Arc<Mark>] {
        self.more.map_or(&[], |more| &more.tags)
    }

    /// Notes that it was read, where that matters. At most once for each tick, so that readers seldom meet.
    pub(crate) fn note_read(self, now: Tick) {
        if let Some(more) = self.more
            && more.read.load(Ordering::Relaxed) < now
        {
            more.read.store(now, Ordering::Relaxed);
        }
    }

    /// The first tick at which it is good for nothing, if nobody reads it any more.
    pub(super) fn end_unread(self, rules: &Rules) -> Tick {
        rules.end_since(self.deadline(), || self.read(), self.is_error())
    }

    /// When it was last read. What is made where that does not matter has no time of its own.
    fn read(self) -> Tick {
        let created = self.created();
        self.more.map_or(created, |more| more.read.load(Ordering::Relaxed).max(created))
    }

    /// Its times, but for marks that only stamps tell of.
    pub(crate) fn times(self) -> Times {
        let more = self.more;
        Times {
            created: self.created(),
            deadline: self.deadline(),
            marked: self.is_marked(),
            read: self.read(),
            cost: more.map_or(0, |more| more.cost),
            rest: more.map_or(0, |more| more.rest),
            renewing: more.is_some_and(|more| more.renewing),
            is_error: self.is_error(),
        }
    }
}
