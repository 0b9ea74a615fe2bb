//! Locks, atomics and thread-locals: the one place where they come from, so that a model checker can
//! take their place (`--cfg loom`).

#[cfg(not(loom))]
mod backoff;
mod counter;
mod fork;
#[cfg(loom)]
mod model;
mod parker;
pub(crate) mod plain;
pub(crate) mod shard_lock;

pub(crate) use counter::Tally;
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) use fork::around;
pub(crate) use fork::{Locked, held, held_in};
#[cfg(all(test, loom))]
pub(crate) use model::fresh;
pub(crate) use parker::Parker;
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) use shard_lock::slots::{forget_other_threads, hold_slots};

#[cfg(not(loom))]
pub(crate) use {
    backoff::Backoff,
    foldhash::fast::RandomState,
    plain::{Mutex, MutexGuard},
    shard_lock::ShardLock,
    shard_lock::slots::{ReaderSlot, mine, mine_or_new},
    std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    std::thread::{Thread, current as current_thread, park_timeout},
    std::thread_local,
};

// A model must do the same each time it is run under the same schedule: its hashes are fixed.
#[cfg(loom)]
pub(crate) use {
    foldhash::fast::FixedState as RandomState,
    loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    loom::thread::{Thread, current as current_thread},
    model::lazy_thread_local as thread_local,
    model::{Backoff, Mutex, MutexGuard, ReaderSlot, ShardLock, mine, mine_or_new, park_timeout},
};

/// Says of a type that it can be sent and shared, and checks that all its fields can. The compiler would find out
/// by itself, by all that they are made of, and anew for each asynchronous function of a user's.
macro_rules! crosses_threads {
    ($t:ident { $($(#[$attr:meta])* $field:ident),* $(,)? }) => {
        // SAFETY: each field can be sent, as is checked below.
        unsafe impl Send for $t {}
        // SAFETY: each field can be shared, as is checked below.
        unsafe impl Sync for $t {}

        const _: fn(&$t) = |this| {
            fn check<T: Send + Sync>(_: &T) {}
            let $t { $($(#[$attr])* $field),* } = this;
            $($(#[$attr])* check($field);)*
        };
    };
}
pub(crate) use crosses_threads;

use std::cell::Cell;

thread_local! {
    static COMPARING: Cell<u32> = const { Cell::new(0) };
}

/// A user's `Eq` runs on this thread, under shared or upgradable access to a shard: calls made from within it may read, but must not
/// wait for that shard, so they look here first.
pub(crate) struct Comparing(());

impl Comparing {
    #[inline]
    pub(crate) fn begin() -> Self {
        COMPARING.with(|depth| depth.set(depth.get() + 1));
        Self(())
    }
}

impl Drop for Comparing {
    #[inline]
    fn drop(&mut self) {
        COMPARING.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Runs an `Eq`.
#[cfg(test)]
pub(crate) fn comparing(eq: impl FnOnce() -> bool) -> bool {
    let _comparing = Comparing::begin();
    eq()
}

/// Whether this thread is inside a user's `Eq`.
#[inline]
pub(crate) fn is_comparing() -> bool {
    COMPARING.with(|depth| depth.get() > 0)
}

/// Runs user code that must not disturb the call it serves; `None` if it panicked.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).ok()
}

/// Wakes somebody. A waker that panics must not keep others from being woken.
pub(crate) fn wake(waker: std::task::Waker) {
    let _ = guarded(|| waker.wake());
}

/// Puts a value on a cache line of its own.
#[repr(align(64))]
#[derive(Default)]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> std::ops::Deref for Padded<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}
