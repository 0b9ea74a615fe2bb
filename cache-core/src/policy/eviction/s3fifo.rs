//! S3-FIFO: a small queue that newcomers pass through, a main queue for those that were read on the
//! way, and a ghost queue of those that were not, which go straight to main when they come back.
//!
//! Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction", SOSP 2023.

use super::ghost::Ghost;
use super::{Eviction, Queue, Slot, Slots};

/// The part of the entries that the small queue may hold: a tenth.
const SMALL: usize = 10;
/// Reads in the small queue that let an entry into main.
const PROMOTE: u8 = 2;
/// Slots that are looked at for one that is gone: so many that no more are gone than are not.
const TIDY: usize = 4;

/// The queues of one shard.
pub(crate) struct S3Fifo {
    small: Queue,
    main: Queue,
    /// Made when something is first evicted: what never fills never pays for it.
    ghost: Option<Ghost>,
}

impl S3Fifo {
    pub(crate) fn new() -> Self {
        Self { small: Queue::new(), main: Queue::new(), ghost: None }
    }

    fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    fn forget(&mut self, hash: u32) {
        let live = self.len();
        match &mut self.ghost {
            Some(ghost) if ghost.capacity() * 2 >= live && ghost.capacity() <= live.max(4) * 8 => {
                ghost.remember(hash);
            }
            ghost => ghost.insert(Ghost::with_capacity(live)).remember(hash),
        }
    }
}

impl Eviction for S3Fifo {
    fn insert(&mut self, slot: Slot, slots: &mut impl Slots) {
        if self.ghost.as_mut().is_some_and(|ghost| ghost.recall(slots.hash(slot))) {
            self.main.push(slot, slots);
        } else {
            self.small.push(slot, slots);
        }
    }

    fn remove(&mut self, _: Slot, slots: &mut impl Slots) {
        self.small.tidy(TIDY, slots);
        self.main.tidy(TIDY, slots);
    }

    fn victim(&mut self, slots: &mut impl Slots) -> Option<Slot> {
        loop {
            let from_small = self.small.len() * SMALL >= self.len() || self.main.len() == 0;
            let queue = if from_small { &mut self.small } else { &mut self.main };
            let slot = queue.pop(slots)?;
            match slots.reads(slot) {
                None => slots.free(slot),
                Some(reads) if from_small && reads >= PROMOTE => {
                    slots.set_reads(slot, 0);
                    self.main.push(slot, slots);
                }
                Some(_) if from_small => {
                    self.forget(slots.hash(slot));
                    return Some(slot);
                }
                Some(0) => return Some(slot),
                Some(reads) => {
                    slots.set_reads(slot, reads - 1);
                    self.main.push(slot, slots);
                }
            }
        }
    }

    fn renumber(&mut self, old: &impl Slots, new: &mut impl Slots, to: &[Slot]) {
        self.small.renumber(old, new, to);
        self.main.renumber(old, new, to);
        let live = self.len();
        if self.ghost.as_ref().is_some_and(|ghost| ghost.capacity() > live.max(4) * 8) {
            self.ghost = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::tests::Table;
    use super::*;

    #[test]
    fn what_was_read_outlives_one_time_visitors() {
        let (mut queues, mut slots) = (S3Fifo::new(), Table::of(10));
        for slot in 0..10 {
            slots.set_reads(slot, if slot < 5 { 3 } else { 0 });
            queues.insert(slot, &mut slots);
        }
        let evicted: Vec<Slot> = (0..5).map(|_| queues.victim(&mut slots).unwrap()).collect();
        assert_eq!(evicted, [5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_comes_back_soon_goes_to_the_main_queue() {
        let (mut queues, mut slots) = (S3Fifo::new(), Table::of(10));
        (0..10).for_each(|slot| queues.insert(slot, &mut slots));
        assert_eq!((queues.victim(&mut slots), queues.main.len()), (Some(0), 0));
        queues.insert(0, &mut slots);
        assert_eq!(queues.main.len(), 1);
    }

    #[test]
    fn slots_of_entries_that_left_do_not_pile_up() {
        let (mut queues, mut slots) = (S3Fifo::new(), Table::of(100_000));
        for slot in 0..100_000 {
            queues.insert(slot, &mut slots);
            slots.reads[slot as usize] = None;
            queues.remove(slot, &mut slots);
        }
        assert!(queues.len() < 100, "{} slots for nothing", queues.len());
        assert_eq!(queues.len() + slots.free.len(), 100_000);
    }
}
