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
use std::sync::Arc;
use std::time::Duration;

use crate::background::{Anywhere, Executor};
use crate::call::{Extras, FlightHandle, Prepared, Repeat, Waits, give_up};
use crate::draft::Draft;
use crate::engine::{After, Computed, Failed, Joined, Lead, Miss, Next, Own};
use crate::erased::Erased;
use crate::flight::{Adoptable, Adopts, FlightContext, Shared, Waiter, polled_under};
use crate::memo::UncachedCall;
use crate::value::Returns;

/// What a call that was not answered has come to.
enum Searched {
    Answer(Erased),
    /// With the leader's error, if there is something of it for this call; else it goes on.
    Error(Shared),
    Lead(Lead),
    /// It computes without storing; what it has waited for may land before.
    InPlace(Option<(Joined, Waiter)>),
    Late(Duration),
}

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

async fn search(miss: &mut Miss) -> Searched {
    let memo = miss.memo().clone();
    loop {
        let mut joined = match miss.next() {
            Next::Hit(held) => return Searched::Answer(held),
            Next::Lead(lead) => return Searched::Lead(lead),
            Next::InPlace => return Searched::InPlace(None),
            Next::Wait(joined) => joined,
        };
        let waiter = joined.flight.waiter();
        loop {
            let ended = waiter.wait(memo.clock(), miss.bounds()).await;
            match miss.after(&joined, ended) {
                After::Answer(held) => return Searched::Answer(held),
                After::Error(shared) => return Searched::Error(shared),
                After::Wait => continue,
                After::Again => {}
                After::InPlace => {
                    joined.waits_no_more();
                    return Searched::InPlace(Some((joined, waiter)));
                }
                After::Late(limit) => return Searched::Late(limit),
            }
            break;
        }
    }
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
            Searched::Answer(held) => Err(R::join(held.into())),
            Searched::Error(shared) => match shared.output::<R>() {
                Some(output) => {
                    miss.has_failed();
                    Err(output)
                }
                None => continue,
            },
            Searched::InPlace(waited_for) => {
                let own = async {
                    let mut computed = in_place::<R, B, D>(Some(miss.unstored()), call.prepare()).await;
                    miss.or_older_in_place(&mut computed.outcome);
                    computed.outcome.into_output()
                };
                Err(match waited_for {
                    Some((joined, waiter)) => {
                        let take = |held, carried: &_| {
                            miss.take(&joined, held, carried).map(|held| R::join(held.into()))
                        };
                        waiter.or_value(own, take).await
                    }
                    None => own.await,
                })
            }
            Searched::Late(limit) => Err(give_up(extras.timeouts(), miss.memo(), limit)),
            Searched::Lead(lead) => Ok(Leading { miss, lead, call, again, extras }),
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
    let leading = match approach::<R, KA, SA, Run, A, X, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let settled = settled::<R, KA, SA, Run, B, D>(leading.lead, leading.call).await;
    returned::<R>(&leading.miss, settled)
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
    let leading = match approach::<R, KA, SA, Run, A, X, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let Leading { miss, lead, call, .. } = leading;
    let executor = miss.memo().world().executor.get().cloned();
    let flight = lead.flight().clone();
    let computation = settled::<R, KA, SA, Run, B, D>(lead, call);
    let settled = match executor {
        Some(executor) => {
            let computation = in_this_scope(computation);
            Adoptable::new(flight, computation, executor, Adopts::Unwanted).returned().await
        }
        None => computation.await,
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
    let leading = match approach::<R, KA, SA, Run, A, X, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let Leading { mut miss, lead, call, again, extras } = leading;
    let (memo, flight) = (miss.memo().clone(), lead.flight().clone());
    let (handle, one_shot) = extras.timeouts().handle(FlightHandle::new(lead));
    let Prepared { keyed, skipped, .. } = call;
    let job = again.job(keyed, skipped, handle).expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = Arc::new(Anywhere(memo.world().clone()));
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let job = polled_under(Some(flight.context.clone()), job);
    let mut computation = Adoptable::new(flight, in_this_scope(job), background, Adopts::All);
    loop {
        let waited = computation.landed(memo.clock(), miss.bounds_of_own()).await;
        match miss.after_own(&waited) {
            Own::Answer(held) => return R::join(held.into()),
            Own::Wait => {}
            // If it has panicked, that goes on in the poll of its caller, which is this.
            Own::Returned | Own::Crashed | Own::Refused => {
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
    flight
        .led(async move {
            let (body, describe) = call.prepare();
            let mut computed = Computed::<R, D>::new(body.await, describe);
            lead.settle(&mut computed).map_err(|failed| (failed, computed.outcome.into_output()))
        })
        .await
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
        Some(aside) => polled_under(Some(aside), run).await,
        None => run.await,
    }
}
