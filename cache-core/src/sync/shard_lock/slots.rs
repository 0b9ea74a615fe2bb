//! Who reads what: each thread has a slot, in which it shows the lock that it reads.
//!
//! A thread takes the lowest free slot when it first reads, and gives it back when it ends. Slots are made in
//! blocks, each twice as large as the one before, and live as long as the process. A writer looks at the slots
//! that are taken and at no others: at one counter for each block, of which there are few, and in a block where
//! that is not 0 at one word for each 64 slots. So it pays for the threads that are alive, and not for those
//! that there once were.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, fence, thread_local};

/// No lock is at this address.
const NOTHING: usize = 0;
/// How many slots the first block has.
const FIRST: usize = 8;
/// How many slots one word says of whether they are taken.
const WORD: usize = if cfg!(loom) { 8 } else { 64 };

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

/// A slot that a thread has taken.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    slot: &'static ReaderSlot,
    block: &'static SlotBlock,
    at: usize,
}

/// Some of the slots.
struct SlotBlock {
    slots: Box<[ReaderSlot]>,
    /// Which of them are taken, one bit each.
    taken: Box<[AtomicU64]>,
    /// By how many threads: whoever shows something in a slot is counted. None where there is one word, which
    /// says as much.
    alive: Option<AtomicUsize>,
    /// The next one, which is twice as large; null if it was not made yet.
    next: AtomicPtr<SlotBlock>,
}

impl SlotBlock {
    /// With so many slots, after so many others.
    fn new(size: usize, before: usize) -> Self {
        let numbers = before..before + size;
        Self {
            slots: numbers.map(|number| ReaderSlot { shown: AtomicUsize::new(NOTHING), number }).collect(),
            taken: (0..size.div_ceil(WORD)).map(|_| AtomicU64::new(0)).collect(),
            alive: (size > WORD).then(|| AtomicUsize::new(0)),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Takes its lowest free slot, if there is one.
    fn take(&'static self) -> Option<Taken> {
        for (word, bits) in self.taken.iter().enumerate() {
            // Those that there are no slots for count as taken.
            let size = (self.slots.len() - word * WORD).min(WORD);
            let none = if size < 64 { u64::MAX << size } else { 0 };
            let lowest = |bits: u64| {
                let taken = bits | none;
                (taken != u64::MAX).then(|| bits | (!taken & (taken + 1)))
            };
            // Acquire: what the thread before has read was read before whatever this one shows; and what it has
            // counted was counted before.
            if let Ok(before) = bits.fetch_update(Ordering::Acquire, Ordering::Relaxed, lowest) {
                let at = word * WORD + (before | none).trailing_ones() as usize;
                if let Some(alive) = &self.alive {
                    alive.fetch_add(1, Ordering::Relaxed);
                }
                return Some(Taken { slot: &self.slots[at], block: self, at });
            }
        }
        None
    }

    /// Whether it may have a slot that is taken.
    fn is_in_use(&self) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.load(Ordering::Acquire) > 0)
    }

    /// The next block, which is made if need be.
    fn next(&'static self) -> &'static SlotBlock {
        block_at(&self.next, self.slots.len() * 2, self.slots[0].number + self.slots.len())
    }
}

/// The block at a place, where one of this size, after so many slots, is put if there is none.
fn block_at(place: &AtomicPtr<SlotBlock>, size: usize, before: usize) -> &'static SlotBlock {
    // SAFETY: what is at the place was put there below, and lives on. Acquire: it is whole.
    if let Some(block) = unsafe { place.load(Ordering::Acquire).as_ref() } {
        return block;
    }
    let made = Box::into_raw(Box::new(SlotBlock::new(size, before)));
    // Release: who finds it finds it whole.
    match place.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: it was just made, lives on, and is shared from here on.
        Ok(_) => unsafe { &*made },
        Err(known) => {
            // SAFETY: nobody else has seen the one that was made; the other one is as above.
            unsafe {
                drop(Box::from_raw(made));
                &*known
            }
        }
    }
}

impl Taken {
    /// Gives it back. It shows nothing by now.
    ///
    /// Release, both: a writer that finds it free, or its block empty, and so does not look at it, knows that
    /// whatever was read here has been read. All who change these words change what they find there, so it does
    /// not matter who else has changed them since.
    fn give_back(self) {
        self.block.taken[self.at / WORD].fetch_and(!(1 << (self.at % WORD)), Ordering::Release);
        if let Some(alive) = &self.block.alive {
            alive.fetch_sub(1, Ordering::Release);
        }
    }
}

/// All the slots.
pub(crate) struct ReaderSlots {
    first: AtomicPtr<SlotBlock>,
}

impl ReaderSlots {
    fn take(&self) -> Taken {
        let mut block = block_at(&self.first, FIRST, 0);
        loop {
            if let Some(taken) = block.take() {
                return taken;
            }
            block = block.next();
        }
    }

