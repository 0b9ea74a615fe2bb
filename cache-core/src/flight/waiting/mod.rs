//! Waiting for a flight, as a thread or as a task: both are in one list, and whoever changes something that they wait
//! for wakes all of them, so that they look again.

mod leader;
#[cfg(all(test, not(loom)))]
mod tests;

use std::future::Future;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

pub(super) use leader::Leader;
pub(crate) use leader::{AdoptableComputation, AdoptionRule};

use super::{Flight, FlightState, Landing, PendingJob, Wait};
use crate::background::{BlockedWorker, begins_from};
use crate::sync::{Parker, guarded, wake};
use crate::tags::Number;
use crate::time::{Clock, Due, HAS_THREADS, NEVER, Tick, after, alarmed};

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
}

/// How long to wait.
#[derive(Clone, Copy)]
pub(crate) struct WaitBounds {
    /// How long until one of the waiters is let go; after as long again, the next.
    pub(crate) max_wait: Option<Duration>,
    pub(crate) until: Option<Tick>,
    /// The caller leads the flight that it waits for.
    pub(crate) own: bool,
    /// From when on a thread that waits begins what the background has not begun.
    pub(crate) begins_from: Option<Tick>,
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
    /// For as long as it computes nothing itself, if it is part of another flight. It is dropped before the flight.
    pub(crate) wait: Option<Wait>,
    flight: Arc<Flight>,
    number: usize,
    /// The last invalidation from before it joined.
    pub(crate) at: Number,
}

impl Waiter {
    /// `release`: when the next waiter is let go, unless one waits already.
    pub(crate) fn new(flight: Arc<Flight>, at: Number, wait: Option<Wait>, release: Option<Tick>) -> Self {
        let mut state = flight.state.lock();
        state.release = state.release.or(release);
        let number = state.waiters.last_key_value().map_or(0, |(last, _)| last + 1);
        state.waiters.insert(number, None);
        drop(state);
        Self { wait, flight, number, at }
    }

    /// The place of the caller that leads the flight.
    pub(crate) fn of_own(flight: Arc<Flight>) -> Self {
        let born = flight.born;
        Self::new(flight, born, None, None)
    }

    pub(crate) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// Blocks this thread until the flight has landed, within bounds.
    pub(crate) fn block(&self, clock: &Clock, bounds: WaitBounds) -> WaitOutcome {
        let begins_from = bounds.begins_from.into_iter().chain(begins_from(clock, bounds.own)).min();
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
            replaced = replaced.or_else(BlockedWorker::new);
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
        let old = state.waiters.insert(self.number, Some(waker));
        // A thread that waits wakes by itself when its time comes. A task does not; and whether a task that
        // leads stands still, only a timer sees.
        let wants_timer = begins_from.is_none() || state.leader.is_task;
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
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.flight.state.lock();
        let waker = state.waiters.remove(&self.number);
        let orphan = if state.waiters.is_empty() { state.orphan.take() } else { None };
        drop(state);
        drop(waker);
        let _ = orphan.map(guarded);
    }
}

impl FlightState {
    /// What a waiter finds. `begins_from`: from when on it begins a job that nobody has begun, if it may.
    fn look(&mut self, now: Tick, bounds: WaitBounds, begins_from: Option<Tick>) -> WaitStep {
        if let Some(landing) = &self.landing {
            return WaitStep::Ended(WaitOutcome::Landed(landing.clone()));
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
            if let Some(landing) = self.in_place.as_deref() {
                return WaitStep::Ended(WaitOutcome::Landed(landing.clone()));
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
        // What nobody else is going to begin, its own caller begins at once.
        let begins_from = begins_from.map(|from| if bounds.own && self.refused { 0 } else { from });
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
        let wakers: Vec<_> = state.waiters.values_mut().filter_map(Option::take).collect();
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
