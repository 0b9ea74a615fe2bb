//! Counting hits without a shared line: each thread adds to a cell of its own.
//!
//! A thread's cell is that of its number, which it has with its slot for reading. Cells are made as threads
//! appear, so that a memo used by few threads stays small. Beyond [`CELLS`] threads at once the rest share one cell.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::{Padded, ReaderSlot, mine, mine_or_new};

const CELLS: usize = 64;

/// What one thread has counted, on a line of its own.
#[derive(Default)]
pub(crate) struct CounterCell(Padded<AtomicU64>);

impl CounterCell {
    /// Adds one. Nobody else writes to a thread's cell while its number is the thread's. The next thread that has
    /// it does so after all that this one does.
    #[inline]
    pub(crate) fn bump(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// The cells of the first so many threads.
struct CounterBlock {
    cells: Vec<CounterCell>,
    /// Those from when there were fewer; [`NONE`] if there were none.
    older: *mut CounterBlock,
}

// SAFETY: nobody changes it, but what atomics in it say, once it is shared.
unsafe impl Sync for CounterBlock {}

/// Of no thread.
static NONE: CounterBlock = CounterBlock { cells: Vec::new(), older: none() };

const fn none() -> *mut CounterBlock {
    (&raw const NONE).cast_mut()
}

/// A counter that many threads add to and few read. Two words, until somebody counts.
pub(crate) struct Tally {
    /// The newest block.
    block: AtomicPtr<CounterBlock>,
    shared: AtomicU64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { block: AtomicPtr::new(none()), shared: AtomicU64::new(0) }
    }

    /// Those whose cells are looked for first.
    #[inline]
    fn block(&self) -> &CounterBlock {
        // SAFETY: it is `NONE`, or one of ours, which are freed only when the tally is dropped.
        unsafe { &*self.block.load(Ordering::Acquire) }
    }

    /// Adds one, if the thread that has this slot has a cell. Whether it has.
    #[inline]
    pub(crate) fn add_at_once(&self, slot: &ReaderSlot) -> bool {
        let cell = self.block().cells.get(slot.number());
        cell.inspect(|cell| cell.bump()).is_some()
    }

    /// Adds one. Allocates when more threads count here than ever before, twice as many each time.
    pub(crate) fn add(&self) {
        if !mine().is_some_and(|slot| self.add_at_once(slot)) {
            self.add_further();
        }
    }

    #[cold]
    fn add_further(&self) {
        let number = mine_or_new().map(ReaderSlot::number).filter(|number| *number < CELLS);
        let Some(number) = number else {
            self.shared.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let mut older = self.block.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `block`.
            if let Some(cell) = unsafe { &*older }.cells.get(number) {
                return cell.bump();
            }
            let cells = (0..(number + 1).next_power_of_two()).map(|_| CounterCell::default()).collect();
            let block = Box::into_raw(Box::new(CounterBlock { cells, older }));
            match self.block.compare_exchange(older, block, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => older = block,
                Err(newer) => {
                    // SAFETY: made just now, and nobody else has seen it.
                    drop(unsafe { Box::from_raw(block) });
                    older = newer;
                }
            }
        }
    }

    pub(crate) fn sum(&self) -> u64 {
        let mut sum = self.shared.load(Ordering::Relaxed);
        let mut block = self.block();
        while !ptr::eq(block, none()) {
            sum += block.cells.iter().map(|cell| cell.0.load(Ordering::Relaxed)).sum::<u64>();
            // SAFETY: as in `block`.
            block = unsafe { &*block.older };
        }
        sum
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let mut block = *self.block.get_mut();
        while block != none() {
            // SAFETY: each block came from a box, and is in one chain once; nobody counts any more.
            block = unsafe { Box::from_raw(block) }.older;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_threads_add_up() {
        let (threads, each) = if cfg!(miri) { (20, 10) } else { (100, 1000) };
        let tally = Tally::new();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..each).for_each(|_| tally.add()));
            }
        });
        assert_eq!(tally.sum(), threads * each);
    }
}
