//! One entry in the process.

use std::sync::Arc;
use std::sync::atomic;

use crate::policy::{Node, Times, rest};
use crate::sync::{AtomicU64, Ordering};
use crate::tags::{Mark, Number, TagSet};
use crate::time::{NEVER, Tick};

/// Bits of an entry's meta word below its deadline: how often it was read of late.
const READS: u64 = 0b11;
/// And whether its value is an error that is kept.
const ERROR: u64 = 0b100;
const DEADLINE: u32 = 8;
/// The sign of an entry's note: it was marked stale. So it is earlier than any revision, which a hit compares it
/// with anyway.
const MARKED: u64 = 1 << 63;

/// The table is searched by all 64 bits, of which 32 are kept: the low ones choose the bucket, the
/// highest tell entries of a bucket apart, those between them choose the shard.
#[inline]
pub(crate) fn spread(hash: u32) -> u64 {
    (u64::from(hash) << 32) | u64::from(hash)
}

impl More {
    fn of(lease: Lease) -> Option<Box<Self>> {
        if lease.tags.is_empty() && lease.cost.is_none() && !lease.idles {
            return None;
        }
        Some(Box::new(Self {
            tags: lease.tags,
            read: atomic::AtomicU64::new(lease.created),
            cost: lease.cost.unwrap_or_default(),
            failures: 0,
            rest: 0,
            renewing: false,
        }))
    }
}

/// How long an entry lives, and what it answers to.
pub(crate) struct Lease {
    pub(crate) created: Tick,
    /// The first tick at which it is no longer fresh.
    pub(crate) deadline: Tick,
    /// The revision at which it is valid.
    pub(crate) verified: Number,
    pub(crate) weight: u32,
    pub(crate) tags: TagSet,
    /// How long it took to compute, where that matters.
    pub(crate) cost: Option<Tick>,
    /// Whether it matters when it was last read.
    pub(crate) idles: bool,
    /// Whether its value is an error.
    pub(crate) is_error: bool,
}

impl Lease {
    /// The meta word that it begins with.
    fn meta(&self) -> u64 {
        (self.deadline << DEADLINE) | if self.is_error { ERROR } else { 0 }
    }
}

/// An entry.
pub(crate) struct Resident<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) node: Node,
    pub(crate) weight: u32,
    /// Deadline and reads. Readers change only the reads, and only while nobody writes. Nothing else
    /// depends on it, so the model checker need not see it.
    meta: atomic::AtomicU64,
    verified: AtomicU64,
    pub(crate) created: Tick,
    /// One word in the many entries that have nothing of this.
    more: Option<Box<More>>,
}

/// What most entries do not have.
#[derive(Default)]
struct More {
    tags: TagSet,
    /// When it was last read, where that matters.
    read: atomic::AtomicU64,
    cost: Tick,
    /// How often computing it anew has failed since it was stored, and until when that is not tried again.
    failures: u32,
    rest: Tick,
    /// It is being computed anew in the background.
    renewing: bool,
}

impl<K, V> Resident<K, V> {
    pub(crate) fn new(key: K, value: V, node: Node, lease: Lease) -> Self {
        let (created, meta, verified, weight) = (lease.created, lease.meta(), lease.verified, lease.weight);
        Self {
            key,
            value,
            node,
            weight,
            meta: atomic::AtomicU64::new(meta),
            verified: AtomicU64::new(verified),
            created,
            more: More::of(lease),
        }
    }

    /// Gives it a new life, and hands the tags out that it has carried so far.
    pub(crate) fn renew(&mut self, lease: Lease) -> TagSet {
        let tags = self.take_tags();
        self.created = lease.created;
        self.verified = AtomicU64::new(lease.verified);
        let reads = self.reads();
        self.meta = atomic::AtomicU64::new(lease.meta());
        self.set_reads(reads);
        self.more = More::of(lease);
        tags
    }

    /// The first tick at which it is no longer fresh; [`NEVER`] if there is none.
    #[inline]
    pub(crate) fn deadline(&self) -> Tick {
        self.meta.load(Ordering::Relaxed) >> DEADLINE
    }

