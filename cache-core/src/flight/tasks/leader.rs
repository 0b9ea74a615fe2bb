//! The task that leads a flight, and what becomes of its computation when it leaves.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::super::{Bounds, Flight, Waited, under};
use super::alarm::Set;
use super::wake;
use crate::background::{Executor, Task};
use crate::sync::guarded;
use crate::time::Clock;

/// What is known of the task that leads a flight; nothing, if a thread does.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(in crate::flight) struct Leader {
    /// Whom to wake when the computation can go on.
    waker: Option<Waker>,
    /// It has polled the computation at least once.
    has_polled: bool,
    /// It polls the computation at this moment.
    polls: bool,
    /// The computation can go on since it was last polled.
    woken: bool,
    /// It could already when the flight was last looked at.
    noticed: bool,
    /// It did not poll the computation between two looks though that could go on.
    stalled: bool,
}

impl Leader {
    pub(in crate::flight) fn is_task(&self) -> bool {
        self.has_polled
    }

    pub(in crate::flight) fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// The waker, which must be dropped after the lock was released: it may own a task.
    #[must_use]
    pub(in crate::flight) fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    #[must_use]
    fn begins_to_poll(&mut self, waker: Waker) -> Option<Waker> {
        (self.woken, self.noticed, self.stalled) = (false, false, false);
        (self.has_polled, self.polls) = (true, true);
        self.waker.replace(waker)
    }

    /// Whether it stands still, as is seen at the second look after it was woken.
    pub(super) fn look(&mut self) -> bool {
        let waits = self.woken && !self.polls;
        self.stalled |= waits && self.noticed;
        self.noticed = waits;
        self.stalled
    }
}

impl Flight {
    /// Runs the computation of this flight as part of the task that leads it, and of no other.
    pub(crate) async fn led<F: Future>(self: Arc<Self>, computation: F) -> F::Output {
        let waker = Waker::from(self.clone());
        let mut computation = pin!(computation);
        poll_fn(|cx| {
            self.begin_to_poll(cx.waker().clone());
            let poll = || computation.as_mut().poll(&mut Context::from_waker(&waker));
            let polled = under(Some(&self.context), poll);
            if polled.is_pending() {
                self.state.lock().leader.polls = false;
            }
            polled
        })
        .await
    }

    fn begin_to_poll(&self, waker: Waker) {
        let mut state = self.state.lock();
        let is_first = !state.leader.has_polled;
        let old = state.leader.begins_to_poll(waker);
        let threads = state.threads;
        drop(state);
        drop(old);
        if is_first && threads > 0 {
            // They see to it that the flight is looked at from now on.
            self.landed.notify_all();
        }
    }

    /// Hands a computation over whose caller leaves it.
    fn hand_over(&self, computation: Task, executor: Arc<dyn Executor>, adopts: Adopts) {
        let mut state = self.state.lock();
        let leader = state.leader.take_waker();
        let waiters =
            state.waiters.as_mut().filter(|waiters| adopts == Adopts::Unwanted && !waiters.is_empty());
        if let Some(waiters) = waiters {
            waiters.keep(computation, executor);
            let wakers = waiters.take_wakers();
            drop(state);
            self.landed.notify_all();
            wakers.into_iter().for_each(wake);
        } else {
            drop(state);
            adopt(computation, &*executor);
        }
        drop(leader);
    }

    /// Drops the computation that a leader has left, if there is one: somebody else begins anew.
    pub(crate) fn drop_orphan(&self) {
        let orphan = self.state.lock().waiters.as_mut().and_then(|waiters| waiters.take_orphan());
        let _ = guarded(|| drop(orphan));
    }
}

impl Wake for Flight {
    /// The computation can go on: the leader is told.
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock();
        state.leader.woken = true;
        let waker = state.leader.take_waker();
        drop(state);
        waker.into_iter().for_each(wake);
    }
}

/// Lets an executor go on with a computation. If it panics the computation is dropped, and waiters begin anew.
pub(super) fn adopt(computation: Task, executor: &dyn Executor) {
    let _ = guarded(|| executor.spawn(computation));
}

/// Which computations an executor goes on with when their callers leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adopts {
    /// Those that nobody waits for: a waiter begins anew.
    Unwanted,
    /// Each.
    All,
}

/// The computation of a flight, polled by the caller that leads it. When that leaves, an executor goes on with it.
pub(crate) struct Adoptable<F: Future + Send + 'static> {
    flight: Arc<Flight>,
    /// None while it is polled, and when it has returned.
    computation: Option<Pin<Box<F>>>,
    executor: Arc<dyn Executor>,
    adopts: Adopts,
}

impl<F: Future + Send + 'static> Adoptable<F> {
    pub(crate) fn new(
        flight: Arc<Flight>,
        computation: F,
        executor: Arc<dyn Executor>,
        adopts: Adopts,
    ) -> Self {
        Self { flight, computation: Some(Box::pin(computation)), executor, adopts }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        // It is not put back if it panics.
        let mut computation = self.computation.take().expect("it is not polled after it has returned");
        let polled = computation.as_mut().poll(cx);
        if polled.is_pending() {
            self.computation = Some(computation);
        }
        polled
    }

    /// Waits until it has returned.
    pub(crate) async fn returned(&mut self) -> F::Output {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Waits until its flight has landed, within bounds.
    pub(crate) async fn landed(&mut self, clock: &Clock, bounds: Bounds) -> Waited {
        let alarm = bounds.until.map(|until| Set::new(clock, until));
        poll_fn(|cx| {
            loop {
                if let Some(set) = &alarm {
                    set.alarm.wakes(cx.waker());
                }
                if let Ok(waited) = self.flight.state.lock().look(clock.now(), bounds) {
                    return Poll::Ready(waited);
                }
                if self.computation.is_none() || self.poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}

impl<F: Future + Send + 'static> Drop for Adoptable<F> {
    fn drop(&mut self) {
        if let Some(computation) = self.computation.take() {
            let computation: Task = Box::pin(async move { drop(computation.await) });
            self.flight.hand_over(computation, self.executor.clone(), self.adopts);
        }
    }
}
