//! Waiting for a flight, as a thread or as a task: both are in one list, and whoever changes something that they wait
//! for wakes all of them, so that they look again.

mod alarm;
mod leader;
#[cfg(all(test, not(loom)))]
mod tests;
mod waiters;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use alarm::alarmed;
pub(super) use leader::Leader;
pub(crate) use leader::{AdoptableComputation, AdoptionRule};
pub(super) use waiters::Waiters;

use super::{CarriedTags, Flight, FlightState, Landing, PendingJob};
use crate::background::{BlockedWorker, begins_from};
use crate::erased::Erased;
use crate::sync::Parker;
use crate::time::{Clock, Due, HAS_THREADS, NEVER, Tick, after};

/// How often a flight that is waited for is looked at: milliseconds.
const PERIOD: Tick = 100;

/// What a waiter gets.
pub(crate) enum WaitOutcome {
    Landed(Landing),
    /// It has waited long enough for something that may depend on it: it computes in place.
    LetGo,
    /// The leader has left, or does not go on though it could: a waiter is to lead in its place.
    Abandoned,
    /// It has waited as long as it wanted to.
    Late,
    /// It waits for its own flight, and those who were to compute it have refused.
    Refused,
}

/// How long to wait.
#[derive(Clone, Copy)]
pub(crate) struct WaitBounds {
    /// How long until one of the waiters is let go; after as long again, the next.
    pub(crate) max_wait: Option<Duration>,
    pub(crate) until: Option<Tick>,
    /// The caller leads the flight that it waits for.
    pub(crate) own: bool,
    /// A thread that waits has the time to compute: it begins what the background has not begun.
    pub(crate) begins: bool,
    /// When a worker of rayon stops waiting, with all other workers that wait: what it waits for may lie
    /// beneath it on its own stack.
    pub(crate) worker_leaves: Option<Tick>,
}

/// What a waiter finds.
enum WaitStep {
    Ended(WaitOutcome),
    /// A job that nobody has begun, and that the waiter may begin.
    Begin(Weak<PendingJob>),
    /// Nothing. It looks again then at the latest.
    Again(Tick),
}

/// A place among those who wait for a flight.
pub(crate) struct Waiter {
    flight: Arc<Flight>,
    number: usize,
}

impl Waiter {
    pub(crate) fn new(flight: Arc<Flight>) -> Self {
        let number = flight.state.lock().waiters.add();
        Self { flight, number }
    }

    pub(crate) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// Blocks this thread until the flight has landed, within bounds.
    pub(crate) fn block(&self, clock: &Clock, bounds: WaitBounds) -> WaitOutcome {
        let begins_from = if bounds.begins { Some(0) } else { begins_from(clock, bounds.own) };
        let parker = Parker::new();
        let waker = Waker::from(parker.clone());
        let mut replaced = None;
        loop {
            let look = match self.look(&waker, clock, bounds, Some(begins_from.unwrap_or(NEVER))) {
                WaitStep::Ended(waited) => return waited,
                WaitStep::Begin(pending_job) => {
                    replaced = None;
                    pending_job.upgrade().into_iter().for_each(|pending_job| pending_job.begin());
                    continue;
                }
                WaitStep::Again(look) => look,
            };
            if !HAS_THREADS {
                // Who computes it does not go on before this returns.
                return WaitOutcome::LetGo;
            }
            if replaced.is_none() && BlockedWorker::is_needed() {
                replaced = Some(BlockedWorker::new());
            }
            parker.park(clock.wait_time(look));
        }
    }

    /// Waits as a task until the flight has landed, within bounds.
    pub(crate) fn wait(&self, clock: &Clock, bounds: WaitBounds) -> impl Future<Output = WaitOutcome> {
        alarmed(clock, bounds.until, move |cx| match self.look(cx.waker(), clock, bounds, None) {
            WaitStep::Ended(waited) => Poll::Ready(waited),
            WaitStep::Begin(_) | WaitStep::Again(_) => Poll::Pending,
        })
    }

    /// Looks at the flight. If it is to look again, `waker` is woken when something has changed. `begins_from`: from
    /// when on it begins what nobody has begun, if it is a thread.
    fn look(&self, waker: &Waker, clock: &Clock, bounds: WaitBounds, begins_from: Option<Tick>) -> WaitStep {
        let waker = waker.clone();
        let mut state = self.flight.state.lock();
        let now = clock.now();
        let look = match state.look(now, bounds, begins_from) {
            WaitStep::Again(look) => look,
            look => return look,
        };
        let old = state.waiters.register(self.number, waker);
        // A thread that waits wakes by itself when its time comes. A task does not; and whether a task that
        // leads stands still, only a timer sees.
        let wants_timer = begins_from.is_none() || state.leader.is_task();
        let sets_timer = wants_timer && !std::mem::replace(&mut state.timed, true);
        drop(state);
        drop(old);
        if sets_timer {
            // The flight is looked at from then on for as long as somebody waits.
            let flight: Weak<Flight> = Arc::downgrade(&self.flight);
            let _ = clock.call_at(look.min(now + PERIOD), flight);
        }
        WaitStep::Again(look)
    }

