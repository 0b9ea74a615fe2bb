//! Flights of asynchronous functions: waiting as a task, and computations that belong to their flight.
//!
//! A computation that owns everything is polled by whoever waits for it. One of those is its *driver*,
//! at first the caller that began it; when the driver leaves, another takes its seat. A driver that
//! holds its seat but does not poll (it is in a task that waits for something else) is noticed after
//! [`PERIOD`], and then any of the others may poll. Intentional because computations should run
//! where they were begun as long as that goes well: in the task, and the runtime, of their caller.

mod alarm;
mod seats;
#[cfg(all(test, not(loom)))]
mod tests;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use alarm::Set;
use seats::Seats;

use super::{Ancestry, Bounds, Flight, Place, TOGETHER, Waited, under};
use crate::background::{Executor, Task};
use crate::memo::Data;
use crate::sync::guarded;
use crate::time::{Clock, Due, Tick, after};

/// How often a flight that is waited for is looked at: milliseconds.
const PERIOD: Tick = 100;

/// Who waits, and what they wait for.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Tasks {
    seats: Seats,
    /// The seat of who polls the computation.
    driver: u64,
    /// It owns all it needs; its outcome is told by the flight.
    computation: Option<Task>,
    /// Who goes on with it when nobody waits any more.
    executor: Option<Arc<dyn Executor>>,
    /// The computation can go on since it was last polled.
    woken: bool,
    /// It could already when the flight was last looked at.
    noticed: bool,
    /// Its driver does not poll: any may.
    stalled: bool,
    /// What the computation panicked with, for who began it.
    payload: Option<Box<dyn Any + Send>>,
    /// The flight is looked at now and then.
    timed: bool,
}

impl Tasks {
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        self.seats.take_all()
    }

    /// One of those who wait.
    pub(super) fn take_waker(&mut self) -> Option<Waker> {
        self.seats.take_one()
    }

    /// Notes whom to wake. Hands back who was noted before: to drop a waker may drop its task, which
    /// may have a seat here as well, so it must not happen under the lock.
    #[must_use]
    fn register(&mut self, seat: u64, waker: Waker) -> Option<Waker> {
        self.seats.register(seat, waker)
    }

    /// Whether a seat is that of who polls the computation.
    fn drives(&self, seat: u64) -> bool {
        self.driver == seat && self.computation.is_some()
    }

    fn take_driver_waker(&mut self) -> Option<Waker> {
        self.seats.take_of(self.driver)
    }

    /// The computation, if it is for this seat to poll it now.
    fn take_if_due(&mut self, seat: u64) -> Option<Task> {
        if !self.woken || (self.driver != seat && !self.stalled) {
            return None;
        }
        let computation = self.computation.take()?;
        (self.woken, self.noticed, self.stalled) = (false, false, false);
        self.driver = seat;
        Some(computation)
    }
}

/// A task's place among those who wait for a flight.
pub(crate) struct Seat<K: Data, V: Data> {
    flight: Arc<Flight<K, V>>,
    number: u64,
}

impl<K: Data, V: Data> Flight<K, V> {
    /// Lets a task wait.
    pub(crate) fn seat(self: &Arc<Self>) -> Seat<K, V> {
        let mut state = self.state.lock();
        let number = state.tasks.get_or_insert_default().seats.add();
        drop(state);
        Seat { flight: self.clone(), number }
    }

    /// Gives the flight its computation, driven from a seat.
    pub(crate) fn computed_by(
        &self,
        seat: &Seat<K, V>,
        computation: Task,
        executor: Option<Arc<dyn Executor>>,
    ) {
        let mut state = self.state.lock();
        let tasks = state.tasks.get_or_insert_default();
        tasks.executor = executor;
        (tasks.computation, tasks.driver, tasks.woken) = (Some(computation), seat.number, true);
    }

    /// Whether the computation panicked.
    pub(crate) fn has_panicked(&self) -> bool {
        self.state.lock().tasks.as_ref().is_some_and(|tasks| tasks.payload.is_some())
    }

    /// Waits for the landing, within bounds. Polls the computation if that is for this seat to do.
    fn poll(
        self: &Arc<Self>,
        seat: u64,
        cx: &mut Context<'_>,
        clock: &Clock,
        bounds: Bounds,
    ) -> Poll<Waited<V>> {
        loop {
            let waker = cx.waker().clone();
            let mut state = self.state.lock();
            let now = clock.now();
            // Who drives does not wait for another.
            let drives = state.tasks.as_ref().is_some_and(|tasks| tasks.drives(seat));
            let bounds = Bounds { max_wait: bounds.max_wait.filter(|_| !drives), ..bounds };
            let look = match state.look(now, bounds) {
                Ok(waited) => return Poll::Ready(waited),
                Err(look) => look.min(now + PERIOD),
            };
            let tasks = state.tasks.get_or_insert_default();
            let old = tasks.register(seat, waker);
            let computation = tasks.take_if_due(seat);
            // Who drives needs nobody to look after it.
            let time = !tasks.timed && computation.is_none();
            tasks.timed |= time;
            drop(state);
            drop(old);
            if time {
                let flight: Weak<Self> = Arc::downgrade(self);
                let _ = clock.call_at(look, flight);
            }
            let Some(computation) = computation else { return Poll::Pending };
            if self.run(computation) {
                return Poll::Pending;
            }
        }
    }

