//! A barrier that spins.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Lets threads go together. A sleeping barrier wakes its threads tens of microseconds apart, which
/// for the fastest entrants is a part of the slot that would be measured without contention.
pub(crate) struct Gate {
    threads: usize,
    arrived: AtomicUsize,
    /// How often a thread looks before it lets others have its core.
    patience: u32,
}

impl Gate {
    pub(crate) fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0), patience: 10_000 }
    }

    /// For threads that may sleep before they arrive, and need a core when they are woken.
    pub(crate) fn of_sleepers(threads: usize) -> Self {
        Self { patience: 100, ..Self::new(threads) }
    }

    /// Returns when all threads have called this as often as this one has.
    pub(crate) fn pass(&self) {
        let turn = self.arrive();
        let mut tries = 0_u32;
        while !self.all_arrived(turn) {
            tries += 1;
            if tries < self.patience {
                std::hint::spin_loop();
            } else {
                // With more threads than cores, the one waited for needs this core.
                std::thread::yield_now();
            }
        }
    }

    /// Arrives without waiting. Returns the turn, to ask `all_arrived` for.
    pub(crate) fn arrive(&self) -> usize {
        self.arrived.fetch_add(1, Ordering::AcqRel) / self.threads
    }

    pub(crate) fn all_arrived(&self, turn: usize) -> bool {
        self.arrived.load(Ordering::Acquire) >= (turn + 1) * self.threads
    }
}

/// Ends the process when its thread panics: the other threads would spin at the gate for ever.
pub(crate) struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
