//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::background::{as_background, block_on};
use crate::draft::Draft;
use crate::engine::{After, Body, Computation, Failed, Lead, Next, Own, Pursuit, Returned};
use crate::erased::Erased;
use crate::flight::{Ancestry, Flight, Job, Unbegun, under};
use crate::memo::Unstored;
use crate::plan::{Missing, Prepared, Repeat, Ticket, Waits, Work, give_up};
use crate::time::after;
use crate::value::Returns;
use crate::world::World;

/// How a call goes on that was not answered.
enum Pursued {
    /// It has returned.
    Answered,
    Lead(Lead),
    /// Without storing. As a worker of rayon that was let go from a flight, if so.
    InPlace(Option<Arc<Flight>>),
    /// It has waited for so long, and gives up.
    Late(Duration),
}

/// Computes, or waits for who does.
#[inline(never)]
pub(crate) fn miss<R, KA, SA, Run, St, A, T, B, D>(missing: Missing<KA, SA, Run, St, A, T>) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Work>,
    T: Waits<R::Output>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Missing { pursuit, call, again, patience, .. } = missing;
    let mut computation = Computation::<R, _, D>::new(call);
    if T::SET {
        return miss_within(pursuit, computation, &again, &patience);
    }
    compute(pursuit, &mut computation);
    computation.into_output()
}

/// The same for a call that waits as long as it takes.
fn compute(mut pursuit: Pursuit, body: &mut dyn Body) {
    match pursue(&mut pursuit, body) {
        Pursued::Answered => {}
        Pursued::Lead(mut lead) => {
            lead.is_own = true;
            match fly(lead, body) {
                Ok(held) => body.set_value(held),
                Err(failed) => pursuit.or_older(&failed, body),
            }
        }
        Pursued::InPlace(left) => compute_in_place(&pursuit, left, body),
        Pursued::Late(_) => unreachable!("nobody is late who has no limit"),
    }
}

/// The same for a call that returns after some time, and is therefore computed by the background.
fn miss_within<R, KA, SA, Run, A, T, B, D>(
    pursuit: Pursuit,
    mut computation: Computation<R, Prepared<KA, SA, Run>, D>,
    again: &A,
    patience: &T,
) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Work>,
    T: Waits<R::Output>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let mut pursuit = pursuit.within(patience.limits());
    let memo = pursuit.memo().clone();
    let lead = match pursue(&mut pursuit, &mut computation) {
        Pursued::Answered => return computation.into_output(),
        Pursued::Late(limit) => return give_up(patience, &memo, limit),
        Pursued::InPlace(left) => {
            compute_in_place(&pursuit, left, &mut computation);
            return computation.into_output();
        }
        Pursued::Lead(lead) => lead,
    };
    let (flight, Prepared { keyed, skipped, .. }) = (lead.flight.clone(), computation.take_call());
    let (ticket, parcel) = patience.ticket(Ticket::new(lead));
    let job = again.job(keyed, skipped, ticket).expect("refused when it was compiled, if it cannot be");
    // Of the user's code before the body: expressions of the attribute are evaluated there again.
    let panicked = patience.on_panic(&parcel);
    let job = || catch_unwind(AssertUnwindSafe(job.boxed())).unwrap_or_else(panicked);
    let unbegun = hand(memo.world(), &flight, Box::new(job));
    match wait_for_own(&mut pursuit, &flight, &unbegun) {
        Awaited::Answer(held) => R::join(held.into()),
        Awaited::Late(limit) => give_up(patience, &memo, limit),
        Awaited::Returned => block_on(parcel.take()).unwrap_or_else(|payload| resume_unwind(payload)),
    }
}

/// Computes without storing, since waiting could be waiting for itself.
fn compute_in_place(pursuit: &Pursuit, left: Option<Arc<Flight>>, body: &mut dyn Body) {
    let begun = pursuit.memo().clock().now();
    in_place(Some(&pursuit.unstored()), body);
    if let Some(flight) = left {
        pursuit.memo().note_by_worker(begun);
        // What a worker of rayon has computed that was let go is for the others that wait for the same flight, too.
        if let Some(held) = body.take_value() {
            flight.give_workers(held.clone());
            body.set_value(held);
        }
    }
    pursuit.or_older_in_place(body);
}

