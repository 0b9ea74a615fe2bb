//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};

use crate::background::{as_background, block_on};
use crate::call::{Called, Extras, FlightHandle, NoHook, Prepared, Repeat, Repeats, Waits, Work, give_up};
use crate::draft::Draft;
use crate::engine::{
    Body, Failed, Further, Joined, Lead, Miss, Mode, Next, Own, Repeatable, Returned, Start, Step,
};
use crate::flight::{Flight, FlightContext, Job, Unbegun, Waited, Waiter, Within, under};
use crate::memo::{MemoCore, UncachedCall};
use crate::time::after;
use crate::value::Returns;
use crate::world::World;

/// A call of a function that is not asynchronous.
pub(crate) trait Blocks: Body {
    /// Itself, if there is something that it is to be told, or can tell.
    fn told(&mut self) -> Option<&mut dyn Repeatable>;
    /// Computes, or waits for who does.
    fn compute(&mut self, miss: &mut Miss);
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
        if const { X::ON_MISS || X::PLACEHOLDER || M::REPEATS } { Some(self) } else { None }
    }

    fn compute(&mut self, miss: &mut Miss) {
        if X::Timeouts::SET { within(miss, self) } else { compute(miss, self) }
    }
}

/// Goes on with a call that was not answered at once. What follows is in functions of their own, so that little is on
/// the stack while the body runs, which may call its function again.
#[cold]
#[inline(never)]
pub(crate) fn go_on(memo: &MemoCore, mut further: Further, mode: Mode, call: &mut dyn Blocks) {
    match memo.start(&mut further, mode, call.told()) {
        Start::Answer(held) => call.returned().set_value(held),
        Start::InPlace(unstored) => in_place(unstored.as_ref(), call),
        Start::Search(ref mut miss) => call.compute(miss),
    }
}

/// Computes, or waits for who does.
pub(crate) fn compute(miss: &mut Miss, call: &mut dyn Body) {
    let failed = match search(miss, call.returned()) {
        None => return,
        Some(Next::Lead(mut lead)) => {
            lead.is_own = true;
            fly(lead, call)
        }
        Some(Next::InPlace(joined)) => return compute_in_place(miss, joined, call),
        Some(_) => unreachable!("nobody is late who has no limit"),
    };
    if let Some(failed) = failed {
        miss.or_older(&failed, call.returned());
    }
}

/// The same for a call that returns after some time, and is therefore computed by the background.
pub(crate) fn within<M, R, KA, SA, Run, B, D, A, J, X>(
    miss: &mut Miss,
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
    miss.set_limits(call.extras.timeouts().limits());
    let memo = miss.memo().clone();
    let lead = match search(miss, &mut call.outcome) {
        None => return,
        Some(Next::Lead(lead)) => lead,
        Some(Next::InPlace(joined)) => return compute_in_place(miss, joined, call),
        Some(Next::Late(limit)) => {
            return call.outcome.set(give_up(call.extras.timeouts(), &memo, limit));
        }
        Some(Next::Answer(_) | Next::Error(_) | Next::Wait(_)) => unreachable!("it was searched further"),
    };
    let (flight, Prepared { keyed, skipped, .. }) = (lead.flight().clone(), call.take_call());
    let timeouts = call.extras.timeouts();
    let (handle, one_shot) = timeouts.handle(FlightHandle::new(lead));
    let job = call.again.job(keyed, skipped, handle).expect("refused when it was compiled, if it cannot be");
    // Of the user's code before the body: expressions of the attribute are evaluated there again.
    let panicked = timeouts.on_panic(&one_shot);
    let job = || catch_unwind(AssertUnwindSafe(job.boxed())).unwrap_or_else(panicked);
    let unbegun = hand(memo.world(), &flight, Box::new(job));
    call.outcome.set(match wait_for_own(miss, &flight, &unbegun) {
        Own::Answer(held) => R::join(held.into()),
        Own::Late(limit) => give_up(timeouts, &memo, limit),
        Own::Returned | Own::Wait | Own::Refused => {
            block_on(one_shot.take()).unwrap_or_else(|payload| resume_unwind(payload))
        }
    });
}

/// Computes without storing, since waiting could be waiting for itself.
#[inline(never)]
fn compute_in_place(miss: &Miss, joined: Option<Joined>, call: &mut dyn Body) {
    let begun = miss.memo().clock().now();
    let flight = joined.map(|joined| joined.waiter.flight().clone());
    in_place(Some(&miss.unstored()), call);
    if let Some(flight) = flight.filter(|flight| miss.memo().worker_leaves(flight).is_some()) {
        miss.memo().note_by_worker(begun);
        // What a worker of rayon has computed that was let go is for the others that wait for the same flight, too.
        if let Some(held) = call.returned().take_value() {
            flight.give_workers(held.clone());
            call.returned().set_value(held);
        }
    }
    miss.or_older_in_place(call.returned());
}

