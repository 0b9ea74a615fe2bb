//! One entry in the process.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic;

use super::cell::Head;
use super::packed::PackedMetadata;
use crate::erased::{Erased, ErasedRef};
use crate::policy::{Rules, SlotId, Times, retry_at};
use crate::sync::Ordering;
use crate::tags::{Number, TagSet, TagState};
use crate::time::Tick;

/// How long an entry lives, and what it answers to.
pub(crate) struct StoredMetadata {
    pub(crate) created: Tick,
    /// The first tick at which it is no longer fresh.
    pub(crate) deadline: Tick,
    /// The revision at which it is valid.
    pub(crate) verified: Number,
    /// Whether its value is an error.
    pub(crate) is_error: bool,
    pub(crate) extra: Option<Box<ExtraMetadata>>,
}

impl StoredMetadata {
    pub(super) fn weight(&self) -> usize {
        self.extra.as_ref().map_or(1, |extra| extra.weight)
    }
}

/// What most entries do not have.
pub(crate) struct ExtraMetadata {
    tags: TagSet,
    pub(super) weight: usize,
    /// Which of all entries of its shard it is, once somebody wanted to find it again; else 0.
    pub(super) id: u64,
    /// When it was last read, where that matters.
    read: atomic::AtomicU64,
    cost: Tick,
    /// How often computing it anew has failed since it was stored, and until when that is not tried again.
    failures: u32,
    retry_at: Tick,
    /// It is being computed anew in the background.
    pub(super) renewing: bool,
}

impl Default for ExtraMetadata {
    fn default() -> Self {
        Self {
            tags: TagSet::default(),
            weight: 1,
            id: 0,
            read: atomic::AtomicU64::new(0),
            cost: 0,
            failures: 0,
            retry_at: 0,
            renewing: false,
        }
    }
}

impl ExtraMetadata {
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

    pub(super) fn take_tags(&mut self) -> TagSet {
        std::mem::take(&mut self.tags)
    }

    /// Computing the entry anew has failed.
    pub(super) fn note_failure(&mut self, now: Tick) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = retry_at(self.failures, now);
    }
}

/// What is noted about an entry, be it still there or not.
#[derive(Clone, Copy)]
pub(crate) struct MetadataRef<'a> {
    pub(super) head: &'a Head,
    pub(super) extra: Option<&'a ExtraMetadata>,
}

/// An entry that is there.
#[derive(Clone, Copy)]
pub(crate) struct EntryRef<'a> {
    pub(crate) key: ErasedRef<'a>,
    pub(crate) value: ErasedRef<'a>,
    /// Where: as long as the shard is held.
    pub(crate) slot: SlotId,
    pub(super) metadata: MetadataRef<'a>,
}

/// Of an entry that is there, what a hit looks at.
pub(crate) struct HitRef<'a, V> {
    pub(crate) value: &'a V,
    pub(super) packed: &'a PackedMetadata,
}

impl<V> HitRef<'_, V> {
    /// Its times, if it has not expired: see [`Word`](crate::time::Word).
    #[inline]
    pub(crate) fn unexpired(&self, limit: u64) -> Option<u64> {
        self.packed.unexpired(limit)
    }

    /// Whether it is not marked, and was found valid at a revision.
    #[inline]
    pub(crate) fn is_valid_at(&self, revision: Number) -> bool {
        self.packed.is_valid_at(revision)
    }

    /// Counts a read, where these are its times, and writes only if that changes something.
    #[inline]
    pub(crate) fn touch(&self, times: u64) {
        self.packed.touch(times);
    }
}

/// An entry that was taken out.
pub(crate) struct Removed {
    pub(crate) key: Erased,
    pub(crate) value: Erased,
    pub(super) head: Head,
    pub(super) extra: Option<Box<ExtraMetadata>>,
}

impl<'a> Deref for EntryRef<'a> {
    type Target = MetadataRef<'a>;

    #[inline]
    fn deref(&self) -> &MetadataRef<'a> {
        &self.metadata
    }
}

impl Deref for MetadataRef<'_> {
    type Target = Head;

    #[inline]
    fn deref(&self) -> &Head {
        self.head
    }
}

impl Removed {
    pub(crate) fn metadata(&self) -> MetadataRef<'_> {
        MetadataRef { head: &self.head, extra: self.extra.as_deref() }
    }

    pub(crate) fn take_tags(&mut self) -> TagSet {
        self.extra.as_mut().map_or_else(TagSet::default, |extra| extra.take_tags())
    }
}

impl<'a> MetadataRef<'a> {
    /// The first tick at which it is no longer fresh; [`NEVER`](crate::time::NEVER) if there is none.
    #[inline]
    pub(crate) fn deadline(self) -> Tick {
        self.head.packed.deadline()
    }

    pub(crate) fn created(self) -> Tick {
        self.head.packed.created()
    }

    /// Whether its value is an error that is kept.
    pub(crate) fn is_error(self) -> bool {
        self.head.packed.is_error()
    }

    /// Whether it is not marked, and was found valid at a revision.
    #[inline]
    pub(crate) fn is_valid_at(self, revision: Number) -> bool {
        self.head.packed.is_valid_at(revision)
    }

    /// The revision at which it was last found valid.
    pub(crate) fn verified(self) -> Number {
        self.head.packed.verified()
    }

    pub(crate) fn is_marked(self) -> bool {
        self.head.packed.is_marked()
    }

    /// Notes that it was found valid at a revision that was loaded before its stamps. It is not marked.
    pub(crate) fn note_verified(self, revision: Number) {
        self.head.packed.note_verified(revision);
    }

    /// Counts a read, and writes only if that changes something.
    #[inline]
    pub(crate) fn touch(self) {
        self.head.packed.touch(self.head.packed.times());
    }

    /// How often it was read of late, up to 3.
    #[cfg(feature = "store")]
    pub(crate) fn reads(self) -> u8 {
        self.head.packed.reads()
    }

    /// Whether it has nothing but what all entries have.
    pub(crate) fn is_plain(self) -> bool {
        self.extra.is_none()
    }

    pub(crate) fn weight(self) -> usize {
        self.extra.map_or(1, |extra| extra.weight)
    }

    pub(crate) fn tags(self) -> &'a [Arc<TagState>] {
        self.extra.map_or(&[], |extra| &extra.tags)
    }

    /// Notes that it was read, where that matters. At most once for each tick, so that readers seldom meet.
    pub(crate) fn note_read(self, now: Tick) {
        if let Some(extra) = self.extra
            && extra.read.load(Ordering::Relaxed) < now
        {
            extra.read.store(now, Ordering::Relaxed);
        }
    }

    /// The first tick at which it is good for nothing, if nobody reads it any more.
    pub(super) fn end_unread(self, rules: &Rules) -> Tick {
        rules.end_since(self.deadline(), || self.read(), self.is_error())
    }

    /// When it was last read. What is made where that does not matter has no time of its own.
    fn read(self) -> Tick {
        let created = self.created();
        self.extra.map_or(created, |extra| extra.read.load(Ordering::Relaxed).max(created))
    }

    /// Its times, but for marks that only stamps tell of.
    pub(crate) fn times(self) -> Times {
        let extra = self.extra;
        Times {
            created: self.created(),
            deadline: self.deadline(),
            marked: self.is_marked(),
            read: self.read(),
            cost: extra.map_or(0, |extra| extra.cost),
            retry_at: extra.map_or(0, |extra| extra.retry_at),
            renewing: extra.is_some_and(|extra| extra.renewing),
            is_error: self.is_error(),
        }
    }
}
