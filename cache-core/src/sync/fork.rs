//! What is done around a `fork`: the child has none of its parent's threads but one, so a lock that another thread
//! holds then is never free there.

use std::sync::Arc;

/// Has these run before each `fork`, and after it in the parent and in the child.
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) fn around(before: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) {
    // SAFETY: functions live as long as the process; what they do is what a fork in the midst of other threads
    // needs, and they do not unwind. If they cannot be registered there is nothing better to do than to go on.
    unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
}

/// A lock that is held while the process forks.
pub(crate) trait Locked {
    /// Puts what it guards in order, in the child.
    fn forked(&mut self);
}

struct HeldLock<G, O, F> {
    /// Goes before what it is a guard of.
    guard: G,
    #[expect(dead_code, reason = "keeps the lock")]
    of: O,
    forked: F,
}

impl<G, O, F: FnMut(&mut G)> Locked for HeldLock<G, O, F> {
    fn forked(&mut self) {
        (self.forked)(&mut self.guard);
    }
}

/// The guard of a static lock, and what is to be done with what it guards in the child.
pub(crate) fn held<G: 'static>(guard: G, forked: impl FnMut(&mut G) + 'static) -> Box<dyn Locked> {
    Box::new(HeldLock { guard, of: (), forked })
}

/// The same of a lock that is a part of something.
pub(crate) fn held_in<O: 'static, G: 'static>(
    of: Arc<O>,
    lock: impl FnOnce(&'static O) -> G,
    forked: impl FnMut(&mut G) + 'static,
) -> Box<dyn Locked> {
    // SAFETY: what the `Arc` points to stays until that is dropped, which is after the guard; and nothing but the
    // guard is made of the reference by those who call this, all in this crate.
    let guard = lock(unsafe { &*Arc::as_ptr(&of) });
    Box::new(HeldLock { guard, of, forked })
}
