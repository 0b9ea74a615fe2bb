//! Tasks at a flight: those that wait for it, and the one that leads it.
//!
//! Only the leader polls its computation, so a body sees the runtime and the task-locals of the caller it
//! runs for. When the leader leaves, or does not poll for two looks at the flight, which are [`PERIOD`] apart,
//! though its computation could go on, the waiters are told: one of them leads a new flight with a body of its
//! own.

mod alarm;
mod leader;
#[cfg(all(test, not(loom)))]
mod tests;
mod waiters;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use alarm::Set;
pub(super) use leader::Leader;
pub(crate) use leader::{Adoptable, Adopts};
pub(super) use waiters::Waiters;

use super::{Bounds, Carried, Flight, FlightContext, Landing, State, Waited, under};
use crate::erased::Erased;
use crate::time::{Clock, Due, Tick};

/// How often a flight that is waited for is looked at: milliseconds.
pub(super) const PERIOD: Tick = 100;

/// A task's place among those who wait for a flight.
pub(crate) struct Waiter {
    flight: Arc<Flight>,
    number: usize,
}

impl Flight {
    /// Lets a task wait.
    pub(crate) fn waiter(self: &Arc<Self>) -> Waiter {
        let number = self.state.lock().waiters.get_or_insert_default().add();
        Waiter { flight: self.clone(), number }
    }

    /// Waits for the landing, within bounds.
    fn poll(
        self: &Arc<Self>,
        number: usize,
        cx: &mut Context<'_>,
        clock: &Clock,
        bounds: Bounds,
    ) -> Poll<Waited> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        let now = clock.now();
        let look = match state.look(now, bounds) {
            Ok(waited) => return Poll::Ready(waited),
            Err(look) => look.min(now + PERIOD),
        };
        let old = state.register(number, waker);
        let is_timed = std::mem::replace(&mut state.timed, true);
        drop(state);
        drop(old);
        if !is_timed {
            self.look_at(clock, look);
        }
        Poll::Pending
    }

    /// Has the flight looked at, from some time on for as long as somebody waits.
    pub(super) fn look_at(self: &Arc<Self>, clock: &Clock, at: Tick) {
        let flight: Weak<Self> = Arc::downgrade(self);
        let _ = clock.call_at(at, flight);
    }
}

impl State {
    #[must_use]
    fn register(&mut self, number: usize, waker: Waker) -> Option<Waker> {
        self.waiters.get_or_insert_default().register(number, waker)
    }
}

impl Waiter {
    /// Waits for the flight to land, within bounds.
    pub(crate) async fn wait(&self, clock: &Clock, bounds: Bounds) -> Waited {
        let alarm = bounds.until.map(|until| Set::new(clock, until));
        poll_fn(|cx| {
            if let Some(set) = &alarm {
                set.alarm.wakes(cx.waker());
            }
            self.flight.poll(self.number, cx, clock, bounds)
        })
        .await
    }

    /// Runs a computation of its own, unless the flight lands before with a value that it may take: then its own
    /// is dropped.
    pub(crate) async fn or_value<T>(
        &self,
        own: impl Future<Output = T>,
        take: impl Fn(Erased, &Carried) -> Option<T>,
    ) -> T {
        let mut own = pin!(own);
        let mut is_over = false;
        poll_fn(|cx| {
            if !is_over && let Some(landing) = self.landing(cx) {
                is_over = true;
                if let Landing::Value(held, carried) = landing
                    && let Some(value) = take(held, &carried)
                {
                    return Poll::Ready(value);
                }
            }
            own.as_mut().poll(cx)
        })
        .await
    }

    fn landing(&self, cx: &mut Context<'_>) -> Option<Landing> {
        let waker = cx.waker().clone();
        let mut state = self.flight.state.lock();
        if let Some(landing) = &state.landing {
            return Some(landing.clone());
        }
        let old = state.register(self.number, waker);
        drop(state);
        drop(old);
        None
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.flight.state.lock();
        let Some(waiters) = &mut state.waiters else { return };
        let waker = waiters.remove(self.number);
        let orphan = if waiters.is_empty() { waiters.take_orphan() } else { None };
        drop(state);
        drop(waker);
        if let Some((computation, executor)) = orphan {
            leader::adopt(computation, &*executor);
        }
    }
}

impl Due for Flight {
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
        let mut state = self.state.lock();
        let tasks_wait = state.waiters.as_ref().is_some_and(|waiters| !waiters.is_empty());
        if state.landing.is_some() || !(tasks_wait || state.threads > 0) {
            state.timed = false;
            return None;
        }
        let release = state.release;
        let tell = state.leader.look() || release.is_some_and(|release| release <= now);
        let wakers = state.waiters.as_mut().filter(|_| tell).map(|waiters| waiters.take_wakers());
        drop(state);
        if tell {
            self.landed.notify_all();
        }
        wakers.into_iter().flatten().for_each(wake);
        let next = now + PERIOD;
        Some(release.filter(|release| *release > now).map_or(next, |release| release.min(next)))
    }
}

/// Wakes a task. A waker that panics must not keep others from being woken.
pub(super) fn wake(waker: Waker) {
    let _ = crate::sync::guarded(|| waker.wake());
}

/// Runs a future to its end, each poll as part of a flight, or of none.
pub(crate) async fn polled_under<F: Future>(flight: Option<Arc<FlightContext>>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| under(flight.as_ref(), || future.as_mut().poll(cx))).await
}
