//! Waking a task at some time.

use std::sync::{Arc, Weak};
use std::task::Waker;

use super::wake;
use crate::sync::Mutex;
use crate::time::{At, Clock, Due, Tick};

/// An alarm that is set, until it is dropped: most calls end long before it.
pub(super) struct Set<'c> {
    pub(super) alarm: Arc<Alarm>,
    clock: &'c Clock,
    at: At,
}

impl<'c> Set<'c> {
    pub(super) fn new(clock: &'c Clock, at: Tick) -> Self {
        let alarm = Arc::new(Alarm(Mutex::new(None)));
        let weak: Weak<Alarm> = Arc::downgrade(&alarm);
        Self { alarm, clock, at: clock.call_at(at, weak) }
    }
}

impl Drop for Set<'_> {
    fn drop(&mut self) {
        self.clock.forget(self.at);
    }
}

/// Wakes a task at some time.
pub(super) struct Alarm(Mutex<Option<Waker>>);

impl Alarm {
    pub(super) fn wakes(&self, waker: &Waker) {
        // Cloned before, and dropped after: wakers are the executor's.
        let waker = waker.clone();
        let old = self.0.lock().replace(waker);
        drop(old);
    }
}

impl Due for Alarm {
    fn due(self: Arc<Self>, _: Tick) -> Option<Tick> {
        let waker = self.0.lock().take();
        waker.into_iter().for_each(wake);
        None
    }
}