/// How the call is computed; nothing, if it has returned.
#[inline(never)]
fn search(miss: &mut Miss, returned: &mut dyn Returned) -> Option<Next> {
    match miss.begin() {
        Step::Lead(lead) => Some(Next::Lead(lead)),
        step => search_further(miss, step, returned),
    }
}

/// The same where it does not lead at once: it may wait.
#[cold]
#[inline(never)]
fn search_further(miss: &mut Miss, step: Step, returned: &mut dyn Returned) -> Option<Next> {
    let mut next = miss.after_step(step);
    loop {
        next = match next {
            Next::Answer(held) => {
                returned.set_value(held);
                return None;
            }
            Next::Error(shared) => {
                if returned.set_error(shared) {
                    miss.has_failed();
                    return None;
                }
                miss.again()
            }
            Next::Wait(joined) => {
                let waited = wait(miss, &joined.waiter);
                miss.after(joined, waited)
            }
            next => return Some(next),
        }
    }
}

fn wait(miss: &Miss, waiter: &Waiter) -> Waited {
    let mut bounds = miss.bounds();
    // Who has a limit returns then, and computes nothing.
    if bounds.begins {
        bounds.worker_leaves = miss.memo().worker_leaves(waiter.flight());
    }
    waiter.block(miss.memo().clock(), bounds)
}

/// Hands a computation to the background. Until somebody begins it, whoever waits for its flight may.
pub(crate) fn hand(world: &World, flight: &Arc<Flight>, job: Job) -> Arc<Unbegun> {
    #[cfg(feature = "testing")]
    let job: Job = Box::new(crate::testing::work_in_this_scope(job));
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let context = flight.context.clone();
    let unbegun = Unbegun::new(Box::new(move || under(Some(&context), job)));
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

/// Waits for a flight that it leads, and that the background computes.
fn wait_for_own(miss: &mut Miss, flight: &Arc<Flight>, unbegun: &Unbegun) -> Own {
    let memo = miss.memo().clone();
    let clock = memo.clock();
    // Those who are to begin it may wait for the caller, in ways that cannot be seen from here.
    let begun_by = after(clock.now(), memo.spec.max_wait);
    let waiter = Waiter::new(flight.clone());
    let mut refused = false;
    loop {
        let mut bounds = miss.bounds_of_own();
        bounds.begins |= refused || begun_by <= clock.now();
        if !bounds.begins && unbegun.is_there() {
            bounds.until = bounds.until.into_iter().chain([begun_by]).min();
        }
        match miss.after_own(waiter.block(clock, bounds)) {
            Own::Wait => {}
            Own::Refused => refused = true,
            own => return own,
        }
    }
}

/// Computes without a flight, and without storing.
#[inline(never)]
fn in_place(unstored: Option<&UncachedCall>, call: &mut dyn Body) {
    let mut run = || {
        call.run();
        if let Some(unstored) = unstored {
            unstored.returned(call);
        }
    };
    match FlightContext::aside() {
        Some(aside) => under(Some(&aside), run),
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
    let mut call = Alone::<R, _, _, _, D>::alone(call);
    in_place(None, &mut call);
    call.outcome.into_output()
}

/// Computes as the leader of a flight, which ends with this, also by a panic. What it returns instead of a value, if it
/// does.
#[expect(clippy::needless_pass_by_value, reason = "the flight ends here")]
pub(crate) fn fly(lead: Lead, call: &mut dyn Body) -> Option<Failed> {
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    let within = Within::enter(Some(&lead.flight().context));
    call.run();
    let settled = lead.settle(call);
    drop(within);
    match settled {
        Ok(held) => {
            call.returned().set_value(held);
            None
        }
        Err(failed) => Some(failed),
    }
}

/// Computes for a flight that was begun elsewhere, and tells who waits there what has come of it.
pub(crate) fn fly_for<R, KA, SA, Run, B, D>(mut handle: FlightHandle, call: Prepared<KA, SA, Run>)
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let mut call = Alone::<R, _, _, _, D>::alone(call);
    let one_shot = handle.take_one_shot();
    let lead = handle.into_lead();
    let Some(one_shot) = one_shot else {
        fly(lead, &mut call);
        return;
    };
    let returned = catch_unwind(AssertUnwindSafe(|| {
        fly(lead, &mut call);
        call.outcome.into_output()
    }));
    one_shot.put(returned);
}
