//! The list of those who wait for a flight.

use std::task::Waker;

/// Those who wait for a flight, each by its number.
#[derive(Default)]
pub(in crate::flight) struct Waiters {
    /// Whom to wake; none for numbers that are free, and for those who have been woken.
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Waiters {
    pub(super) fn add(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.wakers.push(None);
            self.wakers.len() - 1
        })
    }

    /// Notes whom to wake. Hands back who was noted before: to drop a waker may drop its task, which
    /// may wait here as well, so it must not happen under the lock.
    #[must_use]
    pub(super) fn register(&mut self, number: usize, waker: Waker) -> Option<Waker> {
        self.wakers[number].replace(waker)
    }

    /// Lets a number go, whose waker is handed back as above.
    #[must_use]
    pub(super) fn remove(&mut self, number: usize) -> Option<Waker> {
        self.free.push(number);
        self.wakers[number].take()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.wakers.len()
    }

    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        self.wakers.iter_mut().filter_map(Option::take).collect()
    }
}
