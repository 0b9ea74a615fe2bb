//! The driver for asynchronous functions: does what the engine decides, and awaits where it must.
//!
//! A hit is answered at the first poll, before anything here runs. A computation is polled by its caller alone.
//! When that leaves, it is dropped, and a waiter begins anew ([`DrivenBy::caller`]); or, where it owns all it needs, an
//! executor goes on with it if nobody waits ([`DrivenBy::owner`]); or, where callers may leave before its end, the
//! background does in any case ([`within_limits`]).

#[cfg(all(test, not(loom)))]
mod tests;

mod driven;
mod polled;

use std::future::{Future, poll_fn};
use std::ops::ControlFlow::{self, Break, Continue};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use driven::approaching;
pub(crate) use driven::{Driven, DrivenBy};
pub(crate) use polled::{AsyncBody, BoxedCall, DynBody, Polled};

use crate::background::Executor;
use crate::call::{Description, Extras, FlightHandle, MakesBody, MakesJob, UnansweredCall, WaitLimits};
pub(crate) use crate::engine::MissStart;
use crate::engine::{LeaderGuard, Miss, Next, Settled, conclude};
use crate::erased::Erased;
use crate::flight::{
    AdoptableComputation, AdoptionRule, Flight, FlightContext, Landing, Limits, WaitOutcome, Waiter,
    polled_with_context,
};
#[cfg(feature = "store")]
use crate::memo::{Fetched, Later};
use crate::memo::{Runtime, UnstoredCall};
use crate::metadata::Described;
use crate::mode::Async;
use crate::time::NEVER;

/// A call that is to compute as the leader of a flight.
type Led = (Miss, LeaderGuard);

/// A function of its own, as [`settle`] is: what it has on the stack is not there while a body is polled, which may call
/// its function again.
#[inline(never)]
fn go_on(miss: &mut Miss, call: &mut dyn Described) -> ControlFlow<Next, Waiter> {
    miss.go_on(call)
}

#[inline(never)]
fn settle(leader: &LeaderGuard, call: &mut dyn Described) -> Settled {
    let mut settled = Settled::default();
    leader.settle(call, &mut settled);
    settled
}

/// Waits for the flights of other calls, until this call has an answer or is to compute.
async fn search(miss: &mut Miss, mut call: Pin<&mut DynBody>) -> Next {
    let mut progress = go_on(miss, call.as_mut().described());
    loop {
        let waiter = match progress {
            Break(next) => return next,
            Continue(waiter) => waiter,
        };
        let outcome = Box::pin(waiter.wait(miss.memo().clock(), miss.bounds())).await;
        progress = miss.after(waiter, outcome, call.as_mut().described());
    }
}

/// What all drivers have in common: goes on until the call has returned (none), or leads a flight, which is
/// handed back. What is seldom awaited is in boxes of its own: a driver is allocated for each miss.
async fn approach(start: MissStart, limits: Limits, mut call: BoxedCall) -> (BoxedCall, Option<Led>) {
    let mut miss = match start {
        MissStart::Search(miss) => miss,
        MissStart::InPlace(unstored) => {
            Box::pin(in_place(unstored, call.as_mut())).await;
            return (call, None);
        }
        MissStart::Lead(leader) => {
            let (mut call, mut settled) = Box::pin(settled(leader, call)).await;
            conclude(&mut settled, None, call.as_mut().described().returned());
            return (call, None);
        }
    };
    miss.set_limits(limits);
    let waiter = match search(&mut miss, call.as_mut()).await {
        Next::Returned => return (call, None),
        Next::Lead(leader) => return (call, Some((miss, leader))),
        Next::InPlace(waiter) => waiter,
    };
    Box::pin(in_place_for(&miss, waiter, call.as_mut())).await;
    (call, None)
}

/// Computes without storing, unless what the call has waited for lands before.
async fn in_place_for(miss: &Miss, waiter: Option<Waiter>, mut call: Pin<&mut DynBody>) {
    let own = async {
        in_place(Some(miss.unstored()), call.as_mut()).await;
        miss.or_older_in_place(call.as_mut().described().returned());
        None
    };
    let landed = match waiter {
        Some(waiter) => or_value(miss, &waiter, pin!(own)).await,
        None => own.await,
    };
    if let Some(mut stored) = landed {
        call.as_mut().cancel();
        call.described().returned().set_value(&mut stored);
    }
}

/// Runs a computation of its own, unless the flight lands before with a value that the call may take.
async fn or_value(
    miss: &Miss,
    waiter: &Waiter,
    mut own: Pin<&mut impl Future<Output = Option<Erased>>>,
) -> Option<Erased> {
    let mut waits = pin!(waiter.wait(miss.memo().clock(), miss.bounds_of_own(NEVER)));
    let mut has_landed = false;
    poll_fn(|cx| {
        if !has_landed && let Poll::Ready(outcome) = waits.as_mut().poll(cx) {
            has_landed = true;
            if let WaitOutcome::Landed(Landing::Value(stored, carried)) = outcome
                && let Some(stored) = miss.take(waiter, stored, &carried)
            {
                return Poll::Ready(Some(stored));
            }
        }
        own.as_mut().poll(cx)
    })
    .await
}

