//! The task that leads a flight, and what becomes of its computation when it leaves.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::super::{Flight, Job, with_context};
use super::{WaitBounds, WaitOutcome, WaitStep};
use crate::background::{Executor, Task};
use crate::sync::{guarded, wake};
use crate::time::{Clock, alarmed};

/// What is known of the task that leads a flight; nothing, if a thread does, or before the first poll is over.
#[derive(Default)]
pub(in crate::flight) struct Leader {
    /// Whom to wake when the computation can go on.
    waker: Option<Waker>,
    /// A task leads it.
    pub(super) is_task: bool,
    /// The computation has been polled, is not ready, and is not polled at this moment.
    waits: bool,
    /// The computation can go on since it was last polled.
    woken: bool,
    /// How often the flight was looked at while the computation could go on, and was not polled.
    looks: u32,
}

impl Leader {
    /// It was not polled between two looks though it could go on.
    pub(super) fn is_stalled(&self) -> bool {
        self.looks >= 2
    }

    /// The waker, which must be dropped after the lock was released: it may own a task.
    #[must_use]
    pub(in crate::flight) fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// Whether it stands still, as is seen at the second look after it was woken.
    pub(super) fn look(&mut self) -> bool {
        self.looks += u32::from(self.woken && self.waits);
        self.is_stalled()
    }
}

impl Flight {
    /// Runs the computation of this flight as part of the task that leads it, and of no other.
    pub(crate) fn led<F: Future>(
        self: &Arc<Self>,
        mut computation: Pin<&mut F>,
    ) -> impl Future<Output = F::Output> {
        let waker = Waker::from(self.clone());
        let mut is_first = true;
        poll_fn(move |cx| {
            if !is_first {
                self.is_polled();
            }
            let poll = || computation.as_mut().poll(&mut Context::from_waker(&waker));
            let polled = with_context(Some(&self.context), poll);
            if polled.is_pending() {
                self.was_polled(cx.waker().clone(), is_first);
                is_first = false;
            }
            polled
        })
    }

    /// The task that leads it is about to poll its computation again.
    fn is_polled(&self) {
        let mut state = self.state.lock();
        let before = std::mem::replace(&mut state.leader, Leader { is_task: true, ..Leader::default() });
        drop(state);
        drop(before);
    }

    /// The task that leads it, which has this waker, has polled its computation, and that is not ready.
    fn was_polled(&self, waker: Waker, is_first: bool) {
        let mut state = self.state.lock();
        let leader = &mut state.leader;
        (leader.is_task, leader.waits) = (true, true);
        let woken = leader.woken;
        let waker = if woken { Some(waker) } else { leader.waker.replace(waker) };
        // Threads wait, and have set no timer for a flight that no task led. They are woken to set one.
        let tells = is_first && !state.timed && !state.waiters.is_empty();
        drop(state);
        if tells {
            self.tell(|_| ());
        }
        if woken {
            waker.into_iter().for_each(wake);
        }
    }

    /// Hands a computation over whose caller leaves it. `adopt`: has an executor go on with it.
    fn hand_over(&self, adopt: Job, adopts: AdoptionRule) {
        let mut state = self.state.lock();
        let leader = state.leader.take_waker();
        let is_kept = adopts == AdoptionRule::Unwanted && !state.waiters.is_empty();
        if is_kept {
            state.orphan = Some(adopt);
            drop(state);
            self.tell(|_| ());
        } else {
            drop(state);
            let _ = guarded(adopt);
        }
        drop(leader);
    }

    /// Drops the computation that a leader has left, if there is one: somebody else begins anew.
    pub(crate) fn drop_orphan(&self) {
        let orphan = self.state.lock().orphan.take();
        let _ = guarded(|| drop(orphan));
    }
}

impl Wake for Flight {
    /// The computation can go on: the leader is told.
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock();
        (state.leader.is_task, state.leader.woken) = (true, true);
        let waker = state.leader.take_waker();
        drop(state);
        waker.into_iter().for_each(wake);
    }
}

/// Which computations an executor goes on with when their callers leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdoptionRule {
    /// Those that nobody waits for: a waiter begins anew.
    Unwanted,
    /// Each.
    All,
}

/// The computation of a flight, polled by the caller that leads it. When that leaves, an executor goes on with it.
pub(crate) struct AdoptableComputation<F: Future + Send + 'static> {
    flight: Arc<Flight>,
    /// None while it is polled, and when it has returned.
    computation: Option<Pin<Box<F>>>,
    executor: Arc<dyn Executor>,
    adopts: AdoptionRule,
}

impl<F: Future + Send + 'static> AdoptableComputation<F> {
    pub(crate) fn new(
        flight: Arc<Flight>,
        computation: F,
        executor: Arc<dyn Executor>,
        adopts: AdoptionRule,
    ) -> Self {
        Self { flight, computation: Some(Box::pin(computation)), executor, adopts }
    }

    /// Waits until its flight has landed, within bounds.
    pub(crate) fn landed(&mut self, clock: &Clock, bounds: WaitBounds) -> impl Future<Output = WaitOutcome> {
        alarmed(clock, bounds.until, move |cx| {
            loop {
                let look = self.flight.state.lock().look(clock.now(), bounds, None);
                if let WaitStep::Ended(waited) = look {
                    return Poll::Ready(waited);
                }
                if Pin::new(&mut *self).poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
    }
}

impl<F: Future + Send + 'static> Future for AdoptableComputation<F> {
    type Output = F::Output;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // It is not put back if it panics.
        let mut computation = self.computation.take().expect("it is not polled after it has returned");
        let polled = computation.as_mut().poll(cx);
        if polled.is_pending() {
            self.computation = Some(computation);
        }
        polled
    }
}

impl<F: Future + Send + 'static> Drop for AdoptableComputation<F> {
    fn drop(&mut self) {
        if let Some(computation) = self.computation.take() {
            let computation: Task = Box::pin(async move { drop(computation.await) });
            let executor = self.executor.clone();
            self.flight.hand_over(Box::new(move || executor.spawn(computation)), self.adopts);
        }
    }
}
