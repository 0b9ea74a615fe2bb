//! Who reads what: each thread has a slot, in which it shows the lock that it reads.
//!
//! A slot is made when there is none free, and then lives as long as the process. A thread takes one
//! when it first reads, and gives it back when it ends, so there are as many as there ever were
//! threads at once.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, fence, thread_local};

/// No lock is at this address.
const NOTHING: usize = 0;

/// What one thread reads. It has two lines to itself, since processors fetch them in pairs.
#[repr(align(128))]
pub(crate) struct Slot {
    /// The address of the lock that the thread reads. Only that thread changes it.
    shown: AtomicUsize,
    /// Whether a thread has it.
    taken: AtomicBool,
    /// The one that was made before.
    next: Option<&'static Slot>,
}

impl Slot {
    /// Whether the thread shows nothing; asked by itself.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.shown.load(Ordering::Relaxed) == NOTHING
    }

    /// Shows a lock, before whatever this thread loads next.
    ///
    /// The fence is one of a pair, with the one of a writer, who has raised its flag and then looks at
    /// the slots: either the writer sees what is shown, or the reader sees the flag.
    #[inline]
    pub(super) fn show(&self, lock: usize) {
        // Release: a writer of the lock that was read before this one may find this one.
        self.shown.store(lock, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn clear(&self) {
        // Release: what was read was read before.
        self.shown.store(NOTHING, Ordering::Release);
    }

    /// Whether a thread shows this lock; asked by a writer.
    #[inline]
    pub(super) fn shows(&self, lock: usize) -> bool {
        // Acquire: whoever read it has done so.
        self.shown.load(Ordering::Acquire) == lock
    }
}

/// All the slots.
pub(crate) struct Slots {
    newest: AtomicPtr<Slot>,
}

impl Slots {
    fn all(&self) -> impl Iterator<Item = &'static Slot> {
        // SAFETY: it is null, or what `take` has put there, which lives on. Acquire: it is whole.
        let newest = unsafe { self.newest.load(Ordering::Acquire).as_ref() };
        std::iter::successors(newest, |slot| slot.next)
    }

    fn take(&self) -> &'static Slot {
        // Acquire: what the thread before has read was read before whatever this one shows.
        let take = |slot: &&Slot| {
            slot.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        self.all().find(take).unwrap_or_else(|| self.make())
    }

    fn make(&self) -> &'static Slot {
        let made = Box::into_raw(Box::new(Slot {
            shown: AtomicUsize::new(NOTHING),
            taken: AtomicBool::new(true),
            next: None,
        }));
        let mut newest = self.newest.load(Ordering::Acquire);
        loop {
            // SAFETY: nobody else has it yet. What is there lives on.
            unsafe { (*made).next = newest.as_ref() };
            // Release: who finds it finds it whole.
            match self.newest.compare_exchange(newest, made, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: it was just made, lives on, and is only read from here on.
                Ok(_) => return unsafe { &*made },
                Err(newer) => newest = newer,
            }
        }
    }
}

#[cfg(not(loom))]
static SLOTS: Slots = Slots { newest: AtomicPtr::new(ptr::null_mut()) };

#[cfg(not(loom))]
fn slots() -> &'static Slots {
    &SLOTS
}

#[cfg(loom)]
pub(crate) use modelled::fresh;
#[cfg(loom)]
use modelled::slots;

thread_local! {
    static MINE: Cell<Option<&'static Slot>> = const { Cell::new(None) };
    static RETURN: Return = const { Return(Cell::new(None)) };
}

/// Gives the thread's slot back when the thread ends.
struct Return(Cell<Option<&'static Slot>>);

impl Drop for Return {
    fn drop(&mut self) {
        let _ = MINE.try_with(|mine| mine.set(None));
        if let Some(slot) = self.0.get() {
            // Release: see `take`.
            slot.taken.store(false, Ordering::Release);
        }
    }
}

/// This thread's slot, if it has one yet.
#[inline]
pub(super) fn mine() -> Option<&'static Slot> {
    MINE.try_with(Cell::get).ok().flatten()
}

/// This thread's slot; none if the thread is being torn down.
pub(super) fn mine_or_new() -> Option<&'static Slot> {
    if let Some(slot) = mine() {
        return Some(slot);
    }
    #[cfg(not(loom))]
    at_fork();
    let slot = RETURN.try_with(|to_return| {
        let slot = slots().take();
        to_return.0.set(Some(slot));
        slot
    });
    let slot = slot.ok()?;
    let _ = MINE.try_with(|mine| mine.set(Some(slot)));
    Some(slot)
}

/// All slots of threads that may have shown anything before this.
pub(super) fn all() -> impl Iterator<Item = &'static Slot> {
    slots().all()
}

/// In a child of `fork` the other threads' slots are nobody's: what these show is never taken back.
#[cfg(not(loom))]
fn at_fork() {
    extern "C" fn child() {
        let mine = mine();
        for slot in all().filter(|slot| !mine.is_some_and(|mine| ptr::eq(mine, *slot))) {
            slot.clear();
            slot.taken.store(false, Ordering::Release);
        }
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| crate::sync::in_children(child));
}

/// The slots of a model, which are others in each execution.
#[cfg(loom)]
mod modelled {
    use std::cell::Cell;

    use super::{AtomicPtr, Slots, ptr};

    // All threads of a model are run by one.
    std::thread_local! {
        static SLOTS: Cell<Option<&'static Slots>> = const { Cell::new(None) };
    }

    /// Begins an execution.
    pub(crate) fn fresh() {
        SLOTS.set(Some(Box::leak(Box::new(Slots { newest: AtomicPtr::new(ptr::null_mut()) }))));
    }

    pub(super) fn slots() -> &'static Slots {
        SLOTS.get().expect("the model has begun with `fresh`")
    }
}
