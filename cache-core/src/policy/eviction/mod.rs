//! Eviction: which entry makes room for another. One algorithm a file.
//!
//! An algorithm keeps order among [`SlotId`]s and asks the store about the entries in them, so that the
//! store stays ignorant of the algorithm. A slot whose entry has left by another way is noticed when it
//! comes up, and freed.

mod adaptive;
mod ghosts;
mod lru;
mod queue;

#[cfg(test)]
mod tests;

use adaptive::Adaptive;
use lru::Lru;

/// Which entry makes room when a memo is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The default: what is read again stays, one-time visitors leave first, and of a loop that is longer
    /// than the memo a part is kept; a hit moves nothing. The queues of S3-FIFO (Yang et al., SOSP 2023),
    /// the comparison of LIRS (Jiang and Zhang, SIGMETRICS 2002), the moving border of ARC (Megiddo and
    /// Modha, FAST 2003).
    Adaptive,
    /// Exactly the least recently used, by the `lru` crate. A hit takes the memo's one lock
    /// exclusively, so threads wait for each other.
    Lru,
}

/// Where an entry is in its shard.
pub(crate) type SlotId = u32;

/// No slot.
pub(crate) const NONE: SlotId = (1 << 31) - 1;

/// What eviction knows of a slot.
#[derive(Clone, Copy)]
pub(crate) struct SlotState {
    /// How often the entry was read of late, 0 to 3; `None` if it is gone.
    pub(crate) reads: Option<u8>,
    /// The hash of its key.
    pub(crate) hash: u32,
    /// The slot that comes after it in its queue. Of the last one it means nothing.
    pub(crate) next: SlotId,
}

/// What eviction asks of the entries.
pub(crate) trait SlotTable {
    /// What is in a slot.
    fn state(&self, slot: SlotId) -> SlotState;
    /// Sets how often the entry was read of late.
    fn set_reads(&mut self, slot: SlotId, reads: u8);
    /// Sets the slot that comes after it in its queue.
    fn set_next(&mut self, slot: SlotId, next: SlotId);
    /// Its entry is gone, and it is in no queue any more.
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

    /// An entry was stored, whose key has this hash.
    #[inline]
    pub(crate) fn insert(&mut self, slot: SlotId, hash: u32, slots: &mut impl SlotTable) {
        match self {
            Self::Adaptive(queues) => queues.insert(slot, hash, slots),
            Self::Lru(list) => list.insert(slot),
            Self::Unbounded => {}
        }
    }

    /// An entry has left by another way than [`victim`](Self::victim): frees its slot, then or later.
    pub(crate) fn remove(&mut self, slot: SlotId, slots: &mut impl SlotTable) {
        match self {
            Self::Adaptive(queues) => queues.remove(slots),
            Self::Lru(list) => list.remove(slot, slots),
            Self::Unbounded => slots.free(slot),
        }
    }

    /// An entry was read; only for algorithms that move something then.
    pub(crate) fn read(&mut self, slot: SlotId) {
        if let Self::Lru(list) = self {
            list.read(slot);
        }
    }

    /// The entry to evict; it is no longer known here.
    #[inline]
    pub(crate) fn victim(&mut self, slots: &mut impl SlotTable) -> Option<SlotId> {
        match self {
            Self::Adaptive(queues) => queues.victim(slots),
            Self::Lru(list) => list.victim(),
            Self::Unbounded => None,
        }
    }

    /// Entries have moved to other slots: to which, by those where they were; [`NONE`] where there was none.
    pub(crate) fn renumber(&mut self, old: &impl SlotTable, new: &mut impl SlotTable, to: &[SlotId]) {
        match self {
            Self::Adaptive(queues) => queues.renumber(old, new, to),
            Self::Lru(list) => list.renumber(to),
            Self::Unbounded => {}
        }
    }
}
