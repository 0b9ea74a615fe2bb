//! The lock of a shard: shared, shared with the right to become exclusive, or exclusive. Its readers write to
//! nothing that they share.
//!
//! User code (`Eq`, and the `Borrow` that it needs) runs under shared or upgradable access. Whoever writes finds its
//! place under upgradable access first, then upgrades and acts on what it found without comparing again.
//!
//! After BRAVO (Dice & Kogan, USENIX ATC 2019), taken to the end. A reader shows in its thread's slot
//! which lock it reads, then looks whether a writer has raised the lock's flag; if not, it is in.
//! Writers come one at a time, through a gate; they raise the flag and wait until no slot shows their
//! lock. Whoever may write later only holds the gate, and readers come and go.
//!
//! A thread that has shown a lock already, or has no slot, is counted in the lock itself. What is
//! counted may be within another reading of the same thread, which a writer waits for. So it passes a
//! writer that waits, and only waits for one that is in, or about to be: hence two flags. A writer raises
//! both at once, then looks for readers. If there are some it takes [`IN`] back, and tries again when they
//! are gone.
//!
//! It has models of its own (`model/locks.rs`). The models of the runtime have a plain lock in its place, since with
//! both there would be too many schedules.

pub(crate) mod slots;
#[cfg(all(test, not(loom)))]
mod tests;

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;

use slots::ReaderSlot;

use crate::sync::{AtomicU32, Backoff, Mutex, MutexGuard, fence, is_comparing};

/// A writer is in, or waits for readers to leave.
const RAISED: u32 = 1;
/// A writer is in, or is about to be.
const IN: u32 = 2;

/// The lock of a `T`, and of a `G` that readers do not look at: who changes that alone waits for no reader.
///
/// The lock comes first, so that it is on a line with what is read first of the data.
#[repr(C)]
pub(crate) struct ShardLock<T, G = ()> {
    /// Flags. Only the writer that holds the gate changes them.
    state: AtomicU32,
    /// How many readers are counted.
    counted: AtomicU32,
    data: UnsafeCell<T>,
    /// Held by who writes, or may.
    gate: Mutex<G>,
}

// SAFETY: it owns the values, and hands them out mutably from wherever it is.
unsafe impl<T: Send, G: Send> Send for ShardLock<T, G> {}
// SAFETY: readers on several threads see the one value at once; a writer is alone, and so is who holds the gate.
unsafe impl<T: Send + Sync, G: Send> Sync for ShardLock<T, G> {}

/// Shared access. What it does when it is dropped it does on the thread that made it.
pub(crate) struct ReadGuard<'a, T, G> {
    lock: &'a ShardLock<T, G>,
    /// Where it is shown; else it is counted.
    slot: Option<&'static ReaderSlot>,
    not_send: PhantomData<*const ()>,
}

/// Access of who holds the gate: nobody else can write meanwhile.
pub(crate) struct GateGuard<'a, T, G, Access> {
    lock: &'a ShardLock<T, G>,
    /// Comes before the gate, so the flag is lowered before that is let go.
    _access: Access,
    gate: MutexGuard<'a, G>,
}

/// Shared access, which may become exclusive.
pub(crate) type UpgradableGuard<'a, T, G> = GateGuard<'a, T, G, ()>;

/// Exclusive access.
pub(crate) type WriteGuard<'a, T, G> = GateGuard<'a, T, G, Exclusive<'a>>;

/// The flags of a lock are up, and no reader is in.
pub(crate) struct Exclusive<'a>(&'a AtomicU32);

impl<T, G> ShardLock<T, G> {
    pub(crate) fn new(value: T) -> Self
    where
        G: Default,
    {
        let (state, counted) = (AtomicU32::new(0), AtomicU32::new(0));
        Self { state, counted, data: UnsafeCell::new(value), gate: Mutex::new(G::default()) }
    }

    #[inline]
    pub(crate) fn read(&self) -> ReadGuard<'_, T, G> {
        slots::mine().and_then(|slot| self.read_at_once(slot)).unwrap_or_else(|| self.read_slowly())
    }

    /// Shared access if it is to be had at once: nobody writes, and this thread, whose slot it is, reads nothing else.
    #[inline]
    pub(crate) fn read_at_once(&self, slot: &'static ReaderSlot) -> Option<ReadGuard<'_, T, G>> {
        (slot.is_empty() && self.enter(slot)).then(|| self.guard(Some(slot)))
    }

    #[inline]
    pub(crate) fn upgradable(&self) -> UpgradableGuard<'_, T, G> {
        GateGuard { lock: self, _access: (), gate: self.gate.lock() }
    }

    #[inline]
    pub(crate) fn upgrade(guard: UpgradableGuard<'_, T, G>) -> WriteGuard<'_, T, G> {
        let GateGuard { lock, gate, .. } = guard;
        GateGuard { lock, _access: Exclusive::enter(&lock.state, &lock.counted), gate }
    }

    /// Goes on as who may write later.
    #[inline]
    pub(crate) fn downgrade(guard: WriteGuard<'_, T, G>) -> UpgradableGuard<'_, T, G> {
        let GateGuard { lock, gate, .. } = guard;
        GateGuard { lock, _access: (), gate }
    }

    #[inline]
    pub(crate) fn write(&self) -> WriteGuard<'_, T, G> {
        Self::upgrade(self.upgradable())
    }

    #[inline]
    fn guard(&self, slot: Option<&'static ReaderSlot>) -> ReadGuard<'_, T, G> {
        ReadGuard { lock: self, slot, not_send: PhantomData }
    }

    /// Shows the lock in a slot that is empty, unless the flag is up.
    #[inline]
    fn enter(&self, slot: &ReaderSlot) -> bool {
        slot.show(address(&self.state));
        // Acquire: what the last writer wrote. If a writer has raised the flag and it is not seen here,
        // that writer sees the slot.
        if self.state.load(Ordering::Acquire) & RAISED == 0 {
            return true;
        }
        slot.clear();
        false
    }

    #[cold]
    #[inline(never)]
    fn read_slowly(&self) -> ReadGuard<'_, T, G> {
        match slots::mine_or_new() {
            // Within `Eq` this thread may hold up a writer, which must not hold it up.
            Some(slot) if slot.is_empty() && !is_comparing() => self.read_in_turn(slot),
            _ => self.read_counted(),
        }
    }

    /// Waits until the writer is done.
    fn read_in_turn(&self, slot: &'static ReaderSlot) -> ReadGuard<'_, T, G> {
        let mut backoff = Backoff::new();
        while backoff.spins() {
            if self.state.load(Ordering::Relaxed) & RAISED == 0 && self.enter(slot) {
                return self.guard(Some(slot));
            }
            backoff.wait();
        }
        // Whoever raises the flag holds the gate: it is down, and stays so until the slot shows the lock.
        let _gate = self.gate.lock();
        slot.show(address(&self.state));
        self.guard(Some(slot))
    }

    /// Passes a writer that waits.
    fn read_counted(&self) -> ReadGuard<'_, T, G> {
        self.counted.fetch_add(1, Ordering::Relaxed);
        // One of a pair, as in `ReaderSlot::show`: a writer sees the count, or is seen here.
        fence(Ordering::SeqCst);
        // Acquire: what the last writer wrote.
        wait_while(|| self.state.load(Ordering::Acquire) & IN != 0);
        self.guard(None)
    }
}

