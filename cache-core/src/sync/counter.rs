//! Counting hits without a shared line: each thread adds to a cell of its own.
//!
//! A thread takes the lowest free number when it first counts and gives it back when it ends. Cells
//! are made in chunks as threads appear, so that a memo used by few threads stays small. Beyond
//! [`CELLS`] threads at once the rest share one cell.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Padded;

const CHUNK: usize = 8;
const CHUNKS: usize = 8;
const CELLS: usize = CHUNK * CHUNKS;
const UNKNOWN: usize = usize::MAX;
const SHARED: usize = usize::MAX - 1;

/// Which numbers are taken, one bit each.
static TAKEN: AtomicU64 = AtomicU64::new(0);

std::thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(UNKNOWN) };
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

/// The cells of some threads.
type Chunk = Box<[Padded<Cells>; CHUNK]>;

/// A thread's own.
#[derive(Default)]
struct Cells(AtomicU64);

impl Cells {
    /// Nobody else writes to this cell while the thread's number is ours.
    #[inline]
    fn bump(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// A counter that many threads add to and few read.
pub(crate) struct Tally {
    chunks: [OnceLock<Chunk>; CHUNKS],
    shared: AtomicU64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], shared: AtomicU64::new(0) }
    }

    /// Adds one. Allocates when the first thread of a chunk counts here, never again.
    #[inline]
    pub(crate) fn add(&self) {
        // Most programs have few threads at once.
        let number = NUMBER.get();
        match self.chunks[0].get() {
            Some(first) if number < CHUNK => first[number].bump(),
            _ => self.add_further(number),
        }
    }

    #[cold]
    #[inline(never)]
    fn add_further(&self, number: usize) {
        let number = if number == UNKNOWN { take_number() } else { number };
        match self.chunks.get(number / CHUNK) {
            Some(chunk) => chunk.get_or_init(Chunk::default)[number % CHUNK].bump(),
            None => {
                self.shared.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn sum(&self) -> u64 {
        let cells = self.chunks.iter().filter_map(OnceLock::get).flat_map(|chunk| chunk.iter());
        cells.map(|cell| cell.0.0.load(Ordering::Relaxed)).sum::<u64>() + self.shared.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_threads_add_up() {
        let tally = Tally::new();
        std::thread::scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| (0..1000).for_each(|_| tally.add()));
            }
        });
        assert_eq!(tally.sum(), 100_000);
    }
}
