//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::background::{as_background, block_on};
use crate::draft::Draft;
use crate::engine::{After, Failed, Lead, Next, Own, Pursuit};
use crate::flight::{Ancestry, Flight, Job, Unbegun, under};
use crate::memo::{Data, Unstored};
use crate::parcel::{Parcel, Returned};
use crate::plan::{Missing, Prepared, Repeat, Ticket, Waits, Work, give_up};
use crate::time::after;
use crate::value::Returns;
use crate::world::World;

/// How a call goes on that was not answered.
enum Pursued<O, K: Data, V: Data> {
    Answer(O),
    Lead(Lead<K, V>),
    /// Without storing. As a worker of rayon that was let go from a flight, if so.
    InPlace(Option<Arc<Flight<K, V>>>),
}

/// Computes, or waits for who does.
#[inline(never)]
pub(crate) fn miss<R, K, V, KA, SA, Run, St, A, T, B, D>(
    missing: Missing<K, V, KA, SA, Run, St, A, T>,
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
            let job =
                again.job(keyed, skipped, ticket).expect("refused when it was compiled, if it cannot be");
            // Of the user's code before the body: expressions of the attribute are evaluated there again.
            let panicked = patience.on_panic(&parcel);
            let job = || catch_unwind(AssertUnwindSafe(job.boxed())).unwrap_or_else(panicked);
            let unbegun = hand(memo.world(), &flight, Box::new(job));
            wait_for_own::<R, _, _>(&mut pursuit, &flight, &unbegun, &parcel, &late)
        }
        Pursued::Lead(lead) => match fly::<R, _, _, B, D>(lead, || call.prepare()) {
            Ok(held) => R::join(held),
            Err(failed) => pursuit.or_older::<R>(failed),
        },
        Pursued::InPlace(left) => {
            let begun = memo.clock().now();
            let output = in_place::<R, _, _, B, D>(Some(&pursuit.unstored()), call.prepare());
            if left.is_some() {
                memo.note_by_worker(begun);
            }
            pursuit.or_older_in_place::<R>(give_workers::<R, _, _>(left, output))
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
            Next::InPlace => return Pursued::InPlace(None),
            Next::Wait(joined) => joined,
        };
        let worker_leaves = memo.worker_leaves(&joined.flight);
        loop {
            let mut bounds = pursuit.bounds();
            // Who has a limit returns then, and computes nothing.
            bounds.worker_leaves = worker_leaves.filter(|_| bounds.begins);
            let waited = joined.flight.wait(memo.clock(), bounds);
            match pursuit.after::<R>(&joined, waited) {
                After::Answer(output) => return Pursued::Answer(output),
                After::Wait => continue,
                After::Again => {}
                After::InPlace => return Pursued::InPlace(worker_leaves.map(|_| joined.flight.clone())),
                After::Late(limit) => return Pursued::Answer(late(limit)),
            }
            break;
        }
    }
}

/// What a worker of rayon has computed that was let go is for the others that wait for the same flight, too.
fn give_workers<R, K, V>(left: Option<Arc<Flight<K, V>>>, output: R::Output) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
{
    let Some(flight) = left else { return output };
    match R::split(output) {
        Ok(held) => {
            flight.give_workers(held.clone());
            R::join(held)
        }
        Err(output) => output,
    }
}

/// Hands a computation to the background. Until somebody begins it, whoever waits for its flight may.
pub(crate) fn hand<K: Data, V: Data>(world: &World, flight: &Arc<Flight<K, V>>, job: Job) -> Arc<Unbegun> {
    #[cfg(feature = "testing")]
    let job: Job = Box::new(crate::testing::work_in_this_scope(job));
    let unbegun = Unbegun::new(job);
    flight.offer(&unbegun);
    let handed = Handed { flight: Arc::downgrade(flight), unbegun: unbegun.clone() };
    world.spawn_blocking(Box::new(move || as_background(|| handed.unbegun.begin())));
    unbegun
}

/// A computation that the background is to begin, and may refuse.
struct Handed<K: Data, V: Data> {
    flight: Weak<Flight<K, V>>,
    unbegun: Arc<Unbegun>,
}

impl<K: Data, V: Data> Drop for Handed<K, V> {
    fn drop(&mut self) {
        if self.unbegun.is_there()
            && let Some(flight) = self.flight.upgrade()
        {
            flight.refuse();
        }
    }
}

/// Waits for a flight that it leads, and that the background computes.
fn wait_for_own<R, K, V>(
    pursuit: &mut Pursuit<K, V>,
    flight: &Arc<Flight<K, V>>,
    unbegun: &Unbegun,
    parcel: &Parcel<Returned<R::Output>>,
    late: &dyn Fn(Duration) -> R::Output,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
{
    let memo = pursuit.memo().clone();
    let clock = memo.clock();
    // Those who are to begin it may wait for the caller, in ways that cannot be seen from here.
    let begun_by = after(clock.now(), memo.spec.max_wait);
    let mut refused = false;
    loop {
        let mut bounds = pursuit.bounds_of_own();
        bounds.begins |= refused || begun_by <= clock.now();
        if !bounds.begins && unbegun.is_there() {
            bounds.until = bounds.until.into_iter().chain([begun_by]).min();
        }
        match pursuit.after_own::<R>(&flight.wait(clock, bounds)) {
            Own::Answer(output) => return output,
            Own::Late(limit) => return late(limit),
            Own::Returned | Own::Crashed => {
                return block_on(parcel.take()).unwrap_or_else(|payload| resume_unwind(payload));
            }
            Own::Wait => {}
            Own::Refused => refused = true,
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
