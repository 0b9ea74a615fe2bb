//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::background::block_on;
use crate::draft::Draft;
use crate::engine::{After, Failed, Lead, Next, Own, Pursuit};
use crate::flight::{Ancestry, Flight, under};
use crate::memo::{Data, Unstored};
use crate::parcel::{Parcel, Returned};
use crate::plan::{Missing, Panicked, Prepared, Repeat, Ticket, Waits, Work, give_up};
use crate::sync::Mutex;
use crate::time::after;
use crate::value::Returns;
use crate::world::World;

/// How a call goes on that was not answered.
enum Pursued<O, K: Data, V: Data> {
    Answer(O),
    Lead(Lead<K, V>),
    InPlace,
}

/// Computes, or waits for who does.
#[inline(never)]
pub(crate) fn miss<R, K, V, KA, SA, Run, St, A, T, B, D>(
    missing: Missing<K, V, KA, SA, Run, St, A, T>,
    start: impl FnOnce(&World, Handed<K, V, A::Job>),
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Work>,
    T: Waits<R::Output>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Missing { memo, key, hash, begin, call, again, patience, .. } = missing;
    let mut pursuit = Pursuit::new(memo.clone(), key, hash, begin).within(patience.limits());
    let late = |limit| give_up(&patience, &memo, limit);
    match pursue::<R, _, _>(&mut pursuit, &late) {
        Pursued::Answer(output) => output,
        Pursued::Lead(lead) if T::SET => {
            let (flight, Prepared { keyed, skipped, .. }) = (lead.flight.clone(), call);
            let (ticket, parcel) = patience.ticket(lead);
            let job = Arc::new(Mutex::new(again.job(keyed, skipped, ticket)));
            let panicked = Some(patience.on_panic(&parcel));
            start(memo.world(), Handed { flight: flight.clone(), job: job.clone(), panicked });
            wait_for_own::<R, _, _, A::Job>(&mut pursuit, &flight, &job, &parcel, &late)
        }
        Pursued::Lead(lead) => match fly::<R, _, _, B, D>(lead, || call.prepare()) {
            Ok(held) => R::join(held),
            Err(failed) => pursuit.or_older::<R>(failed),
        },
        Pursued::InPlace => {
            let output = in_place::<R, _, _, B, D>(Some(&pursuit.unstored()), call.prepare());
            pursuit.or_older_in_place::<R>(output)
        }
    }
}

fn pursue<R, K, V>(
    pursuit: &mut Pursuit<K, V>,
    late: &dyn Fn(Duration) -> R::Output,
) -> Pursued<R::Output, K, V>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
{
    let memo = pursuit.memo().clone();
    loop {
        let joined = match pursuit.next() {
            Next::Hit(held) => return Pursued::Answer(R::join(held)),
            Next::Lead(lead) => return Pursued::Lead(lead),
            Next::InPlace => return Pursued::InPlace,
            Next::Wait(joined) => joined,
        };
        loop {
            let waited = joined.flight.wait(memo.clock(), pursuit.bounds());
            match pursuit.after::<R>(&joined, waited) {
                After::Answer(output) => return Pursued::Answer(output),
                After::Wait => continue,
                After::Again => {}
                After::InPlace => return Pursued::InPlace,
                After::Late(limit) => return Pursued::Answer(late(limit)),
            }
            break;
        }
    }
}

/// A computation on its way to the background, which may refuse it.
pub(crate) struct Handed<K: Data, V: Data, J> {
    flight: Arc<Flight<K, V>>,
    job: Arc<Mutex<Option<J>>>,
    /// For a panic of the user's from before the body: expressions of the attribute are evaluated there again.
    panicked: Option<Panicked>,
}

impl<K: Data, V: Data, J: Work> Work for Handed<K, V, J> {
    fn boxed(mut self) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            let job = self.job.lock().take();
            if let Some(job) = job
                && let Err(payload) = catch_unwind(AssertUnwindSafe(job.boxed()))
                && let Some(panicked) = self.panicked.take()
            {
                panicked(payload);
            }
        })
    }
}

impl<K: Data, V: Data, J> Drop for Handed<K, V, J> {
    fn drop(&mut self) {
        let unrun = self.job.lock().is_some();
        if unrun {
            self.flight.refuse();
        }
    }
}

/// Waits for a flight that it leads, and that the background computes.
fn wait_for_own<R, K, V, J>(
    pursuit: &mut Pursuit<K, V>,
    flight: &Arc<Flight<K, V>>,
    job: &Mutex<Option<J>>,
    parcel: &Parcel<Returned<R::Output>>,
    late: &dyn Fn(Duration) -> R::Output,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    J: Work,
{
    let memo = pursuit.memo().clone();
    let clock = memo.clock();
    // Those who are to begin it may wait for the caller, in ways that cannot be seen from here.
    let begun_by = after(clock.now(), memo.spec.max_wait);
    loop {
        let waits = job.lock().is_some();
        let begun_by = Some(begun_by).filter(|_| waits);
        let mut bounds = pursuit.bounds_of_own();
        bounds.until = bounds.until.into_iter().chain(begun_by).min();
        let refused = match pursuit.after_own::<R>(&flight.wait(clock, bounds)) {
            Own::Answer(output) => return output,
            Own::Late(limit) => return late(limit),
            Own::Returned | Own::Crashed => {
                return block_on(parcel.take()).unwrap_or_else(|payload| resume_unwind(payload));
            }
            Own::Wait => begun_by.is_some_and(|tick| tick <= clock.now()),
            Own::Refused => true,
        };
        let unbegun = if refused { job.lock().take() } else { None };
        if let Some(job) = unbegun {
            job.boxed()();
        }
    }
}

/// Computes without a flight, and without storing.
pub(crate) fn in_place<R, K, V, B, D>(
    unstored: Option<&Unstored<K, V>>,
    (body, describe): (B, D),
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let run = || {
        let output = body();
        match unstored {
            Some(unstored) => unstored.returned::<R>(output, describe),
            None => output,
        }
    };
    match Ancestry::aside() {
        Some(aside) => under(Some(aside), run),
        None => run(),
    }
}

/// Computes as the leader of a flight.
pub(crate) fn fly<R, K, V, B, D>(
    lead: Lead<K, V>,
    prepare: impl FnOnce() -> (B, D),
) -> Result<V, Failed<R::Output>>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    under(Some(lead.flight.ancestry.clone()), || {
        let (body, describe) = prepare();
        lead.settle::<R>(body(), describe)
    })
}

/// Computes for a flight that was begun elsewhere, and tells who waits there what has come of it.
pub(crate) fn fly_for<R, K, V, B, D>(ticket: Ticket, prepare: impl FnOnce() -> (B, D))
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Some((lead, parcel)) = ticket.open::<Lead<K, V>, Parcel<Returned<R::Output>>>() else { return };
    let Some(parcel) = parcel else { return drop(fly::<R, _, _, B, D>(lead, prepare)) };
    let returned = catch_unwind(AssertUnwindSafe(|| match fly::<R, _, _, B, D>(lead, prepare) {
        Ok(held) => R::join(held),
        Err(failed) => failed.output,
    }));
    parcel.put(returned);
}
