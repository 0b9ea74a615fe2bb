//! What a cache has counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::envelope::Unreadable;
use crate::store::protocol::Missing;

/// Why a key had no value that could be returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissReason {
    /// The key is absent, or a value is just being stored.
    Absent,
    /// The value has expired.
    Expired,
    /// One of the value's tags was invalidated, or lost by the store.
    Invalidated,
    /// The namespace was cleared, or its revision was lost by the store.
    Cleared,
    /// The value is of another version of the program, of another format or of another codec.
    OtherVersion,
    /// The value was changed or cut off, or was stored under another key.
    Corrupt,
    /// The value is not signed as it should be.
    Signature,
    /// The value is larger than the cache allows.
    TooLarge,
}

impl MissReason {
    /// All reasons, in the order of their numbers.
    const ALL: [Self; 8] = [
        Self::Absent,
        Self::Expired,
        Self::Invalidated,
        Self::Cleared,
        Self::OtherVersion,
        Self::Corrupt,
        Self::Signature,
        Self::TooLarge,
    ];

    fn of(missing: &Missing) -> Self {
        match missing {
            Missing::Absent | Missing::Unreadable(Unreadable::Placeholder) => Self::Absent,
            Missing::Cleared => Self::Cleared,
            Missing::Invalidated => Self::Invalidated,
            Missing::Unreadable(unreadable) => match unreadable {
                Unreadable::Expired | Unreadable::FromTheFuture => Self::Expired,
                Unreadable::Signature => Self::Signature,
                Unreadable::TooLarge(_) => Self::TooLarge,
                Unreadable::Corrupt | Unreadable::OtherKey | Unreadable::Undecodable(_) => Self::Corrupt,
                _ => Self::OtherVersion,
            },
        }
    }
}

/// What a [`Cache`](super::Cache) has counted since it was built. Verbs of many keys count each key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// How often there was a value.
    pub hits: u64,
    /// How often there was none.
    pub misses: u64,
    /// How often a value was stored.
    pub writes: u64,
    /// The misses by their reasons, in no order, without those that did not occur.
    pub reasons: Vec<(MissReason, u64)>,
}

impl CacheStats {
    /// The share of reads that found a value, from 0 to 1; 0 without reads.
    #[expect(clippy::cast_precision_loss, reason = "it is a share")]
    pub fn hit_ratio(&self) -> f64 {
        let reads = self.hits + self.misses;
        if reads == 0 { 0.0 } else { self.hits as f64 / reads as f64 }
    }

    /// How often there was no value for a reason.
    pub fn missed(&self, reason: MissReason) -> u64 {
        self.reasons.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| *count)
    }
}

#[derive(Default)]
pub(in crate::store) struct Counters {
    hits: AtomicU64,
    writes: AtomicU64,
    misses: [AtomicU64; MissReason::ALL.len()],
}

impl Counters {
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn miss(&self, missing: &Missing) {
        self.misses[MissReason::of(missing) as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::store) fn write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> CacheStats {
        let counts = self.misses.iter().map(|count| count.load(Ordering::Relaxed));
        let all = MissReason::ALL.into_iter().zip(counts);
        let reasons: Vec<_> = all.filter(|(_, count)| *count > 0).collect();
        CacheStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: reasons.iter().map(|(_, count)| count).sum(),
            writes: self.writes.load(Ordering::Relaxed),
            reasons,
        }
    }
}
