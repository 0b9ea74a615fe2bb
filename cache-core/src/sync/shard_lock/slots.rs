//! Who reads what: each thread has a slot, in which it shows the lock that it reads.
//!
//! A thread takes the lowest free slot when it first reads, and gives it back when it ends. Slots are made in
//! blocks of 64, and live as long as the process. A writer looks at the slots that are taken and at no others: a
//! word of each block tells which these are. So it pays for the threads that are alive, and next to nothing for
//! those that there once were.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

#[cfg(loom)]
use crate::sync::model::slots;
use crate::sync::plain::Mutex;
use crate::sync::{AtomicU64, AtomicUsize, fence, thread_local};

/// No lock is at this address.
const NOTHING: usize = 0;
/// How many slots a block has: as many as a word has bits.
#[cfg(not(loom))]
const SIZE: usize = 64;
/// How many blocks there may be. Threads beyond have no slot.
const BLOCKS: usize = if cfg!(loom) { 2 } else { 256 };

/// What one thread reads. It has two lines to itself, since processors fetch them in pairs.
#[repr(align(128))]
pub(crate) struct ReaderSlot {
    /// The address of the lock that the thread reads. Only that thread changes it.
    shown: AtomicUsize,
    /// How many slots come before this one.
    number: usize,
}

impl ReaderSlot {
    /// The thread's number: the lowest that no other thread had when it took the slot. No thread has it before all
    /// that the one before has done by it.
    #[inline]
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Whether the thread shows nothing; asked by itself.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.shown.load(Ordering::Relaxed) == NOTHING
    }

    /// Shows a lock, before whatever this thread loads next.
    ///
    /// The fence is one of a pair, with the one of a writer, who has raised its flag and then looks at
    /// the slots: either the writer sees what is shown, or the reader sees the flag.
    #[inline]
    pub(super) fn show(&self, lock: usize) {
        // Release: a writer of the lock that was read before this one may find this one.
        self.shown.store(lock, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn clear(&self) {
        // Release: what was read was read before.
        self.shown.store(NOTHING, Ordering::Release);
    }

    /// Whether a thread shows this lock; asked by a writer.
    #[inline]
    pub(super) fn shows(&self, lock: usize) -> bool {
        // Acquire: whoever read it has done so.
        self.shown.load(Ordering::Acquire) == lock
    }
}

/// Some of the slots.
struct SlotBlock {
    slots: Box<[ReaderSlot]>,
    /// Which of them are taken, one bit each.
    taken: AtomicU64,
}

impl SlotBlock {
    /// With so many slots, after so many others.
    fn new(size: usize, before: usize) -> Self {
        let slot = |at| ReaderSlot { shown: AtomicUsize::new(NOTHING), number: before + at };
        Self { slots: (0..size).map(slot).collect(), taken: AtomicU64::new(0) }
    }

    /// Takes its lowest free slot, if there is one.
    fn take(&'static self) -> Option<Taken> {
        let lowest = |taken: u64| taken.trailing_ones() as usize;
        let with_lowest = |taken| (lowest(taken) < self.slots.len()).then(|| taken | 1 << lowest(taken));
        // Acquire: what the thread before has read was read before whatever this one shows; and what it has
        // counted was counted before.
        let before = self.taken.fetch_update(Ordering::Acquire, Ordering::Relaxed, with_lowest).ok()?;
        Some(Taken { block: self, at: lowest(before) })
    }
}

/// A slot that a thread has taken.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    block: &'static SlotBlock,
    at: usize,
}

impl Taken {
    fn slot(self) -> &'static ReaderSlot {
        &self.block.slots[self.at]
    }

    /// Gives it back. It shows nothing by now.
    fn give_back(self) {
        // Release: a writer that finds it free, and so does not look at it, knows that whatever was read here has
        // been read. All who change this word change what they find there, so it does not matter who else has
        // changed it since.
        self.block.taken.fetch_and(!(1 << self.at), Ordering::Release);
    }
}

/// Held by who makes a block: a process must not fork in the midst of that.
static MAKING: Mutex<()> = Mutex::new(());

/// All the slots.
pub(crate) struct ReaderSlots {
    /// How many slots a block has.
    size: usize,
    blocks: [OnceLock<SlotBlock>; BLOCKS],
}

impl ReaderSlots {
    const fn new(size: usize) -> Self {
        Self { size, blocks: [const { OnceLock::new() }; BLOCKS] }
    }

    /// With all blocks.
    #[cfg(loom)]
    pub(crate) fn made(size: usize) -> Self {
        let slots = Self::new(size);
        (0..BLOCKS).for_each(|at| _ = slots.block(at));
        slots
    }

    /// A block, which is made if need be.
    fn block(&self, at: usize) -> &SlotBlock {
        self.blocks[at].get().unwrap_or_else(|| {
            let _making = MAKING.lock();
            self.blocks[at].get_or_init(|| SlotBlock::new(self.size, self.size * at))
        })
    }

    fn blocks(&self) -> impl Iterator<Item = &SlotBlock> {
        self.blocks.iter().map_while(OnceLock::get)
    }

    fn take(&'static self) -> Option<Taken> {
        (0..BLOCKS).find_map(|at| self.block(at).take())
    }

