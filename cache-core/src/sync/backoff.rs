//! Waiting for what takes nanoseconds, as a rule.

/// How long a wait has been; each one is longer than the one before.
pub(crate) struct Backoff(u32);

/// Waits that keep the processor.
#[cfg(not(loom))]
const SPINS: u32 = 6;
/// Waits that give it to whoever else would run.
#[cfg(not(loom))]
const YIELDS: u32 = 10;

#[cfg(not(loom))]
impl Backoff {
    pub(crate) fn new() -> Self {
        Self(0)
    }

    /// Whether the next wait keeps the processor.
    pub(crate) fn spins(&self) -> bool {
        self.0 < SPINS
    }

    pub(crate) fn wait(&mut self) {
        if self.spins() {
            (0..1 << self.0).for_each(|_| std::hint::spin_loop());
        } else if self.0 < SPINS + YIELDS {
            std::thread::yield_now();
        } else {
            // Who is waited for is kept from running, or runs code of the user's.
            let exponent = (self.0 - SPINS - YIELDS).min(10);
            std::thread::sleep(std::time::Duration::from_micros(1 << exponent));
        }
        self.0 = self.0.saturating_add(1);
    }
}

/// The model checker lets others run.
#[cfg(loom)]
impl Backoff {
    /// After so many rounds whoever waits has seen what there is to be seen. From there on others get
    /// their turn, and no other schedules are tried: who never gets any further is found all the same.
    const ENOUGH: u32 = 3;

    pub(crate) fn new() -> Self {
        Self(0)
    }

    /// One try is as good as many.
    pub(crate) fn spins(&self) -> bool {
        self.0 < 1
    }

    pub(crate) fn wait(&mut self) {
        self.0 += 1;
        if self.0 > Self::ENOUGH {
            loom::skip_branch();
        }
        loom::thread::yield_now();
    }
}
