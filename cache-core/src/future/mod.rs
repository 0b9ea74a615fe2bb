//! The driver for asynchronous functions: does what the engine decides, and awaits where it must.
//!
//! A hit is answered at the first poll, before anything here runs. A computation is polled by its
//! caller ([`by_caller`]), or, where it owns all it needs, by whoever waits for it ([`by_flight`]), or, where
//! its caller may not wait to its end, by its caller and then the background ([`by_clock`]).

#[cfg(all(test, not(loom)))]
mod tests;

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use crate::background::{Anywhere, Executor, Task};
use crate::draft::Draft;
use crate::engine::{After, Failed, Lead, Next, Own, Pursuit};
use crate::flight::{Ancestry, Landing, Place, Waited, polled_under};
use crate::memo::{Data, Unstored};
use crate::parcel::Parcel;
use crate::plan::{Prepared, Repeat, Waits, give_up};
use crate::value::Returns;

/// What a call that was not answered has come to.
enum Pursued<O, K: Data, V: Data> {
    Answer(O),
    Lead(Lead<K, V>, Option<Place<K, V>>),
    InPlace,
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
    let mut place = None;
    loop {
        let joined = match pursuit.next() {
            Next::Hit(held) => return Pursued::Answer(R::join(held)),
            Next::Lead(lead) => return Pursued::Lead(lead, place),
            Next::InPlace => return Pursued::InPlace,
            Next::Wait(joined) => joined,
        };
        let seat = joined.flight.seat();
        loop {
            let waited = seat.wait(memo.clock(), pursuit.bounds()).await;
            let mut after = pursuit.after::<R>(&joined, waited);
            if let After::TakePlace = after {
                place = Some(seat.take_place(memo.clock(), pursuit.place_by()).await);
                after = pursuit.placed::<R>();
            }
            match after {
                After::Answer(output) => return Pursued::Answer(output),
                After::Wait => continue,
                After::Again | After::TakePlace => {}
                After::InPlace => return Pursued::InPlace,
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
    /// For as long as it computes.
    place: Option<Place<K, V>>,
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
        Pursued::InPlace => {
            let output = in_place::<R, K, V, B, D>(Some(pursuit.unstored()), call.prepare()).await;
            Err(pursuit.or_older_in_place::<R>(output))
        }
        Pursued::Late(limit) => Err(give_up(&patience, pursuit.memo(), limit)),
        Pursued::Lead(lead, place) => Ok(Leading { pursuit, lead, place, call, again, patience }),
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

/// The same for a computation that owns all it needs: its flight keeps it, and whoever waits may poll
/// it. When its last caller leaves, it goes to the executor if one was set, else it is dropped.
pub(crate) async fn by_flight<R, K, V, KA, SA, Run, A, T, B, D>(
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
    let Leading { pursuit, lead, place: _place, call, .. } = leading;
    let (memo, flight) = (pursuit.memo(), lead.flight.clone());
    let seat = flight.seat();
    // An error that is not kept is for who began the flight, if it is still there.
    let error = Arc::new(Parcel::new());
    let sender = error.clone();
    let computation: Task = Box::pin(async move {
        if let Err(failed) = settled::<R, K, V, KA, SA, Run, B, D>(lead, call).await {
            sender.put(failed);
        }
    });
    flight.computed_by(&seat, in_this_scope(computation), memo.world().executor.get().cloned());
    match seat.wait(memo.clock(), pursuit.bounds_of_own()).await {
        Waited::Landed(Landing::Value(held, _)) => R::join(held),
        Waited::Landed(Landing::Error(..)) => pursuit.or_older::<R>(error.take().await),
        // Who waits keeps the computation, so it has panicked.
        _ => resume_unwind(seat.panic().await),
    }
}

/// The same for a call that does not wait to the end: its computation is made of arguments that are owned,
/// so that it can go on in the background when its callers have left.
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
    let Leading { mut pursuit, lead, place: _place, call, again, patience } = leading;
    let (memo, flight) = (pursuit.memo().clone(), lead.flight.clone());
    let seat = flight.seat();
    let (ticket, parcel) = patience.ticket(lead);
    let Prepared { keyed, skipped, .. } = call;
    let job = again.job(keyed, skipped, ticket).expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = Arc::new(Anywhere(memo.world().clone()));
    flight.computed_by(&seat, in_this_scope(Box::pin(job)), Some(background));
    loop {
        let waited = seat.wait(memo.clock(), pursuit.bounds_of_own()).await;
        match pursuit.after_own::<R>(&waited) {
            Own::Answer(output) => return output,
            Own::Wait => {}
            Own::Returned => {
                return parcel.take().await.unwrap_or_else(|payload| resume_unwind(payload));
            }
            Own::Crashed | Own::Refused => resume_unwind(seat.panic().await),
            Own::Late(limit) => return give_up(&patience, &memo, limit),
        }
    }
}

/// A computation is part of the test scope that this thread is in, wherever it is polled.
fn in_this_scope(computation: Task) -> Task {
    #[cfg(feature = "testing")]
    let computation: Task = Box::pin(crate::testing::in_this_scope(computation));
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
    polled_under(Some(lead.flight.ancestry.clone()), async move {
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
