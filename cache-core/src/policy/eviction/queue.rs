//! A first-in-first-out queue through the slots themselves: a link in each is all it costs.

use super::{NONE, Slot, Slots};

/// See the module. Slots whose entries are gone are freed as they come up, or by [`tidy`](Queue::tidy).
pub(crate) struct Queue {
    head: Slot,
    tail: Slot,
    len: usize,
    /// How far it was tidied: up to this slot, or not at all.
    tidied: Slot,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self { head: NONE, tail: NONE, len: 0, tidied: NONE }
    }

    /// How many slots it goes through, those that are gone among them.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, slot: Slot, slots: &mut impl Slots) {
        slots.set_next(slot, NONE);
        if self.head == NONE {
            self.head = slot;
        } else {
            slots.set_next(self.tail, slot);
        }
        self.tail = slot;
        self.len += 1;
    }

    /// Takes the first slot off, which may be gone.
    pub(crate) fn pop(&mut self, slots: &impl Slots) -> Option<Slot> {
        let slot = self.head;
        if slot == NONE {
            return None;
        }
        self.head = slots.next(slot);
        if self.head == NONE {
            self.tail = NONE;
        }
        if self.tidied == slot {
            self.tidied = NONE;
        }
        self.len -= 1;
        Some(slot)
    }

    /// Looks at the next few slots of a round, and frees those that are gone: how many were.
    pub(crate) fn tidy(&mut self, steps: usize, slots: &mut impl Slots) -> usize {
        let mut freed = 0;
        for _ in 0..steps {
            let slot = if self.tidied == NONE { self.head } else { slots.next(self.tidied) };
            if slot == NONE {
                self.tidied = NONE;
                break;
            }
            if slots.reads(slot).is_some() {
                self.tidied = slot;
                continue;
            }
            let next = slots.next(slot);
            if self.tidied == NONE {
                self.head = next;
            } else {
                slots.set_next(self.tidied, next);
            }
            if next == NONE {
                self.tail = self.tidied;
            }
            self.len -= 1;
            slots.free(slot);
            freed += 1;
        }
        freed
    }

    /// The same queue through other slots.
    pub(crate) fn renumber(&mut self, old: &impl Slots, new: &mut impl Slots, to: &[Slot]) {
        let mut slot = std::mem::replace(self, Self::new()).head;
        while slot != NONE {
            let moved = to[slot as usize];
            if moved != NONE {
                self.push(moved, new);
            }
            slot = old.next(slot);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Slots of a test: reads and next, by slot.
    #[derive(Default)]
    pub(in crate::policy::eviction) struct Table {
        pub(in crate::policy::eviction) reads: Vec<Option<u8>>,
        next: Vec<Slot>,
        pub(in crate::policy::eviction) free: Vec<Slot>,
    }

    impl Table {
        /// So many entries, never read.
        pub(in crate::policy::eviction) fn of(entries: usize) -> Self {
            Self { reads: vec![Some(0); entries], next: vec![NONE; entries], free: Vec::new() }
        }
    }

    impl Slots for Table {
        fn reads(&self, slot: Slot) -> Option<u8> {
            self.reads[slot as usize]
        }
        fn set_reads(&mut self, slot: Slot, reads: u8) {
            self.reads[slot as usize] = Some(reads);
        }
        fn hash(&self, slot: Slot) -> u32 {
            slot.wrapping_mul(0x9E37_79B9)
        }
        fn next(&self, slot: Slot) -> Slot {
            self.next[slot as usize]
        }
        fn set_next(&mut self, slot: Slot, next: Slot) {
            self.next[slot as usize] = next;
        }
        fn free(&mut self, slot: Slot) {
            self.free.push(slot);
        }
    }

    fn drained(queue: &mut Queue, slots: &Table) -> Vec<Slot> {
        std::iter::from_fn(|| queue.pop(slots)).collect()
    }

    #[test]
    fn what_comes_first_leaves_first() {
        let (mut queue, mut slots) = (Queue::new(), Table::of(9));
        for slot in [3, 1, 8] {
            queue.push(slot, &mut slots);
        }
        assert_eq!(queue.pop(&slots), Some(3));
        queue.push(3, &mut slots);
        assert_eq!((queue.len(), drained(&mut queue, &slots)), (3, vec![1, 8, 3]));
        assert_eq!((queue.len(), queue.pop(&slots)), (0, None));
        queue.push(5, &mut slots);
        assert_eq!(drained(&mut queue, &slots), [5]);
    }

    #[test]
    fn tidying_frees_what_is_gone_and_keeps_the_rest_in_order() {
        // Every pattern of gone slots among six, tidied in steps of any size, with a pop in between.
        for gone in 0..64_u32 {
            for steps in 1..8 {
                for pops in 0..3 {
                    let (mut queue, mut slots) = (Queue::new(), Table::of(8));
                    (0..6).for_each(|slot| queue.push(slot, &mut slots));
                    (0..6).filter(|slot| gone & (1 << slot) != 0).for_each(|slot| slots.reads[slot] = None);
                    queue.tidy(steps, &mut slots);
                    let popped: Vec<_> = (0..pops).filter_map(|_| queue.pop(&slots)).collect();
                    queue.push(6, &mut slots);
                    for _ in 0..20 {
                        queue.tidy(steps, &mut slots);
                    }
                    let kept = (0..7).filter(|slot| slots.reads[*slot as usize].is_some());
                    let kept: Vec<Slot> = kept.filter(|slot| !popped.contains(slot)).collect();
                    assert_eq!((queue.len(), drained(&mut queue, &slots)), (kept.len(), kept));
                    let mut left: Vec<Slot> = popped.into_iter().chain(slots.free.clone()).collect();
                    left.retain(|slot| slots.reads[*slot as usize].is_none());
                    assert_eq!(left.len(), gone.count_ones() as usize, "each leaves once");
                }
            }
        }
    }
}