/// Computes as part of its caller, or waits for another call's computation. If it is dropped, one of the
/// waiters takes over; or, if none waits, an executor goes on with a computation that owns all it needs.
async fn lead(start: MissStart, call: BoxedCall, is_owned: bool) -> (BoxedCall, ()) {
    let (call, led) = approach(start, Limits::NONE, call).await;
    let Some((miss, mut leader)) = led else { return (call, ()) };
    leader.is_on_own_stack = true;
    let executor = miss.memo().runtime().executor.get().filter(|_| is_owned).cloned();
    let (mut call, mut settled) = match executor {
        Some(executor) => {
            let flight = leader.flight().clone();
            let computation = in_this_scope(settled(leader, call));
            AdoptableComputation::new(flight, computation, executor, AdoptionRule::Unwanted).await
        }
        None => settled(leader, call).await,
    };
    conclude(&mut settled, Some(&miss), call.as_mut().described().returned());
    (call, ())
}

/// The same for a call that may return before its computation ends (`timeout`). The computation owns its
/// arguments, so that the background can go on with it when its caller has left.
pub(crate) async fn within_limits<O, V, KA, SA, Run, A, X, B, D>(
    start: MissStart,
    called: UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>,
) -> O
where
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    A: MakesJob<Async, O, V, KA, SA, Run>,
    X: Extras<KA, SA, O, V>,
    B: Future<Output = O>,
    D: Description,
{
    let limits = called.limits();
    let mut approaching = approaching(start, limits, Polled::new(called));
    let (mut call, led) = poll_fn(|cx| approaching.poll_call(cx)).await;
    let called = call.as_mut().called();
    let Some((mut miss, leader)) = led else { return called.outcome.take() };
    let (memo, flight) = (miss.memo().clone(), leader.flight().clone());
    let (handle, one_shot) = called.extras.timeouts().handle(FlightHandle::new(leader));
    let job = called.job(handle).expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = memo.runtime().executor.clone();
    let job = part_of(&flight, job);
    let mut computation = AdoptableComputation::new(flight, job, background, AdoptionRule::All);
    loop {
        let outcome = computation.landed(memo.clock(), miss.bounds_of_own(NEVER)).await;
        let called = call.as_mut().called();
        match miss.after_own(outcome, called) {
            Poll::Pending => {}
            Poll::Ready(true) => return called.outcome.take(),
            // If the body has panicked, the panic is resumed here, in the poll of the caller.
            Poll::Ready(false) => {
                return one_shot.take().await.unwrap_or_else(|payload| resume_unwind(payload));
            }
        }
    }
}

/// Hands a computation to the background.
pub(crate) fn hand_to_background(
    runtime: &Runtime,
    flight: &Flight,
    job: impl Future<Output = ()> + Send + 'static,
) {
    runtime.executor.spawn(Box::pin(part_of(flight, job)));
}

/// The job of a flight. Expressions of the attribute are evaluated by it before the body: they are part of the
/// computation, too.
fn part_of<F: Future + Send + 'static>(
    flight: &Flight,
    job: F,
) -> impl Future<Output = F::Output> + Send + 'static + use<F> {
    in_this_scope(polled_with_context(Some(flight.context.clone()), job))
}

/// A computation is part of the test scope that this thread is in, wherever it is polled.
fn in_this_scope<F: Future + Send + 'static>(
    computation: F,
) -> impl Future<Output = F::Output> + Send + 'static {
    #[cfg(feature = "testing")]
    let computation = crate::memo::scope::in_this_scope(computation);
    computation
}

/// Computes as the leader of a flight. If this is dropped, the body is dropped first, then the flight ends.
async fn settled(leader: LeaderGuard, call: BoxedCall) -> (BoxedCall, Settled) {
    let (flight, is_on_own_stack) = (leader.flight().clone(), leader.is_on_own_stack);
    let computation = async move {
        let (leader, mut call) = (leader, call);
        #[cfg(feature = "store")]
        if let Some(fetching) = leader.fetching() {
            return Box::pin(settled_with_store(leader, fetching, call)).await;
        }
        poll_fn(|cx| call.as_mut().poll(cx)).await;
        let settled = settle(&leader, call.as_mut().described());
        (call, settled)
    };
    let settled = flight.led(pin!(computation)).await;
    if is_on_own_stack {
        Flight::give_back(flight);
    }
    settled
}

/// The same for a memo with a store behind it, which may have the value, and else gets it. The caller waits until it
/// does; those who have joined the flight do not.
#[cfg(feature = "store")]
async fn settled_with_store(
    leader: LeaderGuard,
    fetching: Later<Fetched>,
    mut call: BoxedCall,
) -> (BoxedCall, Settled) {
    let mut settled = Settled::default();
    leader.take_fetched(fetching.await, &mut settled);
    if !settled.is_value {
        poll_fn(|cx| call.as_mut().poll(cx)).await;
        leader.settle(call.as_mut().described(), &mut settled);
        if let Some(publishing) = leader.publishing(&mut settled) {
            publishing.await;
        }
        leader.end_held(call.as_mut().described(), &mut settled);
    }
    (call, settled)
}

/// Computes without a flight, and without storing.
async fn in_place(unstored: Option<UnstoredCall>, mut call: Pin<&mut DynBody>) {
    let run = async move {
        poll_fn(|cx| call.as_mut().poll(cx)).await;
        if let Some(unstored) = unstored {
            unstored.returned(call.described());
        }
    };
    match FlightContext::without_flight() {
        Some(aside) => polled_with_context(Some(aside), pin!(run)).await,
        None => run.await,
    }
}
