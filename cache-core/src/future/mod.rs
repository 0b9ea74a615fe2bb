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
use crate::draft::Draft;
use crate::engine::{After, Failed, Joined, Lead, Next, Own, Pursuit};
use crate::flight::{Adoptable, Adopts, Ancestry, Seat, polled_under};
use crate::memo::{Data, Unstored};
use crate::plan::{Prepared, Repeat, Waits, give_up};
use crate::value::Returns;

/// What a call that was not answered has come to.
enum Pursued<O, K: Data, V: Data> {
    Answer(O),
    Lead(Lead<K, V>),
    /// It computes without storing; what it has waited for may land before.
    InPlace(Option<(Joined<K, V>, Seat<K, V>)>),
    Late(Duration),
}

/// Where a call stands that was not answered.
pub(crate) enum Start<K: Data, V: Data> {
    /// It is to be computed, or waited for.
    Search(Pursuit<K, V>),
    /// It leads a flight already.
    Lead(Lead<K, V>),
    /// It touches nothing.
    InPlace(Option<Unstored<K, V>>),
}

/// A call that was not answered, what it computes with, how that is done once more, and how long it waits.
pub struct Missed<K: Data, V: Data, KA, SA, Run, A, T> {
    pub(crate) start: Start<K, V>,
    pub(crate) call: Prepared<KA, SA, Run>,
    pub(crate) again: A,
    pub(crate) patience: T,
}

async fn pursue<R, K, V>(pursuit: &mut Pursuit<K, V>) -> Pursued<R::Output, K, V>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
{
    let memo = pursuit.memo().clone();
    loop {
        let mut joined = match pursuit.next() {
            Next::Hit(held) => return Pursued::Answer(R::join(held)),
            Next::Lead(lead) => return Pursued::Lead(lead),
            Next::InPlace => return Pursued::InPlace(None),
            Next::Wait(joined) => joined,
        };
        let seat = joined.flight.seat();
        loop {
            let waited = seat.wait(memo.clock(), pursuit.bounds()).await;
            match pursuit.after::<R>(&joined, waited) {
                After::Answer(output) => return Pursued::Answer(output),
                After::Wait => continue,
                After::Again => {}
                After::InPlace => {
                    joined.waits_no_more();
                    return Pursued::InPlace(Some((joined, seat)));
                }
                After::Late(limit) => return Pursued::Late(limit),
            }
            break;
        }
    }
}

/// A call that leads a flight, and is to see to its computation.
struct Leading<K: Data, V: Data, KA, SA, Run, A, T> {
    pursuit: Pursuit<K, V>,
    lead: Lead<K, V>,
    call: Prepared<KA, SA, Run>,
    again: A,
    patience: T,
}

/// What all drivers have in common: a call on its way to a return, or to a computation of its own.
async fn approach<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> Result<Leading<K, V, KA, SA, Run, A, T>, R::Output>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Missed { start, call, again, patience } = missed;
    let mut pursuit = match start {
        Start::Search(pursuit) => pursuit.within(patience.limits()),
        Start::InPlace(told) => return Err(in_place::<R, K, V, B, D>(told, call.prepare()).await),
        Start::Lead(lead) => {
            let settled = settled::<R, K, V, KA, SA, Run, B, D>(lead, call).await;
            return Err(settled.map_or_else(|failed| failed.output, R::join));
        }
    };
    match pursue::<R, K, V>(&mut pursuit).await {
        Pursued::Answer(output) => Err(output),
        Pursued::InPlace(waited_for) => {
            let own = async {
                let output = in_place::<R, K, V, B, D>(Some(pursuit.unstored()), call.prepare()).await;
                pursuit.or_older_in_place::<R>(output)
            };
            Err(match waited_for {
                Some((joined, seat)) => {
                    seat.or_value(own, |held, carried| pursuit.take::<R>(&joined, held, carried)).await
                }
                None => own.await,
            })
        }
        Pursued::Late(limit) => Err(give_up(&patience, pursuit.memo(), limit)),
        Pursued::Lead(lead) => Ok(Leading { pursuit, lead, call, again, patience }),
    }
}

/// Computes as part of its caller, or waits for who does. When it is dropped, one of those who wait
/// takes over.
pub(crate) async fn by_caller<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let leading = match approach::<R, K, V, KA, SA, Run, A, T, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    match settled::<R, K, V, KA, SA, Run, B, D>(leading.lead, leading.call).await {
        Ok(held) => R::join(held),
        Err(failed) => leading.pursuit.or_older::<R>(failed),
    }
}

/// The same for a computation that owns all it needs: when its last caller leaves, an executor goes on with it,
/// if one was set.
pub(crate) async fn by_owner<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V, Output: Send>,
    KA: Send + 'static,
    SA: Send + 'static,
    Run: FnOnce(KA, SA) -> (B, D) + Send + 'static,
    T: Waits<R::Output>,
    B: Future<Output = R::Output> + Send + 'static,
    D: Fn(Option<&R::Value>, &mut Draft) + Send + 'static,
{
    let leading = match approach::<R, K, V, KA, SA, Run, A, T, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let Leading { pursuit, lead, call, .. } = leading;
    let executor = pursuit.memo().world().executor.get().cloned();
    let flight = lead.flight.clone();
    let computation = settled::<R, K, V, KA, SA, Run, B, D>(lead, call);
    let settled = match executor {
        Some(executor) => {
            let computation = in_this_scope(computation);
            Adoptable::new(flight, computation, executor, Adopts::Unwanted).returned().await
        }
        None => computation.await,
    };
    settled.map_or_else(|failed| pursuit.or_older::<R>(failed), R::join)
}

/// The same for a call that does not wait to the end: its computation is made of arguments that are owned,
/// so that the background can go on with it when its caller has left.
pub(crate) async fn by_clock<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let leading = match approach::<R, K, V, KA, SA, Run, A, T, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let Leading { mut pursuit, lead, call, again, patience } = leading;
    let (memo, flight) = (pursuit.memo().clone(), lead.flight.clone());
    let (ticket, parcel) = patience.ticket(lead);
    let Prepared { keyed, skipped, .. } = call;
    let job = again.job(keyed, skipped, ticket).expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = Arc::new(Anywhere(memo.world().clone()));
    let mut computation = Adoptable::new(flight, in_this_scope(job), background, Adopts::All);
    loop {
        let waited = computation.landed(memo.clock(), pursuit.bounds_of_own()).await;
        match pursuit.after_own::<R>(&waited) {
            Own::Answer(output) => return output,
            Own::Wait => {}
            // If it has panicked, that goes on in the poll of its caller, which is this.
            Own::Returned | Own::Crashed | Own::Refused => {
                return parcel.take().await.unwrap_or_else(|payload| resume_unwind(payload));
            }
            Own::Late(limit) => return give_up(&patience, &memo, limit),
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
async fn settled<R, K, V, KA, SA, Run, B, D>(
    lead: Lead<K, V>,
    call: Prepared<KA, SA, Run>,
) -> Result<V, Failed<R::Output>>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let flight = lead.flight.clone();
    flight
        .led(async move {
            let (body, describe) = call.prepare();
            let output = body.await;
            lead.settle::<R>(output, describe)
        })
        .await
}

/// Computes without a flight, and without storing.
async fn in_place<R, K, V, B, D>(unstored: Option<Unstored<K, V>>, (body, describe): (B, D)) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let run = async move {
        let output = body.await;
        match unstored {
            Some(unstored) => unstored.returned::<R>(output, describe),
            None => output,
        }
    };
    match Ancestry::aside() {
        Some(aside) => polled_under(Some(aside), run).await,
        None => run.await,
    }
}
