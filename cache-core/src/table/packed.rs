//! The two words that every entry has: when it was stored, until when it is fresh, how often it was read, and
//! up to which invalidation it is valid.
//!
//! Times are ticks of [`TIME`] bits, which is 34 years; revisions have [`REVISION`] bits, which at a million
//! invalidations a second is half a year, and at ten thousand a lifetime. What is greater is noted as the
//! greatest there is: an entry is then found dead too early, never too late.
//!
//! ```text
//! times:  deadline (40) | created, upper half (21) | error (1) | unread (2)
//! valid:  marked (1) | revision (44) | created, lower half (19)
//! ```

use std::sync::atomic;

use super::StoredMetadata;
use crate::sync::{AtomicU64, Ordering};
use crate::tags::Number;
use crate::time::Tick;

const TIME: u32 = 40;
/// How many reads of late are missing to the most that are counted.
const UNREAD: u64 = 0b11;
/// Whether its value is an error that is kept.
const ERROR: u64 = 0b100;
const UPPER: u32 = 3;
const DEADLINE: u32 = u64::BITS - TIME;

const REVISION: u32 = 44;
/// Bits of `created` below the revision.
const LOWER: u32 = u64::BITS - REVISION - 1;
/// It was marked stale. This is the sign: so it is earlier than any revision, which a hit compares it with
/// anyway.
const MARKED: u64 = 1 << 63;

const _: () = assert!(DEADLINE - UPPER + LOWER == TIME && crate::time::NEVER == (1 << TIME) - 1);
const _: () = assert!(DEADLINE == crate::time::LIMIT);

/// See the module.
pub(crate) struct PackedMetadata {
    /// Readers change only the reads, and only while nobody writes. Nothing else depends on it, so the model
    /// checker need not see it.
    times: atomic::AtomicU64,
    /// Readers only raise the revision.
    valid: AtomicU64,
}

impl PackedMetadata {
    #[inline]
    pub(super) fn new(metadata: &StoredMetadata) -> Self {
        let created = metadata.created.min(crate::time::NEVER);
        let error = if metadata.is_error { ERROR } else { 0 };
        let times =
            (deadline(metadata.deadline) << DEADLINE) | ((created >> LOWER) << UPPER) | error | UNREAD;
        let valid = (revision(metadata.verified) << LOWER) | (created & ((1 << LOWER) - 1));
        Self { times: atomic::AtomicU64::new(times), valid: AtomicU64::new(valid) }
    }

    /// Of no entry.
    pub(super) fn none() -> Self {
        Self { times: atomic::AtomicU64::new(UNREAD), valid: AtomicU64::new(0) }
    }

    /// Another life, which has been read as often. The one before.
    #[inline]
    pub(super) fn renew(&mut self, metadata: &StoredMetadata) -> Self {
        let packed = Self::new(metadata);
        packed.set_reads(self.reads());
        std::mem::replace(self, packed)
    }

    pub(super) fn created(&self) -> Tick {
        let upper = (self.times() & ((1 << DEADLINE) - 1)) >> UPPER;
        (upper << LOWER) | (self.valid.load(Ordering::Relaxed) & ((1 << LOWER) - 1))
    }

    /// Its times, as they are kept.
    #[inline]
    pub(super) fn times(&self) -> u64 {
        self.times.load(Ordering::Relaxed)
    }

    /// The same, if its deadline has not passed: see [`Word`](crate::time::Word).
    #[inline]
    pub(super) fn unexpired(&self, limit: u64) -> Option<u64> {
        let times = self.times();
        (times >= limit).then_some(times)
    }

    /// The first tick at which it is no longer fresh; [`NEVER`](crate::time::NEVER) if there is none.
    #[inline]
    pub(super) fn deadline(&self) -> Tick {
        self.times() >> DEADLINE
    }

    /// Under exclusive access, as are all that write but [`touch`](Self::touch) and
    /// [`note_verified`](Self::note_verified).
    pub(super) fn set_deadline(&self, tick: Tick) {
        let rest = self.times() & ((1 << DEADLINE) - 1);
        self.times.store((deadline(tick) << DEADLINE) | rest, Ordering::Relaxed);
    }

    pub(super) fn is_error(&self) -> bool {
        self.times() & ERROR != 0
    }

