//! Eviction: which entry makes room for another. Each algorithm has its own file.
//!
//! An algorithm orders [`SlotId`]s and asks the store about the entries in them, so the store does not depend
//! on the algorithm. If an entry was removed in another way, its slot is noticed when its turn comes, and
//! freed then.

mod adaptive;
mod ghosts;
mod lru;
mod queue;

#[cfg(test)]
mod tests;

use adaptive::Adaptive;
use lru::Lru;

/// The eviction policy: which entry makes room when a memo is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The default. It keeps entries that are read again and first evicts those that are not. Of a loop that
    /// is longer than the memo it keeps a part. A hit moves nothing.
    ///
    /// It has the queues of S3-FIFO (Yang et al., SOSP 2023), the comparison of LIRS (Jiang and Zhang,
    /// SIGMETRICS 2002), and the moving border of ARC (Megiddo and Modha, FAST 2003).
    Adaptive,
    /// It evicts exactly the least recently used entry, by the `lru` crate. A hit takes the memo's one lock
    /// exclusively, so threads wait for each other.
    Lru,
}

/// The place of an entry in its shard.
pub(crate) type SlotId = u32;

/// No slot.
pub(crate) const NONE: SlotId = (1 << 31) - 1;

/// What eviction knows of a slot.
#[derive(Clone, Copy)]
pub(crate) struct SlotState {
    /// How often the entry was read recently, 0 to 3; `None` if it is gone.
    pub(crate) reads: Option<u8>,
    /// The hash of its key.
    pub(crate) hash: u32,
    /// The slot after it in its queue. For the last slot it means nothing.
    pub(crate) next: SlotId,
}

/// What eviction asks of the entries.
pub(crate) trait SlotTable {
    /// Returns the state of a slot.
    fn state(&self, slot: SlotId) -> SlotState;
    /// Sets how often the entry was read recently.
    fn set_reads(&mut self, slot: SlotId, reads: u8);
    /// Sets the slot after it in its queue.
    fn set_next(&mut self, slot: SlotId, next: SlotId);
    /// Frees a slot. Its entry is gone, and it is in no queue any more.
    fn free(&mut self, slot: SlotId);
}

/// The algorithm of a memo.
#[expect(clippy::large_enum_variant, reason = "the largest is what nearly all have")]
pub(crate) enum Evictor {
    Adaptive(Adaptive),
    Lru(Lru),
    /// Nothing is ever evicted.
    Unbounded,
}

impl Evictor {
    pub(crate) fn new(policy: Option<Policy>) -> Self {
        match policy {
            Some(Policy::Adaptive) => Self::Adaptive(Adaptive::new()),
            Some(Policy::Lru) => Self::Lru(Lru::new()),
            None => Self::Unbounded,
        }
    }

    /// Takes in an entry that was stored. Its key has this hash.
    #[inline]
    pub(crate) fn insert(&mut self, slot: SlotId, hash: u32, slots: &mut impl SlotTable) {
        match self {
            Self::Adaptive(queues) => queues.insert(slot, hash, slots),
            Self::Lru(list) => list.insert(slot),
            Self::Unbounded => {}
        }
    }

    /// Frees the slot of an entry that was removed in another way than by [`victim`](Self::victim), now or
    /// later.
    pub(crate) fn remove(&mut self, slot: SlotId, slots: &mut impl SlotTable) {
        match self {
            Self::Adaptive(queues) => queues.remove(slots),
            Self::Lru(list) => list.remove(slot, slots),
            Self::Unbounded => slots.free(slot),
        }
    }

    /// Notes that an entry was read, for algorithms that move something then.
    pub(crate) fn read(&mut self, slot: SlotId) {
        if let Self::Lru(list) = self {
            list.read(slot);
        }
    }

    /// Chooses the entry to evict, and forgets it.
    #[inline]
    pub(crate) fn victim(&mut self, slots: &mut impl SlotTable) -> Option<SlotId> {
        match self {
            Self::Adaptive(queues) => queues.victim(slots),
            Self::Lru(list) => list.victim(),
            Self::Unbounded => None,
        }
    }

    /// Follows entries that have moved to other slots. `to` gives the new slot by the old one, and [`NONE`]
    /// if there was no entry.
    pub(crate) fn renumber(&mut self, old: &impl SlotTable, new: &mut impl SlotTable, to: &[SlotId]) {
        match self {
            Self::Adaptive(queues) => queues.renumber(old, new, to),
            Self::Lru(list) => list.renumber(to),
            Self::Unbounded => {}
        }
    }
}
