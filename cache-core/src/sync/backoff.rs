//! Waiting for what takes nanoseconds, as a rule.

use std::thread::{sleep, yield_now};
use std::time::Duration;

/// How long a wait has been; each one is longer than the one before.
pub(crate) struct Backoff(u32);

/// Waits that keep the processor.
const SPINS: u32 = 6;
/// Waits that give it to whoever else would run.
const YIELDS: u32 = 10;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(0)
    }

    /// Whether the next wait keeps the processor.
    pub(crate) fn spins(&self) -> bool {
        self.0 < SPINS
    }

    #[cold]
    pub(crate) fn wait(&mut self) {
        if self.spins() {
            (0..1 << self.0).for_each(|_| std::hint::spin_loop());
        } else if self.0 < SPINS + YIELDS {
            yield_now();
        } else {
            // Who is waited for is kept from running, or runs code of the user's.
            let exponent = (self.0 - SPINS - YIELDS).min(10);
            sleep(Duration::from_micros(1 << exponent));
        }
        self.0 = self.0.saturating_add(1);
    }
}
