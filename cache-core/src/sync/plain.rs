//! The standard library's locks, which no panic poisons here.
//!
//! Not those of another library: one that keeps who waits in a table of its own cannot be put in order in a child
//! of `fork`, where who waited does not exist.

use std::sync::{PoisonError, TryLockError};
use std::time::Duration;

pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

pub(crate) type MutexGuard<'a, T> = std::sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg_attr(
        all(target_family = "wasm", target_os = "unknown"),
        expect(dead_code, reason = "the clock of a host needs no lock")
    )]
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    /// Whether it has waited for so long.
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> bool {
        replace(guard, |guard| {
            let (guard, waited) = self.0.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner);
            (guard, waited.timed_out())
        })
    }

    #[cfg(not(loom))]
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        replace(guard, |guard| (self.0.wait(guard).unwrap_or_else(PoisonError::into_inner), ()));
    }
}

/// Takes the guard out, and puts one back.
fn replace<'a, T, R>(
    guard: &mut MutexGuard<'a, T>,
    with: impl FnOnce(MutexGuard<'a, T>) -> (MutexGuard<'a, T>, R),
) -> R {
    /// There would be two of the guard.
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            std::process::abort();
        }
    }
    let abort = Abort;
    // SAFETY: the guard is not looked at before another is written over it; a panic in between ends the process.
    let result = unsafe {
        let (new, result) = with(std::ptr::read(guard));
        std::ptr::write(guard, new);
        result
    };
    std::mem::forget(abort);
    result
}
