//! Which keys were read lately. It is kept in memory, so that a read writes nothing to the file.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;

/// One bit for each hash of a key. Two keys may share one: then an entry may stay that was not read.
pub(super) struct Recency {
    bits: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// There is a bit for so many bytes of a store.
const BYTES_FOR_A_BIT: u64 = 256;

impl Recency {
    /// For a store of at most so many bytes: from 1 KiB to 2 MiB of memory.
    pub(super) fn new(capacity: u64) -> Self {
        let bits = (capacity / BYTES_FOR_A_BIT).clamp(1 << 13, 1 << 24);
        let words = usize::try_from(bits / 64).unwrap_or(1 << 7);
        Self { bits: (0..words).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::default() }
    }

    fn place(&self, key: &[u8]) -> (&AtomicU64, u64) {
        let hash = self.hasher.hash_one(key);
        // The remainder is less than the number of words.
        let word = usize::try_from((hash >> 6) % self.bits.len() as u64).unwrap_or_default();
        (&self.bits[word], 1 << (hash % 64))
    }

    /// A key was read.
    pub(super) fn note(&self, key: &[u8]) {
        let (word, bit) = self.place(key);
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether a key was read since this was last asked.
    pub(super) fn take(&self, key: &[u8]) -> bool {
        let (word, bit) = self.place(key);
        word.fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_noted_once() {
        let recency = Recency::new(0);
        assert!(!recency.take(b"a"));
        recency.note(b"a");
        recency.note(b"a");
        assert!(recency.take(b"a"));
        assert!(!recency.take(b"a"));
    }

    #[test]
    fn its_memory_follows_the_capacity_within_bounds() {
        assert_eq!(Recency::new(0).bits.len() * 8, 1 << 10);
        assert_eq!(Recency::new(1 << 30).bits.len() * 8, 1 << 19);
        assert_eq!(Recency::new(u64::MAX).bits.len() * 8, 1 << 21);
    }
}
