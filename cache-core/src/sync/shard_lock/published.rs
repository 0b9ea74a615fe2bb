//! A lock whose readers write to nothing that they share.
//!
//! After BRAVO (Dice & Kogan, USENIX ATC 2019), taken to the end. A reader shows in its thread's slot
//! which lock it reads, then looks whether a writer has raised the lock's flag; if not, it is in.
//! Writers come one at a time, through a gate; they raise the flag and wait until no slot shows their
//! lock. Whoever may write later holds the gate alone, and readers come and go.
//!
//! A thread that has shown a lock already, or has no slot, is counted in the lock itself. What is
//! counted may be within another reading of the same thread, which a writer waits for. So it passes a
//! writer that waits, and only waits for one that is in: hence two flags, and a writer is in when it
//! has changed [`RAISED`] alone, with no reader counted, to [`RAISED`] and [`IN`].

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;

use super::gate::{Gate, GateGuard};
use super::slots::{self, ReaderSlot};
use crate::sync::{AtomicU32, Backoff, fence, is_comparing};

/// A writer is in, or waits for readers to leave.
const RAISED: u32 = 1;
/// A writer is in.
const IN: u32 = 2;
/// One reader that is counted.
const READER: u32 = 4;

/// The lock of a `T`, and of a `G` that readers do not look at: who changes that alone waits for no reader.
///
/// The lock comes first, so that it is on a line with what is read first of the data.
#[repr(C)]
pub(crate) struct ShardLock<T, G = ()> {
    /// Flags, and how many readers are counted.
    state: AtomicU32,
    /// Held by who writes, or may.
    gate: Gate,
    data: UnsafeCell<T>,
    gated: UnsafeCell<G>,
}

// SAFETY: it owns the values, and hands them out mutably from wherever it is.
unsafe impl<T: Send, G: Send> Send for ShardLock<T, G> {}
// SAFETY: readers on several threads see the one value at once; a writer is alone, and so is who holds the gate.
unsafe impl<T: Send + Sync, G: Send> Sync for ShardLock<T, G> {}

/// What a guard does when it goes it does on the thread that made it.
type NotSend = PhantomData<*const ()>;

/// Shared access.
pub(crate) struct ReadGuard<'a, T, G> {
    lock: &'a ShardLock<T, G>,
    /// Where it is shown; else it is counted.
    slot: Option<&'static ReaderSlot>,
    here: NotSend,
}

/// Shared access that was had at once.
pub(crate) struct PublishedReadGuard<'a, T, G> {
    lock: &'a ShardLock<T, G>,
    slot: &'static ReaderSlot,
    here: NotSend,
}

/// Shared access; nobody else can write meanwhile.
pub(crate) struct UpgradableGuard<'a, T, G> {
    lock: &'a ShardLock<T, G>,
    gate: GateGuard<'a>,
    here: NotSend,
}

/// Exclusive access.
pub(crate) struct WriteGuard<'a, T, G> {
    lock: &'a ShardLock<T, G>,
    /// Goes after the flag was lowered.
    _gate: GateGuard<'a>,
    here: NotSend,
}

impl<T, G> ShardLock<T, G> {
    pub(crate) fn new(value: T) -> Self
    where
        G: Default,
    {
        let (data, gated) = (UnsafeCell::new(value), UnsafeCell::new(G::default()));
        Self { state: AtomicU32::new(0), gate: Gate::new(), data, gated }
    }

    #[inline]
    pub(crate) fn read(&self) -> ReadGuard<'_, T, G> {
        match slots::mine() {
            Some(slot) if slot.is_empty() && self.enter(slot) => self.shown(slot),
            _ => self.read_slowly(),
        }
    }

    /// Shared access if it is to be had at once: nobody writes, and this thread, whose slot it is, reads nothing else.
    #[inline]
    pub(crate) fn read_at_once(&self, slot: &'static ReaderSlot) -> Option<PublishedReadGuard<'_, T, G>> {
        (slot.is_empty() && self.enter(slot)).then(|| PublishedReadGuard {
            lock: self,
            slot,
            here: PhantomData,
        })
    }

    #[inline]
    pub(crate) fn upgradable(&self) -> UpgradableGuard<'_, T, G> {
        UpgradableGuard { lock: self, gate: self.gate.lock(), here: PhantomData }
    }

    pub(crate) fn upgrade(guard: UpgradableGuard<'_, T, G>) -> WriteGuard<'_, T, G> {
        let UpgradableGuard { lock, gate, here } = guard;
        lock.exclude();
        WriteGuard { lock, _gate: gate, here }
    }

    #[inline]
    pub(crate) fn write(&self) -> WriteGuard<'_, T, G> {
        Self::upgrade(self.upgradable())
    }

    #[inline]
    fn address(&self) -> usize {
        std::ptr::from_ref(&self.state).addr()
    }

    #[inline]
    fn shown(&self, slot: &'static ReaderSlot) -> ReadGuard<'_, T, G> {
        ReadGuard { lock: self, slot: Some(slot), here: PhantomData }
    }

    /// Shows the lock in a slot that is empty, unless the flag is up.
    #[inline]
    fn enter(&self, slot: &ReaderSlot) -> bool {
        slot.show(self.address());
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

    /// Waits for the writer, behind those who wait already.
    fn read_in_turn(&self, slot: &'static ReaderSlot) -> ReadGuard<'_, T, G> {
        let mut backoff = Backoff::new();
        while backoff.spins() {
            if self.state.load(Ordering::Relaxed) & RAISED == 0 && self.enter(slot) {
                return self.shown(slot);
            }
            backoff.wait();
        }
        // Who raises the flag holds the gate: it is not up, nor will be before the slot shows the lock.
        let _gate = self.gate.lock();
        slot.show(self.address());
        self.shown(slot)
    }

    /// Passes a writer that waits.
    fn read_counted(&self) -> ReadGuard<'_, T, G> {
        // Acquire: what the last writer wrote.
        let count = |state| (state & IN == 0).then_some(state + READER);
        let mut backoff = Backoff::new();
        while self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, count).is_err() {
            backoff.wait();
        }
        ReadGuard { lock: self, slot: None, here: PhantomData }
    }

    /// Raises the flag and waits for readers to leave. The gate is held.
    fn exclude(&self) {
        self.state.fetch_or(RAISED, Ordering::Relaxed);
        // One of a pair: see `ReaderSlot::show`. What is shown later is taken back, or was shown before.
        fence(Ordering::SeqCst);
        let address = self.address();
        slots::each_taken(|slot| {
            let mut backoff = Backoff::new();
            while slot.shows(address) {
                backoff.wait();
            }
        });
        // Acquire: those who were counted have read.
        let mut backoff = Backoff::new();
        let enter = || self.state.compare_exchange(RAISED, RAISED | IN, Ordering::Acquire, Ordering::Relaxed);
        while enter().is_err() {
            backoff.wait();
        }
    }
}

