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

/// A counter that many threads add to and few read.
pub(crate) struct Tally {
    chunks: [OnceLock<Box<[Padded<AtomicU64>; CHUNK]>>; CHUNKS],
    shared: AtomicU64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], shared: AtomicU64::new(0) }
    }

    /// Adds one. Allocates when the first thread of a chunk counts here, never again.
    #[inline]
    pub(crate) fn add(&self) {
        let mut number = NUMBER.get();
        if number == UNKNOWN {
            number = take_number();
        }
        match self.chunks.get(number / CHUNK) {
            Some(chunk) => {
                let chunk = match chunk.get() {
                    Some(chunk) => chunk,
                    None => Self::grow(chunk),
                };
                let cell = &chunk[number % CHUNK].0;
                // Nobody else writes to this cell while the number is ours.
                cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            }
            None => {
                self.shared.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[cold]
    fn grow(chunk: &OnceLock<Box<[Padded<AtomicU64>; CHUNK]>>) -> &[Padded<AtomicU64>; CHUNK] {
        chunk.get_or_init(|| Box::new([const { Padded(AtomicU64::new(0)) }; CHUNK]))
    }

    pub(crate) fn sum(&self) -> u64 {
        let cells = self.chunks.iter().filter_map(OnceLock::get).flat_map(|chunk| chunk.iter());
        cells.map(|cell| cell.0.load(Ordering::Relaxed)).sum::<u64>() + self.shared.load(Ordering::Relaxed)
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
