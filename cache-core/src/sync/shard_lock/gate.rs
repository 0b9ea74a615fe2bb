//! The gate of a shard: a mutex of four bytes.
//!
//! Where it is taken without waiting it is one exchange. Who has to wait does so in a place that is found by the
//! gate's address, and shares it with gates of other addresses: whoever opens a gate wakes all who wait there, and
//! they look again. Unlike a mutex of the standard library it has no word for a poisoned state, and unlike others it
//! keeps no list of who waits, so that it can be opened in a child of `fork`, where they do not exist.

#[cfg(any(not(loom), test))]
use crate::sync::{AtomicU32, Backoff, Condvar, Mutex, Ordering};

#[cfg(any(not(loom), test))]
const OPEN: u32 = 0;
#[cfg(any(not(loom), test))]
const CLOSED: u32 = 1;
#[cfg(any(not(loom), test))]
/// And somebody may wait.
const WAITED_FOR: u32 = 2;

#[cfg(any(not(loom), test))]
/// Where threads wait.
pub(crate) struct Lot {
    lock: Mutex<()>,
    opened: Condvar,
}

#[cfg(any(not(loom), test))]
impl Lot {
    #[cfg(not(loom))]
    const fn new() -> Self {
        Self { lock: Mutex::new(()), opened: Condvar::new() }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self { lock: Mutex::new(()), opened: Condvar::new() }
    }
}

#[cfg(any(not(loom), test))]
pub(crate) struct RawGate(AtomicU32);

#[cfg(any(not(loom), test))]
impl RawGate {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(OPEN))
    }

    #[inline]
    fn try_close(&self) -> bool {
        // Acquire: what was done behind the gate before.
        self.0.compare_exchange(OPEN, CLOSED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[inline]
    pub(crate) fn close(&self, lot: impl Fn() -> &'static Lot) {
        if !self.try_close() {
            self.close_slowly(lot());
        }
    }

    #[cold]
    fn close_slowly(&self, lot: &Lot) {
        let mut backoff = Backoff::new();
        while backoff.spins() {
            if self.try_close() {
                return;
            }
            backoff.wait();
        }
        let mut guard = lot.lock.lock();
        // Others may wait as well: nobody knows, so whoever has waited says so. Acquire: as above.
        while self.0.swap(WAITED_FOR, Ordering::Acquire) != OPEN {
            lot.opened.wait(&mut guard);
        }
    }

    #[inline]
    pub(crate) fn open(&self, lot: impl Fn() -> &'static Lot) {
        // Release: what was done behind it.
        if self.0.swap(OPEN, Ordering::Release) == WAITED_FOR {
            // Under the lock: who has seen the gate closed waits by now.
            let lot = lot();
            drop(lot.lock.lock());
            lot.opened.notify_all();
        }
    }
}

#[cfg(not(loom))]
static LOTS: [Lot; 64] = [const { Lot::new() }; 64];

/// The gate of what ships. Models of the lock of a shard have a mutex of the model checker's in its place.
#[cfg(not(loom))]
pub(crate) struct Gate(RawGate);

#[cfg(not(loom))]
pub(crate) struct GateGuard<'a>(&'a Gate);

#[cfg(not(loom))]
impl Gate {
    pub(crate) fn new() -> Self {
        Self(RawGate::new())
    }

    fn lot(&self) -> &'static Lot {
        // Shards are 128 bytes each.
        let address = std::ptr::from_ref(self).addr();
        &LOTS[(address >> 7) % LOTS.len()]
    }

    #[inline]
    pub(crate) fn lock(&self) -> GateGuard<'_> {
        self.0.close(|| self.lot());
        GateGuard(self)
    }

    /// Opens what a guard was forgotten of.
    #[inline]
    pub(crate) fn open(&self) {
        self.0.open(|| self.lot());
    }

    /// All places where threads wait, none of which is being looked at until this is dropped.
    #[cfg(all(unix, not(miri)))]
    pub(crate) fn lots() -> Vec<crate::sync::plain::MutexGuard<'static, ()>> {
        LOTS.iter().map(|lot| lot.lock.lock()).collect()
    }
}

#[cfg(not(loom))]
impl Drop for GateGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.open();
    }
}

/// See above.
#[cfg(loom)]
pub(crate) struct Gate(crate::sync::Mutex<()>);

#[cfg(loom)]
pub(crate) type GateGuard<'a> = loom::sync::MutexGuard<'a, ()>;

#[cfg(loom)]
impl Gate {
    pub(crate) fn new() -> Self {
        Self(crate::sync::Mutex::new(()))
    }

    pub(crate) fn lock(&self) -> GateGuard<'_> {
        self.0.lock()
    }
}
