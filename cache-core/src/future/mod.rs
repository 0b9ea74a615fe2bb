//! The driver for asynchronous functions: does what the engine decides, and awaits where it must.
//!
//! A hit is answered at the first poll, before anything here runs. A computation is polled by its caller alone.
//! When that leaves, it is dropped, and a waiter begins anew ([`by_caller`]); or, where it owns all it needs, an
//! executor goes on with it if nobody waits ([`by_owner`]); or, where callers may leave before its end, the
//! background does in any case ([`by_clock`]).

#[cfg(all(test, not(loom)))]
mod tests;

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;

use crate::background::Executor;
use crate::call::{Extras, FlightHandle, Prepared, Repeat, Waits, give_up};
use crate::draft::Draft;
use crate::engine::{Computed, Failed, Lead, Miss, Next, Own};
use crate::erased::Erased;
use crate::flight::{Adoptable, Adopts, Flight, FlightContext, polled_under};
use crate::memo::UncachedCall;
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

/// A call that was not answered, what it computes with, how that is done once more, and what else is told of it.
pub struct Missed<KA, SA, Run, A, X> {
    pub(crate) begun: Begun,
    pub(crate) call: Prepared<KA, SA, Run>,
    pub(crate) again: A,
    pub(crate) extras: X,
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

/// A call that leads a flight, and is to see to its computation.
struct Leading<KA, SA, Run, A, X> {
    miss: Miss,
    lead: Lead,
    call: Prepared<KA, SA, Run>,
    again: A,
    extras: X,
}

/// What a computation has come to: its value; or its return, if that is not one to keep.
type Settled<R> = Result<Erased, (Failed, <R as Returns>::Output)>;

/// What a call returns whose computation has come to this.
fn returned<R: Returns>(miss: &Miss, settled: Settled<R>) -> R::Output {
    match settled {
        Ok(held) => R::join(held.into()),
        Err((failed, output)) => miss.older(&failed).map_or(output, |held| R::join(held.into())),
    }
}

/// What all drivers have in common: a call on its way to a return, or to a computation of its own.
async fn approach<R, KA, SA, Run, A, X, B, D>(
    missed: Missed<KA, SA, Run, A, X>,
) -> Result<Leading<KA, SA, Run, A, X>, R::Output>
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    X: Extras<KA, SA, R>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Missed { begun, call, again, extras } = missed;
    let mut miss = match begun {
        Begun::Search(miss) => miss,
        Begun::InPlace(told) => {
            return Err(in_place::<R, B, D>(told, call.prepare()).await.outcome.into_output());
        }
        Begun::Lead(lead) => {
            let settled = settled::<R, KA, SA, Run, B, D>(lead, call).await;
            return Err(settled.map_or_else(|(_, output)| output, |held| R::join(held.into())));
        }
    };
    miss.set_limits(extras.timeouts().limits());
    loop {
        return match search(&mut miss).await {
            Next::Answer(held) => Err(R::join(held.into())),
            Next::Error(shared) => match shared.output::<R>() {
                Some(output) => {
                    miss.has_failed();
                    Err(output)
                }
                None => continue,
            },
            Next::InPlace(joined) => {
                let own = async {
                    let mut computed = in_place::<R, B, D>(Some(miss.unstored()), call.prepare()).await;
                    miss.or_older_in_place(&mut computed.outcome);
                    computed.outcome.into_output()
                };
                Err(match joined {
                    Some(joined) => {
                        let take = |held, carried: &_| {
                            miss.take(&joined, held, carried).map(|held| R::join(held.into()))
                        };
                        joined.waiter.or_value(pin!(own), take).await
                    }
                    None => own.await,
                })
            }
            Next::Lead(lead) => Ok(Leading { miss, lead, call, again, extras }),
            Next::Late(limit) => Err(give_up(extras.timeouts(), miss.memo(), limit)),
            Next::Wait(_) => unreachable!("it has waited"),
        };
    }
}

/// Computes as part of its caller, or waits for who does. When it is dropped, one of those who wait
/// takes over.
pub(crate) async fn by_caller<R, KA, SA, Run, A, X, B, D>(missed: Missed<KA, SA, Run, A, X>) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    X: Extras<KA, SA, R>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Leading { miss, mut lead, call, .. } = match approach::<R, KA, SA, Run, A, X, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    lead.is_own = true;
    let settled = settled::<R, KA, SA, Run, B, D>(lead, call).await;
    returned::<R>(&miss, settled)
}

/// The same for a computation that owns all it needs: when its last caller leaves, an executor goes on with it,
/// if one was set.
pub(crate) async fn by_owner<R, KA, SA, Run, A, X, B, D>(missed: Missed<KA, SA, Run, A, X>) -> R::Output
where
    R: Returns<Output: Send>,
    KA: Send + 'static,
    SA: Send + 'static,
    Run: FnOnce(KA, SA) -> (B, D) + Send + 'static,
    X: Extras<KA, SA, R>,
    B: Future<Output = R::Output> + Send + 'static,
    D: Fn(Option<&R::Value>, &mut Draft) + Send + 'static,
{
    let Leading { miss, mut lead, call, .. } = match approach::<R, KA, SA, Run, A, X, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    lead.is_own = true;
    let executor = miss.memo().world().executor.get().cloned();
    let settled = match executor {
        Some(executor) => {
            let flight = lead.flight().clone();
            let computation = in_this_scope(settled::<R, KA, SA, Run, B, D>(lead, call));
            Adoptable::new(flight, computation, executor, Adopts::Unwanted).returned().await
        }
        None => settled::<R, KA, SA, Run, B, D>(lead, call).await,
    };
    returned::<R>(&miss, settled)
}

/// The same for a call that does not wait to the end: its computation is made of arguments that are owned,
/// so that the background can go on with it when its caller has left.
pub(crate) async fn by_clock<R, KA, SA, Run, A, X, B, D>(missed: Missed<KA, SA, Run, A, X>) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, R>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let approached = approach::<R, KA, SA, Run, A, X, B, D>(missed).await;
    let Leading { mut miss, lead, call, again, extras } = match approached {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let (memo, flight) = (miss.memo().clone(), lead.flight().clone());
    let (handle, one_shot) = extras.timeouts().handle(FlightHandle::new(lead));
    let Prepared { keyed, skipped, .. } = call;
    let job = again.job(keyed, skipped, handle).expect("refused when it was compiled, if it cannot be");
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
            Own::Late(limit) => return give_up(extras.timeouts(), &memo, limit),
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

/// Computes as the leader of a flight.
async fn settled<R, KA, SA, Run, B, D>(lead: Lead, call: Prepared<KA, SA, Run>) -> Settled<R>
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let flight = lead.flight().clone();
    let computation = async move {
        let (body, describe) = call.prepare();
        let mut computed = Computed::<R, D>::new(body.await, describe);
        lead.settle(&mut computed).map_err(|failed| (failed, computed.outcome.into_output()))
    };
    let settled = flight.led(pin!(computation)).await;
    Flight::give_back(flight);
    settled
}

/// Computes without a flight, and without storing.
async fn in_place<R, B, D>(unstored: Option<UncachedCall>, (body, describe): (B, D)) -> Computed<R, D>
where
    R: Returns,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let run = async move {
        let mut computed = Computed::<R, D>::new(body.await, describe);
        if let Some(unstored) = unstored {
            unstored.returned(&mut computed);
        }
        computed
    };
    match FlightContext::aside() {
        Some(aside) => polled_under(Some(aside), pin!(run)).await,
        None => run.await,
    }
}
