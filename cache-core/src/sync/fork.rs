//! What a child of `fork` has to be told: it has none of its parent's threads but one.

/// Has children run this before anything else. It may only do what a signal handler may.
#[cfg(all(unix, not(miri)))]
pub(crate) fn in_children(run: extern "C" fn()) {
    // SAFETY: a function lives as long as the process, and this one keeps to what is allowed there. If
    // it cannot be registered there is nothing better to do than to go on.
    unsafe { libc::pthread_atfork(None, None, Some(run)) };
}

/// There are none, nor does the interpreter know of any.
#[cfg(any(not(unix), miri))]
pub(crate) fn in_children(_: extern "C" fn()) {}
