//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::background::{as_background, block_on};
use crate::draft::Draft;
use crate::engine::{
    After, Body, Failed, Further, Lead, Mode, Next, Own, Pursuit, Repeatable, Returned, Start,
};
use crate::erased::Erased;
use crate::flight::{Ancestry, Flight, Job, Unbegun, under};
use crate::memo::{MemoCore, Unstored};
use crate::plan::{Called, Extras, NoHook, Prepared, Repeat, Repeats, Ticket, Waits, Work, give_up};
use crate::time::after;
use crate::value::Returns;
use crate::world::World;

/// How a call goes on that was not answered.
enum Pursued {
    /// It has returned.
    Answered,
    Lead(Lead),
    /// It computes without storing. The flight that has let it go, if it waited as a worker of rayon.
    InPlace(Option<Arc<Flight>>),
    /// It has waited for so long, and gives up.
    Late(Duration),
}

/// A call of a function that is not asynchronous.
pub(crate) trait Blocks: Body {
    /// Itself, if there is something that it is to be told, or can tell.
    fn told(&mut self) -> Option<&mut dyn Repeatable>;
    /// Computes, or waits for who does.
    fn compute(&mut self, pursuit: &mut Pursuit);
}

impl<M, R, KA, SA, Run, B, D, A, J, X> Blocks for Called<M, R, KA, SA, Run, D, A, X>
where
    M: Repeats<KA, SA, A>,
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
    A: Repeat<KA, SA, Job = J>,
    J: Work,
    X: Extras<KA, SA, R>,
{
    fn told(&mut self) -> Option<&mut dyn Repeatable> {
        Called::told(self)
    }

    fn compute(&mut self, pursuit: &mut Pursuit) {
        if X::Patience::SET { within(pursuit, self) } else { compute(pursuit, self) }
    }
}

/// Goes on with a call that was not answered at once. What follows is in functions of their own, so that little is on
/// the stack while the body runs, which may call its function again.
#[cold]
#[inline(never)]
pub(crate) fn go_on(memo: &MemoCore, further: &mut Further, mode: Mode, call: &mut dyn Blocks) {
    match memo.start(further, mode, call.told()) {
        Start::Answer(held) => call.returned().set_value(held),
        Start::InPlace(unstored) => in_place(unstored.as_ref(), call),
        Start::Search(ref mut pursuit) => call.compute(pursuit),
    }
}

/// Computes, or waits for who does.
pub(crate) fn compute(pursuit: &mut Pursuit, call: &mut dyn Body) {
    let failed = match pursue(pursuit, call.returned()) {
        Pursued::Answered => return,
        Pursued::Lead(mut lead) => {
            lead.is_own = true;
            fly(lead, call)
        }
        Pursued::InPlace(left) => return compute_in_place(pursuit, left, call),
        Pursued::Late(_) => unreachable!("nobody is late who has no limit"),
    };
    if let Some(failed) = failed {
        pursuit.or_older(&failed, call.returned());
    }
}

/// The same for a call that returns after some time, and is therefore computed by the background.
pub(crate) fn within<M, R, KA, SA, Run, B, D, A, J, X>(
    pursuit: &mut Pursuit,
    call: &mut Called<M, R, KA, SA, Run, D, A, X>,
) where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
    A: Repeat<KA, SA, Job = J>,
    J: Work,
    X: Extras<KA, SA, R>,
{
    pursuit.set_limits(call.extras.patience().limits());
    let memo = pursuit.memo().clone();
    let lead = match pursue(pursuit, &mut call.outcome) {
        Pursued::Answered => return,
        Pursued::Late(limit) => return call.outcome.set(give_up(call.extras.patience(), &memo, limit)),
        Pursued::InPlace(left) => return compute_in_place(pursuit, left, call),
        Pursued::Lead(lead) => lead,
    };
    let (flight, Prepared { keyed, skipped, .. }) = (lead.flight.clone(), call.take_call());
    let patience = call.extras.patience();
    let (ticket, parcel) = patience.ticket(Ticket::new(lead));
    let job = call.again.job(keyed, skipped, ticket).expect("refused when it was compiled, if it cannot be");
    // Of the user's code before the body: expressions of the attribute are evaluated there again.
    let panicked = patience.on_panic(&parcel);
    let job = || catch_unwind(AssertUnwindSafe(job.boxed())).unwrap_or_else(panicked);
    let unbegun = hand(memo.world(), &flight, Box::new(job));
    call.outcome.set(match wait_for_own(pursuit, &flight, &unbegun) {
        Awaited::Answer(held) => R::join(held.into()),
        Awaited::Late(limit) => give_up(patience, &memo, limit),
        Awaited::Returned => block_on(parcel.take()).unwrap_or_else(|payload| resume_unwind(payload)),
    });
}