    /// Polls the computation; whether it is to go on.
    fn run(self: &Arc<Self>, mut computation: Task) -> bool {
        let waker = Waker::from(self.clone());
        let poll = || {
            under(Some(self.ancestry.clone()), || computation.as_mut().poll(&mut Context::from_waker(&waker)))
        };
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => {
                let mut state = self.state.lock();
                state.tasks.get_or_insert_default().computation = Some(computation);
                return true;
            }
            Ok(Poll::Ready(())) => {}
            Err(payload) => {
                let mut state = self.state.lock();
                let tasks = state.tasks.get_or_insert_default();
                tasks.payload = Some(payload);
                let wakers = tasks.take_wakers();
                drop(state);
                wakers.into_iter().for_each(wake);
            }
        }
        // It has landed the flight, by returning or while it unwound.
        let _ = guarded(|| drop(computation));
        false
    }

    fn leave(&self, seat: u64) {
        let mut state = self.state.lock();
        let (landed, crowded) = (state.landing.is_some(), state.computing >= TOGETHER);
        let Some(tasks) = &mut state.tasks else { return };
        let own = tasks.seats.remove(seat);
        let (mut waker, mut left) = (None, None);
        if landed {
            // It may have been told of a free place that it does not take.
            if !crowded {
                waker = tasks.take_waker();
            }
        } else if tasks.driver == seat || tasks.seats.is_empty() {
            match tasks.seats.any() {
                Some(next) => {
                    tasks.driver = next;
                    if tasks.woken {
                        waker = tasks.take_driver_waker();
                    }
                }
                None => left = tasks.computation.take().map(|task| (tasks.executor.take(), task)),
            }
        }
        drop(state);
        drop(own);
        waker.into_iter().for_each(wake);
        match left {
            Some((Some(executor), computation)) => {
                let computation = Box::pin(polled_under(Some(self.ancestry.clone()), computation));
                let _ = guarded(|| executor.spawn(computation));
            }
            // Nobody was named to go on with it.
            Some((None, computation)) => drop(guarded(|| drop(computation))),
            None => {}
        }
    }
}

impl<K: Data, V: Data> Seat<K, V> {
    /// Waits for the flight to land, within bounds.
    pub(crate) async fn wait(&self, clock: &Clock, bounds: Bounds) -> Waited<V> {
        let alarm = bounds.until.map(|until| Set::new(clock, until));
        poll_fn(|cx| {
            if let Some(set) = &alarm {
                set.alarm.wakes(cx.waker());
            }
            self.flight.poll(self.number, cx, clock, bounds)
        })
        .await
    }

    /// What the computation panicked with. It lands the flight as it unwinds, before the panic is caught:
    /// this may have to wait until it is.
    pub(crate) async fn panic(&self) -> Box<dyn Any + Send> {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = self.flight.state.lock();
            let tasks = state.tasks.get_or_insert_default();
            if let Some(payload) = tasks.payload.take() {
                return Poll::Ready(payload);
            }
            let old = tasks.register(self.number, waker);
            drop(state);
            drop(old);
            Poll::Pending
        })
        .await
    }

    /// After an error that cannot be copied: as [`Flight::take_place`].
    pub(crate) async fn take_place(&self, clock: &Clock, until: Tick) -> Place<K, V> {
        let set = Set::new(clock, until);
        poll_fn(|cx| {
            set.alarm.wakes(cx.waker());
            let waker = cx.waker().clone();
            let mut state = self.flight.state.lock();
            if state.computing < TOGETHER || until <= clock.now() {
                state.computing += 1;
                return Poll::Ready(Place(self.flight.clone()));
            }
            let tasks = state.tasks.get_or_insert_default();
            let old = tasks.register(self.number, waker);
            // Who was told of a place may not come for it.
            let time = !std::mem::replace(&mut tasks.timed, true);
            drop(state);
            drop(old);
            if time {
                let flight: Weak<Flight<K, V>> = Arc::downgrade(&self.flight);
                let _ = clock.call_at(after(clock.now(), Duration::from_millis(PERIOD)), flight);
            }
            Poll::Pending
        })
        .await
    }
}

impl<K: Data, V: Data> Drop for Seat<K, V> {
    fn drop(&mut self) {
        self.flight.leave(self.number);
    }
}

impl<K: Data, V: Data> Wake for Flight<K, V> {
    /// The computation can go on: its driver is told.
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock();
        let Some(tasks) = &mut state.tasks else { return };
        tasks.woken = true;
        let waker = tasks.take_driver_waker();
        drop(state);
        waker.into_iter().for_each(wake);
    }
}

impl<K: Data, V: Data> Due for Flight<K, V> {
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
        let mut state = self.state.lock();
        let (landed, release) = (state.landing.is_some(), state.release);
        let tasks = state.tasks.as_mut()?;
        // Nobody waits, or those who could go on have been told.
        if tasks.seats.is_empty() || (landed && tasks.seats.is_nobody_waiting()) {
            tasks.timed = false;
            return None;
        }
        tasks.stalled |= tasks.woken && tasks.noticed && tasks.computation.is_some();
        tasks.noticed = tasks.woken;
        let tell = landed || tasks.stalled || release.is_some_and(|release| release <= now);
        let wakers = if tell { tasks.take_wakers() } else { Vec::new() };
        drop(state);
        wakers.into_iter().for_each(wake);
        let next = now + PERIOD;
        Some(release.filter(|release| *release > now).map_or(next, |release| release.min(next)))
    }
}

/// Wakes a task. A waker that panics must not keep others from being woken.
pub(super) fn wake(waker: Waker) {
    let _ = crate::sync::guarded(|| waker.wake());
}

/// Runs a future to its end, each poll as part of a flight, or of none.
pub(crate) async fn polled_under<F: Future>(flight: Option<Arc<Ancestry>>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| under(flight.clone(), || future.as_mut().poll(cx))).await
}
