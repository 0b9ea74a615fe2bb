//! A thread that sleeps until it is woken as a task is: by a waker.

use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use super::{Condvar, Mutex};

/// Where a thread sleeps. Its wakers are made of it.
pub(crate) struct Parker {
    woken: Mutex<bool>,
    wakes: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { woken: Mutex::new(false), wakes: Condvar::new() })
    }

    /// Sleeps until it is woken, if it was not since it slept last; but no longer than that. It may wake too early.
    pub(crate) fn park(&self, longest: Duration) {
        let mut woken = self.woken.lock();
        if !*woken {
            self.wakes.wait_for(&mut woken, longest);
        }
        *woken = false;
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.woken.lock() = true;
        self.wakes.notify_one();
    }
}