/// Computes without storing, since waiting could be waiting for itself.
#[inline(never)]
fn compute_in_place(pursuit: &Pursuit, left: Option<Arc<Flight>>, call: &mut dyn Body) {
    let begun = pursuit.memo().clock().now();
    in_place(Some(&pursuit.unstored()), call);
    if let Some(flight) = left {
        pursuit.memo().note_by_worker(begun);
        // What a worker of rayon has computed that was let go is for the others that wait for the same flight, too.
        if let Some(held) = call.returned().take_value() {
            flight.give_workers(held.clone());
            call.returned().set_value(held);
        }
    }
    pursuit.or_older_in_place(call.returned());
}

#[inline(never)]
fn pursue(pursuit: &mut Pursuit, returned: &mut dyn Returned) -> Pursued {
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
        let memo = pursuit.memo().clone();
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
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let ancestry = flight.ancestry.clone();
    let unbegun = Unbegun::new(Box::new(move || under(Some(ancestry), job)));
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
fn in_place(unstored: Option<&Unstored>, call: &mut dyn Body) {
    let mut run = || {
        call.run();
        if let Some(unstored) = unstored {
            unstored.returned(call);
        }
    };
    match Ancestry::aside() {
        Some(aside) => under(Some(aside), run),
        None => run(),
    }
}

/// A call that nothing is told of.
type Alone<R, KA, SA, Run, D> = Called<NoHook, R, KA, SA, Run, D, NoHook, NoHook>;

/// Runs the body, and touches nothing.
pub(crate) fn uncached<R, KA, SA, Run, B, D>(call: Prepared<KA, SA, Run>) -> R::Output
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let mut call = Alone::<R, _, _, _, D>::new(call, NoHook, NoHook);
    in_place(None, &mut call);
    call.outcome.into_output()
}

/// Computes as the leader of a flight. What it returns instead of a value, if it does.
pub(crate) fn fly(lead: Lead, call: &mut dyn Body) -> Option<Failed> {
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    let body = &mut *call;
    let (settled, flight) = under(Some(lead.flight.ancestry.clone()), move || {
        body.run();
        (lead.settle(body), lead.flight.clone())
    });
    Flight::give_back(flight);
    match settled {
        Ok(held) => {
            call.returned().set_value(held);
            None
        }
        Err(failed) => Some(failed),
    }
}

/// Computes for a flight that was begun elsewhere, and tells who waits there what has come of it.
pub(crate) fn fly_for<R, KA, SA, Run, B, D>(mut ticket: Ticket, call: Prepared<KA, SA, Run>)
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let mut call = Alone::<R, _, _, _, D>::new(call, NoHook, NoHook);
    let parcel = ticket.take_parcel();
    let lead = ticket.into_lead();
    let Some(parcel) = parcel else {
        fly(lead, &mut call);
        return;
    };
    let returned = catch_unwind(AssertUnwindSafe(|| {
        fly(lead, &mut call);
        call.outcome.into_output()
    }));
    parcel.put(returned);
}
