//! A global allocator that counts, on threads that ask for it, and watches how much the whole program holds
//! if it is told to.
//!
//! While a thread does not count and nobody watches, an allocation costs it a thread-local load, the load of a
//! flag that does not change, and two branches; there is no shared counter then that threads could contend for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// What a thread allocated while it counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
}

thread_local! {
    // Const-initialized and without a destructor, so the allocator may touch it at any time.
    static COUNT: Cell<Option<Count>> = const { Cell::new(None) };
}

fn note(size: usize) {
    COUNT.with(|cell| {
        if let Some(count) = cell.get() {
            cell.set(Some(Count { allocations: count.allocations + 1, bytes: count.bytes + size as u64 }));
        }
    });
}

/// Whether the three below are kept.
static WATCHED: AtomicBool = AtomicBool::new(false);
/// Bytes that were allocated and not given back since the program is watched.
static HELD: AtomicIsize = AtomicIsize::new(0);
/// The most of them at any time, since that was last asked for.
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn hold(bytes: isize) {
    if WATCHED.load(Ordering::Relaxed) {
        let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
        PEAK.fetch_max(held, Ordering::Relaxed);
    }
}

/// A size in memory as a difference; it fits, as nothing is larger than `isize::MAX`.
fn signed(size: usize) -> isize {
    size.cast_signed()
}

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        hold(signed(layout.size()));
        // SAFETY: the caller's promises are those of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        hold(signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // As if the old block were given back first: what is larger may be so in place.
        hold(signed(size) - signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        hold(-signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Counts what the closure allocates on this thread.
pub(crate) fn count(run: impl FnOnce()) -> Count {
    COUNT.set(Some(Count::default()));
    run();
    COUNT.take().unwrap_or_default()
}

/// Bytes that the program holds on to, from the moment that this was made.
pub(crate) struct Watch {
    before: isize,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        WATCHED.store(true, Ordering::Relaxed);
        let before = HELD.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        Self { before }
    }

    /// How many more there are now; fewer are none.
    pub(crate) fn held(&self) -> u64 {
        u64::try_from(HELD.load(Ordering::Relaxed) - self.before).unwrap_or(0)
    }

    /// The most that there were.
    pub(crate) fn peak(&self) -> u64 {
        u64::try_from(PEAK.load(Ordering::Relaxed) - self.before).unwrap_or(0)
    }
}