/// What is done around a `fork`.
#[cfg(all(unix, not(miri), not(loom)))]
impl<T, G> ShardLock<T, G> {
    /// Keeps writers away.
    pub(crate) fn hold(&self) {
        std::mem::forget(self.gate.lock());
    }

    /// Lets them come again.
    pub(crate) fn release(&self) {
        self.gate.open();
    }

    /// What it guards, in the child. Those who have read there in the parent are forgotten.
    ///
    /// # Safety
    ///
    /// There is one thread, which holds the lock by [`hold`](Self::hold) and in no other way.
    #[expect(clippy::mut_from_ref, reason = "as a lock does")]
    pub(crate) unsafe fn forked(&self) -> (&mut T, &mut G) {
        self.state.store(0, Ordering::Relaxed);
        // SAFETY: nobody else writes, since the gate is closed, or reads, since there is nobody else.
        unsafe { (&mut *self.data.get(), &mut *self.gated.get()) }
    }
}

#[cfg(all(test, not(loom)))]
impl<T, G> ShardLock<T, G> {
    /// Whether a writer is in, or waits.
    pub(super) fn is_raised(&self) -> bool {
        self.state.load(Ordering::Relaxed) & RAISED != 0
    }

    /// Whether a thread shows it.
    #[cfg(all(unix, not(miri)))]
    pub(super) fn is_shown(&self) -> bool {
        let mut is_shown = false;
        slots::each_taken(|slot| is_shown |= slot.shows(self.address()));
        is_shown
    }
}

impl<T, G> Drop for ReadGuard<'_, T, G> {
    #[inline]
    fn drop(&mut self) {
        match self.slot {
            Some(slot) => slot.clear(),
            None => {
                // Release: what was read was read before.
                self.lock.state.fetch_sub(READER, Ordering::Release);
            }
        }
    }
}

impl<T, G> Drop for PublishedReadGuard<'_, T, G> {
    #[inline]
    fn drop(&mut self) {
        self.slot.clear();
    }
}

impl<T, G> Drop for WriteGuard<'_, T, G> {
    #[inline]
    fn drop(&mut self) {
        // Nobody else changes the state while a writer is in. Release: who reads then sees what was
        // written.
        self.lock.state.store(0, Ordering::Release);
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

impl<T, G> Deref for PublishedReadGuard<'_, T, G> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: as above.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T, G> Deref for UpgradableGuard<'_, T, G> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: a writer holds the gate, which is held here.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T, G> Deref for WriteGuard<'_, T, G> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard alone gives access until it is gone.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T, G> DerefMut for WriteGuard<'_, T, G> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above; and the guard is borrowed mutably.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T, G> UpgradableGuard<'_, T, G> {
    /// What the gate alone guards.
    #[inline]
    pub(crate) fn gated(&self) -> &G {
        // SAFETY: only who holds the gate sees it, which this does; it is borrowed from here.
        unsafe { &*self.lock.gated.get() }
    }

    #[inline]
    pub(crate) fn gated_mut(&mut self) -> &mut G {
        // SAFETY: as above; and the guard is borrowed mutably.
        unsafe { &mut *self.lock.gated.get() }
    }
}

impl<T, G> WriteGuard<'_, T, G> {
    /// What the gate alone guards.
    #[inline]
    pub(crate) fn gated(&self) -> &G {
        // SAFETY: as for `UpgradableGuard`.
        unsafe { &*self.lock.gated.get() }
    }

    #[inline]
    pub(crate) fn gated_mut(&mut self) -> &mut G {
        // SAFETY: as for `UpgradableGuard`.
        unsafe { &mut *self.lock.gated.get() }
    }
}
