//! The tasks that wait for a flight.

use std::sync::Arc;
use std::task::Waker;

use crate::background::{Executor, Task};

/// The tasks that wait for a flight, each by its number.
#[derive(Default)]
pub(in crate::flight) struct Waiters {
    /// Whom to wake; none for numbers that are free, and for tasks that have been woken.
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
    /// A computation whose caller has left, until a waiter begins anew; and who goes on with it if none does.
    orphan: Option<(Task, Arc<dyn Executor>)>,
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

    pub(in crate::flight) fn take_wakers(&mut self) -> Vec<Waker> {
        self.wakers.iter_mut().filter_map(Option::take).collect()
    }

    /// Keeps a computation whose caller has left.
    pub(super) fn keep(&mut self, computation: Task, executor: Arc<dyn Executor>) {
        self.orphan = Some((computation, executor));
    }

    pub(in crate::flight) fn has_orphan(&self) -> bool {
        self.orphan.is_some()
    }

    pub(super) fn take_orphan(&mut self) -> Option<(Task, Arc<dyn Executor>)> {
        self.orphan.take()
    }
}
