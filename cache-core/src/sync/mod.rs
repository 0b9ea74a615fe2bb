//! Locks, atomics and thread-locals: the one place where they come from, so that a model checker can
//! take their place (`--cfg loom`).

#[cfg(any(not(loom), test))]
mod backoff;
mod counter;
#[cfg(not(loom))]
mod fork;
mod parker;
pub(crate) mod plain;
mod shard_lock;

#[cfg(any(not(loom), test))]
pub(crate) use backoff::Backoff;
pub(crate) use counter::Tally;
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) use fork::{Locked, around, held, held_in, in_children};
/// There are no children, nor does the interpreter know of any.
#[cfg(all(any(not(unix), miri), not(loom)))]
pub(crate) fn in_children(_: extern "C" fn()) {}
pub(crate) use parker::Parker;
pub(crate) use shard_lock::gate::Gate;
pub(crate) use shard_lock::{ShardLock, mine};
#[cfg(all(test, loom))]
pub(crate) use shard_lock::{gate, published, slots};

#[cfg(not(loom))]
pub(crate) use {
    foldhash::fast::RandomState,
    plain::{Condvar, Mutex},
    std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    std::thread_local,
};

// A model must do the same each time it is run under the same schedule: its hashes are fixed.
#[cfg(all(test, loom))]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, fence};
#[cfg(loom)]
pub(crate) use {
    foldhash::fast::FixedState as RandomState,
    locks::{Condvar, Mutex},
    loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

/// The model checker's thread-locals are always made on first use.
#[cfg(loom)]
macro_rules! lazy_thread_local {
    ($(static $name:ident: $t:ty = const { $init:expr };)*) => {
        loom::thread_local! { $(static $name: $t = $init;)* }
    };
}
#[cfg(loom)]
pub(crate) use lazy_thread_local as thread_local;

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

/// Runs a user's `Eq`, which happens under a shard's shared access: calls made from within it may
/// read, but must not wait for that shard, so they look here first.
#[inline]
pub(crate) fn comparing(eq: impl FnOnce() -> bool) -> bool {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            COMPARING.with(|depth| depth.set(depth.get() - 1));
        }
    }
    COMPARING.with(|depth| depth.set(depth.get() + 1));
    let _leave = Leave;
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

/// The model checker's locks with the manners of [`plain`].
#[cfg(loom)]
mod locks {
    use std::time::Duration;

    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    pub(crate) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap()
        }
    }

    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }
        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
        #[cfg(test)]
        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            self.wait_for(guard, Duration::MAX);
        }
        /// There is no time in the model: a wait ends when it is told to.
        pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: Duration) {
            // SAFETY: the guard is moved out and one for the same lock is written back before
            // anything can look at it; loom's `wait` does not unwind but to abandon the execution.
            unsafe {
                let taken = std::ptr::read(guard);
                std::ptr::write(guard, self.0.wait(taken).unwrap());
            }
        }
    }
}