    /// The slots that are taken; asked by a writer that has raised its flag and passed a fence since.
    ///
    /// Threads come and go meanwhile. Who *takes* a slot has taken it, in a block that is made and with a bit in
    /// that, before the fence of its first `show`. If that fence is before the writer's, the writer loads all of
    /// these after and finds the slot; if it is after, the thread sees the flag that the writer has raised, and
    /// takes back what it shows. Who *gives back* a slot has read before: see [`give_back`](Taken::give_back). Here
    /// each load is one that acquires, so that this is known from a word that is 0 as it would be from the slot
    /// itself.
    #[inline]
    fn each_taken(&self, mut look: impl FnMut(&ReaderSlot)) {
        for block in self.blocks() {
            let mut taken = block.taken.load(Ordering::Acquire);
            while taken != 0 {
                look(&block.slots[taken.trailing_zeros() as usize]);
                taken &= taken - 1;
            }
        }
    }
}

#[cfg(not(loom))]
fn slots() -> &'static ReaderSlots {
    static SLOTS: ReaderSlots = ReaderSlots::new(SIZE);
    &SLOTS
}

thread_local! {
    static MINE: Cell<Option<&'static ReaderSlot>> = const { Cell::new(None) };
    static RETURN: GiveBackAtExit = const { GiveBackAtExit(Cell::new(None)) };
}

/// Gives the thread's slot back when the thread ends.
struct GiveBackAtExit(Cell<Option<Taken>>);

impl Drop for GiveBackAtExit {
    fn drop(&mut self) {
        let _ = MINE.try_with(|mine| mine.set(None));
        if let Some(taken) = self.0.get() {
            taken.give_back();
        }
    }
}

/// This thread's slot, if it has one yet.
#[inline]
pub(crate) fn mine() -> Option<&'static ReaderSlot> {
    MINE.try_with(Cell::get).ok().flatten()
}

/// This thread's slot; none if the thread is being torn down.
pub(crate) fn mine_or_new() -> Option<&'static ReaderSlot> {
    if let Some(slot) = mine() {
        return Some(slot);
    }
    RETURN
        .try_with(|to_return| {
            let taken = slots().take()?;
            to_return.0.set(Some(taken));
            let _ = MINE.try_with(|mine| mine.set(Some(taken.slot())));
            Some(taken.slot())
        })
        .ok()
        .flatten()
}

/// Looks at the slots of threads that may have shown anything before the fence that was passed before this.
#[inline]
pub(super) fn each_taken(look: impl FnMut(&ReaderSlot)) {
    slots().each_taken(look);
}

/// Around a `fork`: no block is being made.
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) fn hold_slots() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(MAKING.lock(), |_| ())
}

/// In a child of `fork` the other threads' slots are nobody's: what these show is never taken back.
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) fn forget_other_threads() {
    let mine = RETURN.try_with(|taken| taken.0.get()).ok().flatten();
    for block in slots().blocks() {
        let mine = mine.filter(|mine| std::ptr::eq(mine.block, block));
        let others = block.slots.iter().enumerate().filter(|(at, _)| mine.is_none_or(|mine| mine.at != *at));
        others.for_each(|(_, slot)| slot.clear());
        block.taken.store(mine.map_or(0, |mine| 1 << mine.at), Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::ptr;

    use super::*;

    /// Slots live as long as the process, and so are found from a static.
    fn slots() -> &'static ReaderSlots {
        static ALL: crate::sync::Mutex<Vec<&'static ReaderSlots>> = crate::sync::Mutex::new(Vec::new());
        let slots: &'static ReaderSlots = Box::leak(Box::new(ReaderSlots::new(SIZE)));
        ALL.lock().push(slots);
        slots
    }

    /// How many slots a writer looks at.
    fn looked_at(slots: &ReaderSlots) -> usize {
        let mut count = 0;
        slots.each_taken(|_| count += 1);
        count
    }

    #[test]
    fn a_writer_looks_at_the_slots_of_threads_that_are_alive_only() {
        let slots = slots();
        let count = if cfg!(miri) { 100 } else { 4_000 };
        let mut taken: Vec<Taken> = (0..count).map(|_| slots.take().unwrap()).collect();
        assert_eq!(looked_at(slots), count);
        let last = taken.pop().unwrap();
        taken.into_iter().for_each(Taken::give_back);
        assert_eq!(looked_at(slots), 1, "of the last one alone");
        last.give_back();
        assert_eq!(looked_at(slots), 0);
    }

    #[test]
    fn the_lowest_free_slot_is_taken_first() {
        let slots = slots();
        let address = |taken: &Taken| ptr::from_ref(taken.slot()).addr();
        let taken: Vec<Taken> = (0..200).map(|_| slots.take().unwrap()).collect();
        let mut addresses: Vec<usize> = taken.iter().map(address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 200, "each has its own");
        for at in [150, 3, 70] {
            taken[at].give_back();
        }
        for at in [3, 70, 150] {
            assert_eq!(address(&slots.take().unwrap()), address(&taken[at]));
        }
        assert_eq!(slots.blocks().count(), 4, "of 64 slots");
        assert_eq!(looked_at(slots), 200);
    }

    #[test]
    fn threads_that_come_and_go_never_have_one_slot_together() {
        let slots = slots();
        let rounds = if cfg!(miri) { 5 } else { 2_000 };
        std::thread::scope(|scope| {
            for id in 1..=4_usize {
                scope.spawn(move || {
                    for _ in 0..rounds {
                        let taken: Vec<Taken> = (0..5).map(|_| slots.take().unwrap()).collect();
                        for taken in &taken {
                            assert!(taken.slot().is_empty());
                            taken.slot().show(id);
                        }
                        for taken in taken {
                            assert!(taken.slot().shows(id));
                            taken.slot().clear();
                            taken.give_back();
                        }
                    }
                });
            }
        });
        assert_eq!(looked_at(slots), 0);
    }
}
