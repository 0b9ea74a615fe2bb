//! Exact LRU, through the `lru` crate.

use lru::LruCache;

use super::{Eviction, NONE, SlotId, SlotTable};

/// The order of use of one shard's entries.
pub(crate) struct Lru {
    order: LruCache<SlotId, (), foldhash::fast::RandomState>,
}

impl Lru {
    pub(crate) fn new() -> Self {
        Self { order: LruCache::unbounded_with_hasher(foldhash::fast::RandomState::default()) }
    }

    /// An entry was read.
    pub(crate) fn read(&mut self, slot: SlotId) {
        self.order.promote(&slot);
    }
}

impl Eviction for Lru {
    fn insert(&mut self, slot: SlotId, _: &mut impl SlotTable) {
        self.order.push(slot, ());
    }

    fn remove(&mut self, slot: SlotId, slots: &mut impl SlotTable) {
        self.order.pop(&slot);
        slots.free(slot);
    }

    fn victim(&mut self, _: &mut impl SlotTable) -> Option<SlotId> {
        self.order.pop_lru().map(|(slot, ())| slot)
    }

    /// The crate's map does not shrink: a new one is filled, the least recently used first.
    fn renumber(&mut self, _: &impl SlotTable, _: &mut impl SlotTable, to: &[SlotId]) {
        let old = std::mem::replace(self, Self::new());
        for (slot, ()) in old.order.iter().rev() {
            let moved = to[*slot as usize];
            if moved != NONE {
                self.order.push(moved, ());
            }
        }
    }
}
