//! A global allocator that counts, on threads that ask for it.
//!
//! While a thread does not count, an allocation costs it one thread-local load and a branch more;
//! there is no shared counter that threads could contend for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

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

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promises are those of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
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
