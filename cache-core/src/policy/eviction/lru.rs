//! Exact LRU, through the `lru` crate.

use lru::LruCache;

use super::{NONE, SlotId, SlotTable};

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

    pub(super) fn insert(&mut self, slot: SlotId) {
        self.order.push(slot, ());
    }

    pub(super) fn remove(&mut self, slot: SlotId, slots: &mut impl SlotTable) {
        self.order.pop(&slot);
        slots.free(slot);
    }

    pub(super) fn victim(&mut self) -> Option<SlotId> {
        self.order.pop_lru().map(|(slot, ())| slot)
    }

    /// The crate's map does not shrink: a new one is filled, the least recently used first.
    pub(super) fn renumber(&mut self, to: &[SlotId]) {
        let old = std::mem::replace(self, Self::new());
        for (slot, ()) in old.order.iter().rev() {
            let moved = to[*slot as usize];
            if moved != NONE {
                self.order.push(moved, ());
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::tests::Table;
    use super::*;

    #[test]
    fn what_was_removed_is_nobodys_victim_and_its_slot_is_free() {
        for is_taken_again in [false, true] {
            let (mut lru, mut table) = (Lru::new(), Table::of(3));
            (0..3).for_each(|slot| lru.insert(slot));
            table.reads[0] = None;
            lru.remove(0, &mut table);
            assert_eq!(table.free, [0]);
            if is_taken_again {
                // By another entry, which is the one used last.
                assert_eq!(table.put(0), 0);
                lru.insert(0);
            }
            let last = is_taken_again.then_some(0);
            assert_eq!([(); 4].map(|()| lru.victim()), [Some(1), Some(2), last, None]);
        }
    }
}
