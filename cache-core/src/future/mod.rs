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
use crate::call::{Called, Extras, FlightHandle, Limits, Prepared, Repeat, Waits, give_up};
use crate::draft::Draft;
use crate::engine::{Failed, Further, Lead, Miss, Mode, Next, Own, Repeatable, Start};
use crate::entry::Async;
use crate::erased::Erased;
use crate::flight::{Adoptable, Adopts, Flight, FlightContext, polled_under};
use crate::memo::{MemoCore, UncachedCall};
use crate::value::Returns;

/// Where a call stands that was not answered.
pub(crate) enum Begun {
    /// It is to be computed, or waited for.
    Search(Miss),
    /// It leads a flight already.
    Lead(Lead),
    /// It touches nothing.
    InPlace(Option<UncachedCall>),
}

impl Begun {
    /// Goes on with a look-up. `call`: the call, if there is something that it is told or that tells of it. The answer,
    /// if there is one.
    pub(crate) fn of(
        memo: &MemoCore,
        mut further: Further,
        mode: Mode,
        call: Option<&mut dyn Repeatable>,
    ) -> Result<Self, Erased> {
        match memo.start(&mut further, mode, call) {
            Start::Answer(held) => Err(held),
            Start::InPlace(unstored) => Ok(Self::InPlace(unstored)),
            Start::Search(miss) => Ok(Self::Search(miss)),
        }
    }
}

/// Waits until it is known how the call goes on otherwise.
async fn search(miss: &mut Miss) -> Next {
    let step = miss.begin();
    let mut next = miss.after_step(step);
    while let Next::Wait(joined) = next {
        let waited = joined.waiter.wait(miss.memo().clock(), miss.bounds()).await;
        next = miss.after(joined, waited);
    }
    next
}

/// What all drivers have in common: a call on its way to a return, or to a computation of its own, which is
/// handed back.
async fn approach(begun: Begun, limits: Limits, mut call: Pin<&mut DynBody>) -> Option<(Miss, Lead)> {
    let mut miss = match begun {
        Begun::Search(miss) => miss,
        Begun::InPlace(told) => {
            in_place(told, call).await;
            return None;
        }
        Begun::Lead(lead) => {
            let (call, settled) = settled(lead, call).await;
            if let Ok(held) = settled {
                call.described().returned().set_value(held);
            }
            return None;
        }
    };
    miss.set_limits(limits);
    loop {
        match search(&mut miss).await {
            Next::Answer(held) => call.described().returned().set_value(held),
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
                        let take = |held, carried: &_| miss.take(&joined, held, carried).map(Some);
                        joined.waiter.or_value(pin!(own), take).await
                    }
                    None => own.await,
                };
                if let Some(held) = landed {
                    call.described().returned().set_value(held);
                }
            }
            Next::Late(limit) => call.late(miss.memo(), limit),
            Next::Lead(lead) => return Some((miss, lead)),
            Next::Wait(_) => unreachable!("it has waited"),
        }
        return None;
    }
}

/// Returns what a computation has come to: its value; or its return, if that is not one to keep.
fn conclude(miss: &Miss, settled: Result<Erased, Failed>, call: Pin<&mut DynBody>) {
    let returned = call.described().returned();
    match settled {
        Ok(held) => returned.set_value(held),
        Err(failed) => miss.or_older(&failed, returned),
    }
}

/// Computes as part of its caller, or waits for who does. When it is dropped, one of those who wait
/// takes over.
async fn lead_by_caller(begun: Begun, limits: Limits, mut call: BoxedCall) -> (BoxedCall, ()) {
    let Some((miss, mut lead)) = approach(begun, limits, call.as_mut()).await else { return (call, ()) };
    lead.is_own = true;
    let (mut call, settled) = settled(lead, call).await;
    conclude(&miss, settled, call.as_mut());
    (call, ())
}

/// The same for a computation that owns all it needs: when its last caller leaves, an executor goes on with it,
/// if one was set.
async fn lead_by_owner(begun: Begun, limits: Limits, mut call: BoxedCall) -> (BoxedCall, ()) {
    let Some((miss, mut lead)) = approach(begun, limits, call.as_mut()).await else { return (call, ()) };
    lead.is_own = true;
    let executor = miss.memo().world().executor.get().cloned();
    let (mut call, settled) = match executor {
        Some(executor) => {
            let flight = lead.flight().clone();
            let computation = in_this_scope(settled(lead, call));
            Adoptable::new(flight, computation, executor, Adopts::Unwanted).returned().await
        }
        None => settled(lead, call).await,
    };
    conclude(&miss, settled, call.as_mut());
    (call, ())
}

/// The same for a call that does not wait to the end: its computation is made of arguments that are owned,
/// so that the background can go on with it when its caller has left.
pub(crate) async fn by_clock<R, KA, SA, Run, A, X, B, D>(
    begun: Begun,
    called: Called<Async, R, KA, SA, Run, D, A, X>,
) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, R>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let limits = called.limits();
    let mut approaching = approaching(begun, limits, Polled::new(called));
    let (mut call, came_to_lead) = poll_fn(|cx| approaching.poll_call(cx)).await;
    let called = call.as_mut().called();
    let Some((mut miss, lead)) = came_to_lead else { return called.outcome.take() };
    let (memo, flight) = (miss.memo().clone(), lead.flight().clone());
    let (handle, one_shot) = called.extras.timeouts().handle(FlightHandle::new(lead));
    let Prepared { keyed, skipped, .. } = called.take_call();
    let job = called.again.job(keyed, skipped, handle);
    let job = job.expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = memo.world().clone();
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let job = polled_under(Some(flight.context.clone()), job);
    let mut computation = Adoptable::new(flight, in_this_scope(job), background, Adopts::All);
    loop {
        let waited = computation.landed(memo.clock(), miss.bounds_of_own()).await;
        match miss.after_own(waited) {
            Own::Answer(held) => return R::join(held.into()),
            Own::Wait => {}
            // If it has panicked, that goes on in the poll of its caller, which is this.
            Own::Returned | Own::Refused => {
                return one_shot.take().await.unwrap_or_else(|payload| resume_unwind(payload));
            }
            Own::Late(limit) => return give_up(call.as_mut().called().extras.timeouts(), &memo, limit),
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

/// Computes as the leader of a flight. If this is dropped, the body is before the flight ends.
async fn settled<P: DerefMut<Target = DynBody>>(
    lead: Lead,
    call: Pin<P>,
) -> (Pin<P>, Result<Erased, Failed>) {
    let flight = lead.flight().clone();
    let computation = async move {
        let mut running = Running::new(call);
        running.returned().await;
        let settled = lead.settle(running.call().described());
        (running.into_call(), settled)
    };
    let settled = flight.led(pin!(computation)).await;
    Flight::give_back(flight);
    settled
}

/// Computes without a flight, and without storing.
async fn in_place(unstored: Option<UncachedCall>, call: Pin<&mut DynBody>) {
    let run = async move {
        let mut running = Running::new(call);
        running.returned().await;
        if let Some(unstored) = unstored {
            unstored.returned(running.call().described());
        }
        running.into_call();
    };
    match FlightContext::aside() {
        Some(aside) => polled_under(Some(aside), pin!(run)).await,
        None => run.await,
    }
}