/// Waits until a condition no longer holds: mostly it does not.
#[inline]
fn wait_while(condition: impl Fn() -> bool) {
    #[cold]
    fn wait(condition: impl Fn() -> bool) {
        let mut backoff = Backoff::new();
        backoff.wait();
        while condition() {
            backoff.wait();
        }
    }
    if condition() {
        wait(condition);
    }
}

impl<'a> Exclusive<'a> {
    /// Raises the flags of the lock with this state, and waits for readers to leave. The gate is held.
    #[inline(never)]
    fn enter(state: &'a AtomicU32, counted: &AtomicU32) -> Self {
        let mut is_read = Self::raise(state, counted);
        slots::each_taken(|slot| is_read |= slot.shows(address(state)));
        if is_read {
            Self::wait(state, counted);
        }
        Self(state)
    }

    /// Raises the flags, passes a fence, and tells whether a reader is counted.
    fn raise(state: &AtomicU32, counted: &AtomicU32) -> bool {
        // Nobody reads what is behind `IN`, so nothing is released.
        state.store(RAISED | IN, Ordering::Relaxed);
        // One of a pair: see `ReaderSlot::show`. What is shown later is taken back, or was shown before.
        fence(Ordering::SeqCst);
        Self::is_counted(counted)
    }

    fn is_counted(counted: &AtomicU32) -> bool {
        // Acquire: those who were counted have read.
        counted.load(Ordering::Acquire) > 0
    }

    #[cold]
    fn wait(state: &AtomicU32, counted: &AtomicU32) {
        // Release: those who pass read what the last writer wrote, who had the gate before.
        let let_pass = || state.store(RAISED, Ordering::Release);
        let_pass();
        // Nobody who shows the lock from here on gets in, since a flag stays up.
        slots::each_taken(|slot| wait_while(|| slot.shows(address(state))));
        loop {
            wait_while(|| Self::is_counted(counted));
            if !Self::raise(state, counted) {
                return;
            }
            let_pass();
        }
    }
}

/// What a slot shows of the lock with this state.
#[inline]
fn address(state: &AtomicU32) -> usize {
    std::ptr::from_ref(state).addr()
}

impl<T, G, Access> GateGuard<'_, T, G, Access> {
    /// What the gate alone guards.
    #[inline]
    pub(crate) fn gated(&self) -> &G {
        &self.gate
    }

    #[inline]
    pub(crate) fn gated_mut(&mut self) -> &mut G {
        &mut self.gate
    }
}

#[cfg(all(unix, not(miri), not(loom)))]
impl<T, G> UpgradableGuard<'_, T, G> {
    /// What the lock guards, in a child of `fork`. Those who have read there in the parent are forgotten.
    ///
    /// # Safety
    ///
    /// There is one thread, and it does not read there.
    pub(crate) unsafe fn forked(&mut self) -> (&mut T, &mut G) {
        self.lock.state.store(0, Ordering::Relaxed);
        self.lock.counted.store(0, Ordering::Relaxed);
        // SAFETY: nobody else writes, since the gate is held, or reads, since there is nobody else.
        (unsafe { &mut *self.lock.data.get() }, &mut self.gate)
    }
}

impl<T, G> Drop for ReadGuard<'_, T, G> {
    #[inline]
    fn drop(&mut self) {
        match self.slot {
            Some(slot) => slot.clear(),
            None => {
                // Release: what was read was read before.
                self.lock.counted.fetch_sub(1, Ordering::Release);
            }
        }
    }
}

impl Drop for Exclusive<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release: who reads then sees what was written.
        self.0.store(0, Ordering::Release);
    }
}

impl<T, G> Deref for ReadGuard<'_, T, G> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: a writer waits until this guard is gone.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T, G, Access> Deref for GateGuard<'_, T, G, Access> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: a writer holds the gate, which is held here.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T, G> DerefMut for WriteGuard<'_, T, G> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard alone gives access until it is gone, and it is borrowed mutably.
        unsafe { &mut *self.lock.data.get() }
    }
}