fn pursue(pursuit: &mut Pursuit, returned: &mut dyn Returned) -> Pursued {
    let memo = pursuit.memo().clone();
    loop {
        let joined = match pursuit.next() {
            Next::Hit(held) => {
                returned.set_value(held);
                return Pursued::Answered;
            }
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
            match pursuit.after(&joined, waited) {
                After::Answer(held) => {
                    returned.set_value(held);
                    return Pursued::Answered;
                }
                After::Error(shared) => {
                    if returned.set_error(shared) {
                        pursuit.has_failed();
                        return Pursued::Answered;
                    }
                }
                After::Wait => continue,
                After::Again => {}
                After::InPlace => return Pursued::InPlace(worker_leaves.map(|_| joined.flight.clone())),
                After::Late(limit) => return Pursued::Late(limit),
            }
            break;
        }
    }
}

/// Hands a computation to the background. Until somebody begins it, whoever waits for its flight may.
pub(crate) fn hand(world: &World, flight: &Arc<Flight>, job: Job) -> Arc<Unbegun> {
    #[cfg(feature = "testing")]
    let job: Job = Box::new(crate::testing::work_in_this_scope(job));
    let unbegun = Unbegun::new(job);
    flight.offer(&unbegun);
    let handed = Handed { flight: Arc::downgrade(flight), unbegun: unbegun.clone() };
    world.spawn_blocking(Box::new(move || as_background(|| handed.unbegun.begin())));
    unbegun
}

/// A computation that the background is to begin, and may refuse.
struct Handed {
    flight: Weak<Flight>,
    unbegun: Arc<Unbegun>,
}

impl Drop for Handed {
    fn drop(&mut self) {
        if self.unbegun.is_there()
            && let Some(flight) = self.flight.upgrade()
        {
            flight.refuse();
        }
    }
}

/// What a call has come to that has waited for what it leads itself.
enum Awaited {
    Answer(Erased),
    Late(Duration),
    /// Its body has returned, or has panicked: it is told which.
    Returned,
}

/// Waits for a flight that it leads, and that the background computes.
fn wait_for_own(pursuit: &mut Pursuit, flight: &Arc<Flight>, unbegun: &Unbegun) -> Awaited {
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
        match pursuit.after_own(&flight.wait(clock, bounds)) {
            Own::Answer(held) => return Awaited::Answer(held),
            Own::Late(limit) => return Awaited::Late(limit),
            Own::Returned | Own::Crashed => return Awaited::Returned,
            Own::Wait => {}
            Own::Refused => refused = true,
        }
    }
}

/// Computes without a flight, and without storing.
pub(crate) fn in_place(unstored: Option<&Unstored>, body: &mut dyn Body) {
    let mut run = || {
        body.run();
        if let Some(unstored) = unstored {
            unstored.returned(body);
        }
    };
    match Ancestry::aside() {
        Some(aside) => under(Some(aside), run),
        None => run(),
    }
}

/// The same of a call.
pub(crate) fn call_in_place<R, KA, SA, Run, B, D>(
    unstored: Option<&Unstored>,
    call: Prepared<KA, SA, Run>,
) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let mut computation = Computation::<R, _, D>::new(call);
    in_place(unstored, &mut computation);
    computation.into_output()
}

/// Computes as the leader of a flight.
fn fly(mut lead: Lead, body: &mut dyn Body) -> Result<Erased, Failed> {
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    let (settled, flight) = under(Some(lead.flight.ancestry.clone()), move || {
        body.run();
        (lead.settle(body), lead.flight.clone())
    });
    Flight::give_back(flight);
    settled
}

/// Computes for a flight that was begun elsewhere, and tells who waits there what has come of it.
pub(crate) fn fly_for<R, KA, SA, Run, B, D>(mut ticket: Ticket, call: Prepared<KA, SA, Run>)
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let mut computation = Computation::<R, _, D>::new(call);
    let parcel = ticket.take_parcel();
    let lead = ticket.into_lead();
    let Some(parcel) = parcel else { return drop(fly(lead, &mut computation)) };
    let returned = catch_unwind(AssertUnwindSafe(|| {
        if let Ok(held) = fly(lead, &mut computation) {
            computation.set_value(held);
        }
        computation.into_output()
    }));
    parcel.put(returned);
}
