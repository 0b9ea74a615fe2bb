//! A store of nothing but slots, for tests of eviction.

use super::{NONE, SlotId, SlotState, SlotTable};

/// Slots of a test.
#[derive(Default)]
pub(super) struct Table {
    pub(super) reads: Vec<Option<u8>>,
    pub(super) hashes: Vec<u32>,
    next: Vec<SlotId>,
    pub(super) free: Vec<SlotId>,
}

impl Table {
    /// So many entries, never read.
    pub(super) fn of(entries: usize) -> Self {
        let (reads, hashes, next) = (vec![Some(0); entries], vec![0; entries], vec![NONE; entries]);
        Self { reads, hashes, next, free: Vec::new() }
    }

    /// Another entry, never read, in a slot that is free.
    pub(super) fn put(&mut self, hash: u32) -> SlotId {
        let slot = self.free.pop().map_or(self.reads.len(), |slot| slot as usize);
        if slot == self.reads.len() {
            self.reads.push(None);
            self.hashes.push(0);
            self.next.push(NONE);
        }
        (self.reads[slot], self.hashes[slot]) = (Some(0), hash);
        SlotId::try_from(slot).unwrap()
    }
}

impl SlotTable for Table {
    fn state(&self, slot: SlotId) -> SlotState {
        let at = slot as usize;
        SlotState { reads: self.reads[at], hash: self.hashes[at], next: self.next[at] }
    }
    fn set_reads(&mut self, slot: SlotId, reads: u8) {
        assert!(self.reads[slot as usize].replace(reads).is_some(), "there is an entry in it");
    }
    fn set_next(&mut self, slot: SlotId, next: SlotId) {
        self.next[slot as usize] = next;
    }
    fn free(&mut self, slot: SlotId) {
        assert!(self.reads[slot as usize].is_none() && !self.free.contains(&slot));
        self.free.push(slot);
    }
}