    /// Runs a computation of its own, unless the flight lands before with a value that it may take: then its own
    /// is dropped.
    pub(crate) fn or_value<T>(
        &self,
        mut own: Pin<&mut impl Future<Output = T>>,
        take: impl Fn(Erased, &CarriedTags) -> Option<T>,
    ) -> impl Future<Output = T> {
        let mut is_over = false;
        poll_fn(move |cx| {
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
    }

    fn landing(&self, cx: &mut Context<'_>) -> Option<Landing> {
        let waker = cx.waker().clone();
        let mut state = self.flight.state.lock();
        if let Some(landing) = &state.landing {
            return Some(landing.clone());
        }
        let old = state.waiters.register(self.number, waker);
        drop(state);
        drop(old);
        None
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.flight.state.lock();
        let waker = state.waiters.remove(self.number);
        let orphan = if state.waiters.is_empty() { state.orphan.take() } else { None };
        drop(state);
        drop(waker);
        if let Some((computation, executor)) = orphan {
            leader::adopt(computation, &*executor);
        }
    }
}

impl FlightState {
    /// What a waiter finds. `begins_from`: from when on it begins a job that nobody has begun, if it may.
    fn look(&mut self, now: Tick, bounds: WaitBounds, begins_from: Option<Tick>) -> WaitStep {
        if let Some(landing) = &self.landing {
            return WaitStep::Ended(WaitOutcome::Landed(landing.clone()));
        }
        if bounds.own && std::mem::take(&mut self.refused) {
            return WaitStep::Ended(WaitOutcome::Refused);
        }
        // Its leader has left it, or does not go on though it could.
        if !bounds.own && (self.leader.is_stalled() || self.orphan.is_some()) {
            return WaitStep::Ended(WaitOutcome::Abandoned);
        }
        if bounds.until.is_some_and(|until| until <= now) {
            return WaitStep::Ended(WaitOutcome::Late);
        }
        let mut look = bounds.until.unwrap_or(NEVER);
        if let Some(by) = bounds.worker_leaves {
            // It was begun after the flight, so whoever may have the flight's value may have it.
            if let Some(value) = self.in_place.as_deref() {
                return WaitStep::Ended(WaitOutcome::Landed(Landing::Value(
                    value.clone(),
                    CarriedTags::Unknown,
                )));
            }
            // All leave when the first does.
            let by = *self.workers_leave.get_or_insert(by);
            if by <= now {
                self.left_by_workers = true;
                return WaitStep::Ended(WaitOutcome::LetGo);
            }
            look = look.min(by);
        }
        if let Some(max_wait) = bounds.max_wait {
            // One may go for each `max_wait`.
            let release = *self.release.get_or_insert_with(|| after(now, max_wait));
            if release <= now {
                self.release = Some(after(now, max_wait));
                return WaitStep::Ended(WaitOutcome::LetGo);
            }
            look = look.min(release);
        }
        if let Some(from) = begins_from
            && let Some(pending_job) = self.pending_job.take_if(|_| from <= now)
        {
            return WaitStep::Begin(pending_job);
        }
        // It looks for the job again when it may begin it.
        WaitStep::Again(
            begins_from.filter(|_| self.pending_job.is_some()).map_or(look, |from| look.min(from)),
        )
    }
}

impl Flight {
    /// Changes something that others wait for, and wakes all of them.
    pub(super) fn tell<T>(&self, change: impl FnOnce(&mut FlightState) -> T) -> T {
        let mut state = self.state.lock();
        let changed = change(&mut state);
        let wakers = state.waiters.take_wakers();
        drop(state);
        wakers.into_iter().for_each(wake);
        changed
    }
}

impl Due for Flight {
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
        let mut state = self.state.lock();
        if state.landing.is_some() || state.waiters.is_empty() {
            state.timed = false;
            return None;
        }
        let release = state.release;
        let wakes = state.leader.look() || release.is_some_and(|release| release <= now);
        drop(state);
        if wakes {
            self.tell(|_| ());
        }
        let next = now + PERIOD;
        Some(release.filter(|release| *release > now).map_or(next, |release| release.min(next)))
    }
}

/// Wakes somebody. A waker that panics must not keep others from being woken.
fn wake(waker: Waker) {
    let _ = crate::sync::guarded(|| waker.wake());
}
