//! The driver for asynchronous functions: does what the engine decides, and awaits where it must.
//!
//! A hit is answered at the first poll, before anything here runs. A computation is polled by its caller alone.
//! When that leaves, it is dropped, and a waiter begins anew ([`by_caller`]); or, where it owns all it needs, an
//! executor goes on with it if nobody waits ([`by_owner`]); or, where callers may leave before its end, the
//! background does in any case ([`by_clock`]).

#[cfg(all(test, not(loom)))]
mod tests;

mod driven;
mod polled;

use std::future::{Future, poll_fn};
use std::ops::DerefMut;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;

use driven::approaching;
pub(crate) use driven::{Driven, by_caller, by_owner};
use polled::Running;
pub(crate) use polled::{AsyncBody, BoxedCall, DynBody, Polled};

use crate::background::Executor;
use crate::call::{
    BackgroundCall, Description, Extras, FlightHandle, Limits, MakesBody, Prepared, UnansweredCall,
    WaitLimits, give_up,
};
use crate::engine::{
    AfterOwnWait, CallMode, Failed, LeaderGuard, Miss, MissActions, Next, Returned as _, SlowPath, Start,
};
use crate::entry::Async;
use crate::erased::Erased;
use crate::flight::{AdoptableComputation, AdoptionRule, Flight, FlightContext, polled_with_context};
use crate::memo::{MemoCore, UnstoredCall};

/// What the driver of an unanswered call begins with.
pub(crate) enum MissStart {
    /// It is to be computed, or waited for.
    Search(Miss),
    /// It leads a flight already.
    Lead(LeaderGuard),
    /// It neither reads nor writes. The uncached call, if the tags of its return are inherited.
    InPlace(Option<UnstoredCall>),
}

impl MissStart {
    /// Goes on with a call that was not a plain hit. `call` is none if it has neither hooks nor a
    /// background call. Returns the answer as `Err`, if there is one already.
    pub(crate) fn of(
        memo: &MemoCore,
        slow_path: SlowPath,
        mode: CallMode,
        call: Option<&mut dyn MissActions>,
    ) -> Result<Self, Erased> {
        match memo.start(slow_path, mode, call) {
            Start::Answer(stored) => Err(stored),
            Start::InPlace(unstored) => Ok(Self::InPlace(unstored)),
            Start::Search(miss) => Ok(Self::Search(miss)),
        }
    }
}

/// Waits for the flights of other calls, until this call has an answer or is to compute.
async fn search(miss: &mut Miss) -> Next {
    let step = miss.begin();
    let mut next = miss.after_step(step);
    while let Next::Wait(joined) = next {
        let waited = joined.waiter.wait(miss.memo().clock(), miss.bounds()).await;
        next = miss.after(joined, waited);
    }
    next
}

/// What all drivers have in common: goes on until the call has returned (none), or leads a flight, which is
/// handed back.
async fn approach(
    begun: MissStart,
    limits: Limits,
    mut call: Pin<&mut DynBody>,
) -> Option<(Miss, LeaderGuard)> {
    let mut miss = match begun {
        MissStart::Search(miss) => miss,
        MissStart::InPlace(unstored) => {
            in_place(unstored, call).await;
            return None;
        }
        MissStart::Lead(leader) => {
            let (call, settled) = settled(leader, call).await;
            if let Ok(stored) = settled {
                call.described().returned().set_value(stored);
            }
            return None;
        }
    };
    miss.set_limits(limits);
    loop {
        match search(&mut miss).await {
            Next::Answer(stored) => call.described().returned().set_value(stored),
            Next::Error(shared) => {
                if !call.as_mut().described().returned().set_error(shared) {
                    continue;
                }
                miss.has_failed();
            }
            Next::InPlace(joined) => {
                let own = async {
                    in_place(Some(miss.unstored()), call.as_mut()).await;
                    miss.or_older_in_place(call.as_mut().described().returned());
                    None
                };
                // If it lands, its own body is dropped.
                let landed = match joined {
                    Some(joined) => {
                        let take = |stored, carried: &_| miss.take(&joined, stored, carried).map(Some);
                        joined.waiter.or_value(pin!(own), take).await
                    }
                    None => own.await,
                };
                if let Some(stored) = landed {
                    call.described().returned().set_value(stored);
                }
            }
            Next::Late(limit) => call.late(miss.memo(), limit),
            Next::Lead(leader) => return Some((miss, leader)),
            Next::Wait(_) => unreachable!("it has waited"),
        }
        return None;
    }
}

/// Sets the call's return to the value; or, if the computation failed, to an older value if one may stand
/// in.
fn conclude(miss: &Miss, settled: Result<Erased, Failed>, call: Pin<&mut DynBody>) {
    let returned = call.described().returned();
    match settled {
        Ok(stored) => returned.set_value(stored),
        Err(failed) => miss.or_older(&failed, returned),
    }
}

