//! A thread that sleeps until it is woken as a task is: by a waker.

use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use super::{AtomicBool, Ordering, Thread, current_thread, park_timeout};

/// A thread that its wakers unpark.
pub(crate) struct Parker {
    thread: Thread,
    /// Woken since it slept last. Whatever else parks on the thread in between may take the token of an unpark.
    woken: AtomicBool,
}

impl Parker {
    /// Of the thread that calls.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { thread: current_thread(), woken: AtomicBool::new(false) })
    }

    /// Sleeps until it is woken, if it was not since it slept last; but no longer than that. It may wake too early.
    /// Called by its own thread.
    pub(crate) fn park(&self, longest: Duration) {
        debug_assert!(current_thread().id() == self.thread.id(), "each thread has its own");
        // Acquire: what was done before it was woken.
        if !self.woken.swap(false, Ordering::Acquire) {
            park_timeout(longest);
            self.woken.swap(false, Ordering::Acquire);
        }
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