    /// Whether it is not marked, and was found valid at a revision.
    #[inline]
    pub(super) fn is_valid_at(&self, revision: Number) -> bool {
        revision.cast_signed() <= self.valid.load(Ordering::Relaxed).cast_signed() >> LOWER
    }

    /// The revision at which it was last found valid.
    pub(super) fn verified(&self) -> Number {
        (self.valid.load(Ordering::Relaxed) & !MARKED) >> LOWER
    }

    /// Notes that it was found valid at a revision. It is not marked.
    pub(super) fn note_verified(&self, at: Number) {
        let lower = self.valid.load(Ordering::Relaxed) & ((1 << LOWER) - 1);
        self.valid.fetch_max((revision(at) << LOWER) | lower, Ordering::Relaxed);
    }

    pub(super) fn mark(&self) {
        self.valid.fetch_or(MARKED, Ordering::Relaxed);
    }

    pub(super) fn is_marked(&self) -> bool {
        self.valid.load(Ordering::Relaxed) & MARKED != 0
    }

    /// Counts a read, where these are its times, and writes only if that changes something: an entry that is read
    /// often is not written to at all.
    #[inline]
    pub(super) fn touch(&self, times: u64) {
        if times & UNREAD != 0 {
            self.times.store(times - 1, Ordering::Relaxed);
        }
    }

    pub(super) fn reads(&self) -> u8 {
        (!self.times() & UNREAD) as u8
    }

    pub(super) fn set_reads(&self, reads: u8) {
        let unread = UNREAD - u64::from(reads).min(UNREAD);
        self.times.store((self.times() & !UNREAD) | unread, Ordering::Relaxed);
    }
}

fn deadline(tick: Tick) -> u64 {
    tick.min((1 << TIME) - 1)
}

fn revision(number: Number) -> u64 {
    number.min((1 << REVISION) - 1)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::time::NEVER;

    fn packed(created: Tick, deadline: Tick, verified: Number, is_error: bool) -> PackedMetadata {
        let metadata = StoredMetadata { created, deadline, verified, is_error, extra: None };
        PackedMetadata::new(&metadata)
    }

    #[test]
    fn what_is_put_into_the_words_comes_out_of_them() {
        let numbers = [0, 1, 7, (1 << 19) - 1, 1 << 19, 0x5A_5A5A_5A5A, NEVER - 1, NEVER];
        for created in numbers {
            for deadline in numbers {
                for is_error in [false, true] {
                    let verified = deadline ^ 3;
                    let packed = packed(created, deadline, verified, is_error);
                    for reads in [0, 3] {
                        packed.set_reads(reads);
                        let times = (packed.created(), packed.deadline(), packed.is_error());
                        assert_eq!(times, (created, deadline, is_error));
                        assert_eq!(
                            (packed.verified(), packed.reads(), packed.is_marked()),
                            (verified, reads, false)
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn one_part_of_a_word_is_changed_without_the_others() {
        let mut packed = packed(77, 99, 5, true);
        (0..5).for_each(|_| packed.touch(packed.times()));
        packed.set_deadline(1 << 39);
        packed.note_verified(9);
        packed.note_verified(8);
        let all = |packed: &PackedMetadata| {
            (packed.created(), packed.deadline(), packed.verified(), packed.reads(), packed.is_error())
        };
        assert_eq!(all(&packed), (77, 1 << 39, 9, 3, true));
        assert!(packed.is_valid_at(9) && !packed.is_valid_at(10));
        packed.mark();
        assert_eq!(all(&packed), (77, 1 << 39, 9, 3, true));
        assert!(packed.is_marked() && !packed.is_valid_at(0));
        packed.renew(&StoredMetadata {
            created: 78,
            deadline: 100,
            verified: 10,
            is_error: false,
            extra: None,
        });
        assert_eq!(all(&packed), (78, 100, 10, 3, false));
        assert!(!packed.is_marked());
    }

    #[test]
    fn what_is_too_great_is_noted_as_the_greatest() {
        let packed = packed(u64::MAX, u64::MAX, u64::MAX, false);
        assert_eq!(
            (packed.created(), packed.deadline(), packed.verified()),
            (NEVER, NEVER, (1 << REVISION) - 1)
        );
        assert!(!packed.is_marked() && !packed.is_valid_at(1 << REVISION), "it is looked at again each time");
    }
}