/// Computes as part of its caller, or waits for another call's computation. If it is dropped, one of the
/// waiters takes over.
async fn lead_by_caller(begun: MissStart, limits: Limits, mut call: BoxedCall) -> (BoxedCall, ()) {
    let Some((miss, mut leader)) = approach(begun, limits, call.as_mut()).await else { return (call, ()) };
    leader.is_on_own_stack = true;
    let (mut call, settled) = settled(leader, call).await;
    conclude(&miss, settled, call.as_mut());
    (call, ())
}

/// The same for a computation that owns all it needs: when its last caller leaves, an executor goes on with it,
/// if one was set.
async fn lead_by_owner(begun: MissStart, limits: Limits, mut call: BoxedCall) -> (BoxedCall, ()) {
    let Some((miss, mut leader)) = approach(begun, limits, call.as_mut()).await else { return (call, ()) };
    leader.is_on_own_stack = true;
    let executor = miss.memo().runtime().executor.get().cloned();
    let (mut call, settled) = match executor {
        Some(executor) => {
            let flight = leader.flight().clone();
            let computation = in_this_scope(settled(leader, call));
            AdoptableComputation::new(flight, computation, executor, AdoptionRule::Unwanted).returned().await
        }
        None => settled(leader, call).await,
    };
    conclude(&miss, settled, call.as_mut());
    (call, ())
}

/// The same for a call that may return before its computation ends (`timeout`). The computation owns its
/// arguments, so that the background can go on with it when its caller has left.
pub(crate) async fn by_clock<O, V, KA, SA, Run, A, X, B, D>(
    begun: MissStart,
    called: UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>,
) -> O
where
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, O, V>,
    B: Future<Output = O>,
    D: Description,
{
    let limits = called.limits();
    let mut approaching = approaching(begun, limits, Polled::new(called));
    let (mut call, came_to_lead) = poll_fn(|cx| approaching.poll_call(cx)).await;
    let called = call.as_mut().called();
    let Some((mut miss, leader)) = came_to_lead else { return called.outcome.take() };
    let (memo, flight) = (miss.memo().clone(), leader.flight().clone());
    let (handle, one_shot) = called.extras.timeouts().handle(FlightHandle::new(leader));
    let Prepared { keyed, skipped, .. } = called.take_call();
    let job = called.background_call.job(keyed, skipped, handle);
    let job = job.expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = memo.runtime().clone();
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let job = polled_with_context(Some(flight.context.clone()), job);
    let mut computation =
        AdoptableComputation::new(flight, in_this_scope(job), background, AdoptionRule::All);
    loop {
        let waited = computation.landed(memo.clock(), miss.bounds_of_own()).await;
        match miss.after_own(waited) {
            AfterOwnWait::Answer(stored) => {
                let outcome = &mut call.as_mut().called().outcome;
                outcome.set_value(stored);
                return outcome.take();
            }
            AfterOwnWait::Wait => {}
            // If the body has panicked, the panic is resumed here, in the poll of the caller.
            AfterOwnWait::Returned | AfterOwnWait::Refused => {
                return one_shot.take().await.unwrap_or_else(|payload| resume_unwind(payload));
            }
            AfterOwnWait::Late(limit) => {
                return give_up(call.as_mut().called().extras.timeouts(), &memo, limit);
            }
        }
    }
}

/// A computation is part of the test scope that this thread is in, wherever it is polled.
fn in_this_scope<F: Future + Send + 'static>(
    computation: F,
) -> impl Future<Output = F::Output> + Send + 'static {
    #[cfg(feature = "testing")]
    let computation = crate::testing::in_this_scope(computation);
    computation
}

/// Computes as the leader of a flight. If this is dropped, the body is dropped first, then the flight ends.
async fn settled<P: DerefMut<Target = DynBody>>(
    leader: LeaderGuard,
    call: Pin<P>,
) -> (Pin<P>, Result<Erased, Failed>) {
    let flight = leader.flight().clone();
    let computation = async move {
        let mut running = Running::new(call);
        running.returned().await;
        let settled = leader.settle(running.call().described());
        (running.into_call(), settled)
    };
    let settled = flight.led(pin!(computation)).await;
    Flight::give_back(flight);
    settled
}

/// Computes without a flight, and without storing.
async fn in_place(unstored: Option<UnstoredCall>, call: Pin<&mut DynBody>) {
    let run = async move {
        let mut running = Running::new(call);
        running.returned().await;
        if let Some(unstored) = unstored {
            unstored.returned(running.call().described());
        }
        running.into_call();
    };
    match FlightContext::without_flight() {
        Some(aside) => polled_with_context(Some(aside), pin!(run)).await,
        None => run.await,
    }
}