    fn blocks(&self) -> impl Iterator<Item = &'static SlotBlock> {
        // SAFETY: it is null, or what `block_at` has put there, which lives on. Acquire: it is whole.
        let at = |place: &AtomicPtr<SlotBlock>| unsafe { place.load(Ordering::Acquire).as_ref() };
        std::iter::successors(at(&self.first), move |block| at(&block.next))
    }

    /// The slots that are taken; asked by a writer that has raised its flag and passed a fence since.
    ///
    /// Threads come and go meanwhile. Who *takes* a slot has taken it, with a block in the list and a bit and a
    /// count in the block, before the fence of its first `show`. If that fence is before the writer's, the writer
    /// loads all of these after and finds the slot; if it is after, the thread sees the flag that the writer has
    /// raised, and takes back what it shows. Who *gives back* a slot has read before: see
    /// [`give_back`](Taken::give_back). Here each load is one that acquires, so that this is known from a word
    /// that is 0 as it would be from the slot itself.
    #[inline]
    fn each_taken(&self, mut look: impl FnMut(&'static ReaderSlot)) {
        for block in self.blocks() {
            if !block.is_in_use() {
                continue;
            }
            for (word, bits) in block.taken.iter().enumerate() {
                let mut bits = bits.load(Ordering::Acquire);
                while bits != 0 {
                    look(&block.slots[word * WORD + bits.trailing_zeros() as usize]);
                    bits &= bits - 1;
                }
            }
        }
    }
}

#[cfg(not(loom))]
static SLOTS: ReaderSlots = ReaderSlots { first: AtomicPtr::new(ptr::null_mut()) };

#[cfg(not(loom))]
fn slots() -> &'static ReaderSlots {
    &SLOTS
}

#[cfg(loom)]
pub(crate) use modelled::fresh;
#[cfg(loom)]
use modelled::slots;

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
    #[cfg(not(loom))]
    at_fork();
    let slot = RETURN.try_with(|to_return| {
        let taken = slots().take();
        to_return.0.set(Some(taken));
        taken.slot
    });
    let slot = slot.ok()?;
    let _ = MINE.try_with(|mine| mine.set(Some(slot)));
    Some(slot)
}

/// Looks at the slots of threads that may have shown anything before the fence that was passed before this.
#[inline]
pub(super) fn each_taken(look: impl FnMut(&'static ReaderSlot)) {
    slots().each_taken(look);
}

/// In a child of `fork` the other threads' slots are nobody's: what these show is never taken back.
#[cfg(not(loom))]
fn at_fork() {
    extern "C" fn child() {
        let mine = mine();
        let is_mine = |slot: &ReaderSlot| mine.is_some_and(|mine| ptr::eq(mine, slot));
        for block in slots().blocks() {
            block.slots.iter().filter(|slot| !is_mine(slot)).for_each(ReaderSlot::clear);
            let at = block.slots.iter().position(is_mine);
            for (word, bits) in block.taken.iter().enumerate() {
                let bit = at.filter(|at| at / WORD == word).map_or(0, |at| 1 << (at % WORD));
                bits.store(bit, Ordering::Release);
            }
            if let Some(alive) = &block.alive {
                alive.store(usize::from(at.is_some()), Ordering::Release);
            }
        }
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| crate::sync::in_children(child));
}

/// The slots of a model, which are others in each execution.
#[cfg(loom)]
mod modelled {
    use std::cell::Cell;

    use super::{AtomicPtr, ReaderSlots, SlotBlock};

    // All threads of a model are run by one.
    std::thread_local! {
        static SLOTS: Cell<Option<&'static ReaderSlots>> = const { Cell::new(None) };
    }

    /// Begins an execution, whose first block is made and has so many slots.
    pub(crate) fn fresh(size: usize) {
        let first = AtomicPtr::new(Box::into_raw(Box::new(SlotBlock::new(size, 0))));
        SLOTS.set(Some(Box::leak(Box::new(ReaderSlots { first }))));
    }

    pub(super) fn slots() -> &'static ReaderSlots {
        SLOTS.get().expect("the model has begun with `fresh`")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Slots live as long as the process, and so are found from a static.
    fn slots() -> &'static ReaderSlots {
        static ALL: crate::sync::Mutex<Vec<&'static ReaderSlots>> = crate::sync::Mutex::new(Vec::new());
        let slots: &'static ReaderSlots =
            Box::leak(Box::new(ReaderSlots { first: AtomicPtr::new(ptr::null_mut()) }));
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
        let mut taken: Vec<Taken> = (0..count).map(|_| slots.take()).collect();
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
        let address = |taken: &Taken| ptr::from_ref(taken.slot).addr();
        let taken: Vec<Taken> = (0..200).map(|_| slots.take()).collect();
        let mut addresses: Vec<usize> = taken.iter().map(address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 200, "each has its own");
        for at in [150, 3, 70] {
            taken[at].give_back();
        }
        for at in [3, 70, 150] {
            assert_eq!(address(&slots.take()), address(&taken[at]));
        }
        assert_eq!(slots.blocks().count(), 5, "of 8 to 128 slots");
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
                        let taken: Vec<Taken> = (0..5).map(|_| slots.take()).collect();
                        for taken in &taken {
                            assert!(taken.slot.is_empty());
                            taken.slot.show(id);
                        }
                        for taken in taken {
                            assert!(taken.slot.shows(id));
                            taken.slot.clear();
                            taken.give_back();
                        }
                    }
                });
            }
        });
        assert_eq!(looked_at(slots), 0);
    }
}
