//! A first-in-first-out queue through the slots themselves: a link in each is all it costs. It knows roughly
//! when its first was pushed, without a time for each.

use super::{NONE, SlotId, SlotState, SlotTable};

/// When each of the last so many blocks began to be pushed is kept.
const MARKS: u32 = 32;

/// See the module. Slots whose entries are gone are freed by [`tidy`](Queue::tidy), or by who pops them.
pub(super) struct Queue {
    /// The first and the last, if there is any.
    head: SlotId,
    tail: SlotId,
    len: u32,
    /// The numbers of the next to be pushed, and of the first. In between some may have been tidied away: the
    /// first then counts as younger than it is, never as older.
    pushed: u64,
    popped: u64,
    /// When the first of each block of `1 << shift` slots was pushed.
    marks: [u32; MARKS as usize],
    shift: u32,
    /// How far it was tidied: up to this slot, or not at all.
    tidied: SlotId,
}

/// A slot that was taken off: when it was pushed, or up to a block later, and what is in it.
pub(super) struct Popped {
    pub(super) slot: SlotId,
    pub(super) since: u32,
    pub(super) state: SlotState,
}

/// Where the mark of a block is.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it is less than the number of marks")]
fn mark(block: u64) -> usize {
    (block % u64::from(MARKS)) as usize
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self {
            head: NONE,
            tail: NONE,
            len: 0,
            // Some may be put before the first.
            pushed: 1 << 32,
            popped: 1 << 32,
            marks: [0; MARKS as usize],
            shift: 0,
            tidied: NONE,
        }
    }

    /// How many slots it goes through, those that are gone among them.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The first, and when it was pushed or up to a block later.
    #[inline]
    pub(super) fn front(&self) -> Option<(SlotId, u32)> {
        if self.len == 0 {
            return None;
        }
        let block = (self.popped >> self.shift) + u64::from(self.shift > 0);
        let last = (self.pushed - 1) >> self.shift;
        Some((self.head, self.marks[mark(block.min(last))]))
    }

    #[inline]
    pub(super) fn push(&mut self, slot: SlotId, now: u32, slots: &mut impl SlotTable) {
        if self.len == 0 {
            self.head = slot;
        } else {
            slots.set_next(self.tail, slot);
        }
        self.tail = slot;
        self.len += 1;
        if self.len > (MARKS - 3) << self.shift {
            self.set_blocks(self.shift + 1);
        } else if self.shift > 0 && self.len < (MARKS / 8) << self.shift {
            self.set_blocks(self.shift - 1);
        }
        if self.pushed.trailing_zeros() >= self.shift {
            self.marks[mark(self.pushed >> self.shift)] = now;
        }
        self.pushed += 1;
    }

    /// Makes blocks of another size, with the marks of the old ones.
    #[cold]
    fn set_blocks(&mut self, shift: u32) {
        let (old, last) = (self.marks, self.pushed - 1);
        for block in (self.popped >> shift)..=(last >> shift) {
            let first = block << shift;
            self.marks[mark(block)] = old[mark(first >> self.shift)];
        }
        self.shift = shift;
    }

    /// Puts a slot first.
    pub(super) fn push_front(&mut self, slot: SlotId, slots: &mut impl SlotTable) {
        slots.set_next(slot, self.head);
        if self.len == 0 {
            self.tail = slot;
        }
        self.head = slot;
        self.len += 1;
        self.popped -= 1;
    }

    /// Takes the first off, which may be gone.
    #[inline]
    pub(super) fn pop(&mut self, slots: &impl SlotTable) -> Option<Popped> {
        let (slot, since) = self.front()?;
        let state = slots.state(slot);
        self.head = state.next;
        if self.tidied == slot {
            self.tidied = NONE;
        }
        self.len -= 1;
        self.popped += 1;
        Some(Popped { slot, since, state })
    }

    /// Looks at the next few slots of a round, and frees those that are gone.
    pub(super) fn tidy(&mut self, steps: usize, slots: &mut impl SlotTable) {
        for _ in 0..steps {
            if self.len == 0 || self.tidied == self.tail {
                self.tidied = NONE;
                return;
            }
            let slot = if self.tidied == NONE { self.head } else { slots.state(self.tidied).next };
            let SlotState { reads, next, .. } = slots.state(slot);
            if reads.is_some() {
                self.tidied = slot;
                continue;
            }
            if self.tidied == NONE {
                self.head = next;
            } else {
                slots.set_next(self.tidied, next);
            }
            if slot == self.tail {
                self.tail = self.tidied;
            }
            self.len -= 1;
            self.popped += 1;
            slots.free(slot);
        }
    }

    /// The same queue through other slots, without those that are gone.
    pub(super) fn renumber(&mut self, old: &impl SlotTable, new: &mut impl SlotTable, to: &[SlotId]) {
        let mut from = std::mem::replace(self, Self::new());
        while let Some(Popped { slot, since, .. }) = from.pop(old) {
            let moved = to[slot as usize];
            if moved != NONE {
                self.push(moved, since, new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::*;

    fn popped(queue: &mut Queue, slots: &Table) -> Option<(SlotId, u32)> {
        queue.pop(slots).map(|Popped { slot, since, .. }| (slot, since))
    }

    fn drained(queue: &mut Queue, slots: &Table) -> Vec<SlotId> {
        std::iter::from_fn(|| popped(queue, slots)).map(|(slot, _)| slot).collect()
    }

    #[test]
    fn what_comes_first_leaves_first() {
        let (mut queue, mut slots) = (Queue::new(), Table::of(9));
        for slot in [3, 1, 8] {
            queue.push(slot, 0, &mut slots);
        }
        assert_eq!(popped(&mut queue, &slots), Some((3, 0)));
        queue.push(3, 0, &mut slots);
        queue.push_front(4, &mut slots);
        assert_eq!((queue.len(), drained(&mut queue, &slots)), (4, vec![4, 1, 8, 3]));
        assert_eq!((queue.len(), popped(&mut queue, &slots)), (0, None));
        queue.push_front(6, &mut slots);
        queue.push(5, 0, &mut slots);
        assert_eq!(drained(&mut queue, &slots), [6, 5]);
    }

    #[test]
    fn a_short_queue_knows_when_each_was_pushed() {
        let (mut queue, mut slots) = (Queue::new(), Table::of(9));
        for slot in 0..4 {
            queue.push(slot, 10 * (slot + 1), &mut slots);
        }
        assert_eq!(popped(&mut queue, &slots), Some((0, 10)));
        assert_eq!(queue.front(), Some((1, 20)));
        // What is put first takes the place of the one before.
        queue.push_front(8, &mut slots);
        let rest: Vec<_> = std::iter::from_fn(|| popped(&mut queue, &slots)).collect();
        assert_eq!(rest, [(8, 10), (1, 20), (2, 30), (3, 40)]);
    }

    #[test]
    fn what_has_moved_keeps_its_order_and_its_age() {
        let (mut queue, mut slots, mut moved) = (Queue::new(), Table::of(6), Table::of(6));
        (0..6).for_each(|slot| queue.push(slot, 10 * slot, &mut slots));
        queue.renumber(&slots, &mut moved, &[5, NONE, 4, 3, NONE, 0]);
        let rest: Vec<_> = std::iter::from_fn(|| popped(&mut queue, &moved)).collect();
        assert_eq!(rest, [(5, 0), (4, 20), (3, 30), (0, 50)]);
    }

    #[test]
    fn ages_are_roughly_known_to_the_last() {
        for len in [1, 29, 30, 31, 58, 59, 100, 116, 117, 1_000] {
            let (mut queue, mut slots) = (Queue::new(), Table::of(1_000));
            (0..len).for_each(|now| queue.push(now, now, &mut slots));
            // A block is no more than a part of them.
            let block = len / 8;
            while let Some((slot, since)) = popped(&mut queue, &slots) {
                assert!(
                    (slot.saturating_sub(block)..=slot + block).contains(&since),
                    "{slot} {since} of {len}"
                );
            }
        }
    }

    /// Every pattern of gone slots among six, tidied in steps of any size, with pops in between.
    #[test]
    fn tidying_frees_what_is_gone_and_keeps_the_rest_in_order() {
        for gone in 0..64_u32 {
            for steps in 1..8 {
                for pops in 0..3 {
                    let (mut queue, mut slots) = (Queue::new(), Table::of(8));
                    (0..6).for_each(|slot| queue.push(slot, 0, &mut slots));
                    (0..6).filter(|slot| gone & (1 << slot) != 0).for_each(|slot| slots.reads[slot] = None);
                    queue.tidy(steps, &mut slots);
                    let gone_first: Vec<_> =
                        (0..pops).filter_map(|_| Some(queue.pop(&slots)?.slot)).collect();
                    queue.push(6, 0, &mut slots);
                    for _ in 0..20 {
                        queue.tidy(steps, &mut slots);
                    }
                    let kept = (0..7).filter(|slot| slots.reads[*slot as usize].is_some());
                    let kept: Vec<SlotId> = kept.filter(|slot| !gone_first.contains(slot)).collect();
                    assert_eq!((queue.len() as usize, drained(&mut queue, &slots)), (kept.len(), kept));
                    let mut left: Vec<SlotId> = gone_first.into_iter().chain(slots.free.clone()).collect();
                    left.retain(|slot| slots.reads[*slot as usize].is_none());
                    assert_eq!(left.len(), gone.count_ones() as usize, "each leaves once");
                }
            }
        }
    }

    #[test]
    fn an_age_is_never_overrated_and_little_underrated() {
        let (mut queue, mut slots) = (Queue::new(), Table::of(20_000));
        for now in 0..20_000 {
            queue.push(now, now, &mut slots);
            if queue.len() > 200 + now / 4 {
                let lap = queue.len();
                // Here a slot's number is when it was pushed.
                let (slot, since) = popped(&mut queue, &slots).unwrap();
                assert!((slot..=slot + 2 + lap / 4).contains(&since));
            }
        }
    }

    #[test]
    fn ages_are_told_apart_again_after_a_queue_has_shrunk() {
        let (mut queue, mut slots) = (Queue::new(), Table::of(30_000));
        for now in 0..20_000 {
            queue.push(now, now, &mut slots);
        }
        for now in 20_000..30_000 {
            while queue.len() > 100 {
                queue.pop(&slots);
            }
            queue.push(now, now, &mut slots);
        }
        let (slot, since) = popped(&mut queue, &slots).unwrap();
        assert!((slot..slot + 30).contains(&since), "{slot} {since}");
    }

    #[test]
    fn tidying_makes_nothing_older_than_it_is() {
        let (mut queue, mut slots) = (Queue::new(), Table::of(40_000));
        for now in 0..40_000 {
            queue.push(now, now, &mut slots);
            if now % 3 == 0 {
                slots.reads[now as usize] = None;
                queue.tidy(4, &mut slots);
            }
            if queue.len() > 1000 {
                let (slot, since) = popped(&mut queue, &slots).unwrap();
                assert!(since >= slot, "{slot} {since}");
            }
        }
    }
}
