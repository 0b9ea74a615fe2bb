//! Counting hits without a shared line: each thread adds to a cell of its own.
//!
//! A thread takes the lowest free number when it first counts and gives it back when it ends. Cells
//! are made as threads appear, so that a memo used by few threads stays small. Beyond
//! [`CELLS`] threads at once the rest share one cell.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::Padded;

const CELLS: usize = 64;
const UNKNOWN: usize = usize::MAX;
const SHARED: usize = usize::MAX - 1;

/// Which numbers are taken, one bit each.
static TAKEN: AtomicU64 = AtomicU64::new(0);

std::thread_local! {
    static NUMBER: std::cell::Cell<usize> = const { std::cell::Cell::new(UNKNOWN) };
    static RETURN: Return = const { Return };
}

/// Gives the thread's number back when the thread ends.
struct Return;

impl Drop for Return {
    fn drop(&mut self) {
        let number = NUMBER.replace(SHARED);
        if number < CELLS {
            // Release: the next owner's plain read-modify-write comes after our last one.
            TAKEN.fetch_and(!(1 << number), Ordering::Release);
        }
    }
}

#[cold]
fn take_number() -> usize {
    let taken = TAKEN.fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
        (taken != u64::MAX).then(|| taken | (taken + 1))
    });
    let number = match taken {
        Ok(before) => before.trailing_ones() as usize,
        Err(_) => SHARED,
    };
    NUMBER.set(number);
    // Not to be had while the thread is being torn down: then the number is never given back by it,
    // so it must not keep one.
    if RETURN.try_with(|_| ()).is_err() && number < CELLS {
        NUMBER.set(SHARED);
        TAKEN.fetch_and(!(1 << number), Ordering::Release);
        return SHARED;
    }
    number
}

/// In a child of `fork` no other thread counts any more.
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) fn forget_other_threads() {
    let mine = NUMBER.get();
    TAKEN.store(if mine < CELLS { 1 << mine } else { 0 }, Ordering::Relaxed);
}

/// What one thread has counted, on a line of its own.
#[derive(Default)]
pub(crate) struct Cell(Padded<AtomicU64>);

impl Cell {
    /// Adds one. Nobody else writes to a thread's cell while its number is the thread's.
    #[inline]
    pub(crate) fn bump(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// The cells of the first so many threads.
struct Block {
    cells: Box<[Cell]>,
    /// Those from when there were fewer.
    older: *mut Block,
}

/// A counter that many threads add to and few read. Two words, until somebody counts.
pub(crate) struct Tally {
    /// The newest block, if there is one.
    block: AtomicPtr<Block>,
    shared: AtomicU64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { block: AtomicPtr::new(ptr::null_mut()), shared: AtomicU64::new(0) }
    }

    /// This thread's cell, if it has one.
    #[inline]
    pub(crate) fn cell(&self) -> Option<&Cell> {
        // SAFETY: blocks are freed only when the tally is dropped.
        unsafe { self.block.load(Ordering::Acquire).as_ref() }?.cells.get(NUMBER.get())
    }

    /// Adds one. Allocates when more threads count here than ever before, twice as many each time.
    pub(crate) fn add(&self) {
        match self.cell() {
            Some(cell) => cell.bump(),
            None => self.add_further(),
        }
    }

    #[cold]
    fn add_further(&self) {
        let number = NUMBER.get();
        let number = if number == UNKNOWN { take_number() } else { number };
        if number >= CELLS {
            self.shared.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut older = self.block.load(Ordering::Acquire);
        loop {
            // SAFETY: as above.
            if let Some(block) = unsafe { older.as_ref() }
                && let Some(cell) = block.cells.get(number)
            {
                return cell.bump();
            }
            let cells = (0..(number + 1).next_power_of_two()).map(|_| Cell::default()).collect();
            let block = Box::into_raw(Box::new(Block { cells, older }));
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
        let mut block = self.block.load(Ordering::Acquire);
        // SAFETY: as above; so are the older ones.
        while let Some(this) = unsafe { block.as_ref() } {
            sum += this.cells.iter().map(|cell| cell.0.load(Ordering::Relaxed)).sum::<u64>();
            block = this.older;
        }
        sum
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let mut block = *self.block.get_mut();
        while !block.is_null() {
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