    pub(crate) fn set_deadline(&mut self, deadline: Tick) {
        let meta = self.meta.get_mut();
        *meta = (deadline.min(NEVER) << DEADLINE) | (*meta & (READS | ERROR));
    }

    /// Whether its value is an error that is kept.
    pub(crate) fn is_error(&self) -> bool {
        self.meta.load(Ordering::Relaxed) & ERROR != 0
    }

    /// Whether its time is up.
    #[inline]
    pub(crate) fn expired(&self, now: Tick) -> bool {
        self.deadline() <= now
    }

    /// Whether it is not marked, and was found valid at a revision.
    #[inline]
    pub(crate) fn is_valid_at(&self, revision: Number) -> bool {
        revision.cast_signed() <= self.verified.load(Ordering::Relaxed).cast_signed()
    }

    /// The revision at which it was last found valid.
    pub(crate) fn verified(&self) -> Number {
        self.verified.load(Ordering::Relaxed) & !MARKED
    }

    /// Marks it stale: it is fresh until then at most.
    pub(crate) fn mark(&mut self, at: Tick) {
        self.verified.fetch_or(MARKED, Ordering::Relaxed);
        self.set_deadline(self.deadline().min(at));
    }

    pub(crate) fn is_marked(&self) -> bool {
        self.verified.load(Ordering::Relaxed) & MARKED != 0
    }

    /// Notes that it was found valid at a revision that was loaded before its stamps.
    pub(crate) fn note_verified(&self, revision: Number) {
        self.verified.fetch_max(revision, Ordering::Relaxed);
    }

    /// Counts a read, and writes only if that changes something: an entry that is read often is not
    /// written to at all.
    #[inline]
    pub(crate) fn touch(&self) {
        let meta = self.meta.load(Ordering::Relaxed);
        if meta & READS < READS {
            self.meta.store(meta + 1, Ordering::Relaxed);
        }
    }

    pub(crate) fn reads(&self) -> u8 {
        (self.meta.load(Ordering::Relaxed) & READS) as u8
    }

    pub(crate) fn set_reads(&self, reads: u8) {
        let meta = self.meta.load(Ordering::Relaxed);
        self.meta.store((meta & !READS) | u64::from(reads.min(3)), Ordering::Relaxed);
    }

    pub(crate) fn tags(&self) -> &[Arc<Mark>] {
        self.more.as_ref().map_or(&[], |more| &more.tags)
    }

    pub(crate) fn take_tags(&mut self) -> TagSet {
        self.more.as_mut().map_or_else(TagSet::default, |more| std::mem::take(&mut more.tags))
    }

    /// Notes that it was read, where that matters. At most once for each tick, so that readers seldom meet.
    pub(crate) fn note_read(&self, now: Tick) {
        if let Some(more) = &self.more
            && more.read.load(Ordering::Relaxed) < now
        {
            more.read.store(now, Ordering::Relaxed);
        }
    }

    /// Notes that computing it anew has failed.
    pub(crate) fn note_failure(&mut self, now: Tick) {
        let more = self.more.get_or_insert_default();
        more.failures = more.failures.saturating_add(1);
        more.rest = rest(more.failures, now);
    }

    /// Notes that it is being computed anew in the background, or no longer is.
    pub(crate) fn note_renewal(&mut self, renewing: bool) {
        if renewing || self.more.is_some() {
            self.more.get_or_insert_default().renewing = renewing;
        }
    }

    /// Its times, but for marks that only stamps tell of.
    pub(crate) fn times(&self) -> Times {
        let more = self.more.as_ref();
        Times {
            created: self.created,
            deadline: self.deadline(),
            marked: self.is_marked(),
            read: more.map_or(self.created, |more| more.read.load(Ordering::Relaxed)),
            cost: more.map_or(0, |more| more.cost),
            rest: more.map_or(0, |more| more.rest),
            renewing: more.is_some_and(|more| more.renewing),
            is_error: self.is_error(),
        }
    }
}
