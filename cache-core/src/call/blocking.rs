//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::ops::ControlFlow::{Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};
use std::task::Poll;

use super::{
    Description, Extras, FlightHandle, MakesBody, MakesJob, NoHook, RunsBody, UnansweredCall, WaitLimits,
};
use crate::background::{Executor as _, as_background, block_on};
use crate::engine::{
    Body, CallMode, LeaderGuard, Miss, MissActions, MissStart, Next, Settled, SlowPath, conclude,
};
use crate::erased::Erased;
use crate::flight::{ContextGuard, Flight, FlightContext, Job, PendingJob, Waiter, with_context};
#[cfg(feature = "store")]
use crate::memo::{Fetched, Later};
use crate::memo::{MemoCore, Runtime, UnstoredCall};
use crate::metadata::Described;
use crate::mode::Blocking;
use crate::time::after;

/// A call of a function that is not asynchronous.
pub(crate) trait BlockingCall: Body {
    /// Itself, if it has a hook for misses, or may run in the background.
    fn miss_actions(&mut self) -> Option<&mut dyn MissActions>;
    /// Computes, or waits for who does.
    fn compute(&mut self, miss: &mut Miss);
}

impl<O, V, KA, SA, Run, D, A, X> BlockingCall for UnansweredCall<Blocking, O, V, KA, SA, Run, D, A, X>
where
    Run: MakesBody<KA, SA, Description = D, Body: RunsBody<O>>,
    D: Description,
    A: MakesJob<Blocking, O, V, KA, SA, Run>,
    X: Extras<KA, SA, O, V>,
{
    fn miss_actions(&mut self) -> Option<&mut dyn MissActions> {
        Self::miss_actions(self)
    }

    fn compute(&mut self, miss: &mut Miss) {
        if X::Timeouts::SET { within(miss, self) } else { compute(miss, self) }
    }
}

/// Goes on with a call that was not answered at once. What comes before the body, and after it, is in functions of their
/// own, and little is moved, so that little is on the stack while the body runs, which may call its function again.
#[cold]
#[inline(never)]
pub(crate) fn go_on(memo: &MemoCore, slow_path: &mut SlowPath, mode: CallMode, call: &mut dyn BlockingCall) {
    match &mut memo.start(slow_path, mode, call.miss_actions()) {
        Err(stored) => answer(stored, call),
        Ok(MissStart::InPlace(unstored)) => in_place(unstored.as_ref(), call),
        Ok(MissStart::Search(miss)) => call.compute(miss),
        Ok(MissStart::Lead(leader)) => compute_as_leader(leader, None, call),
    }
}

/// The call is answered.
#[inline(never)]
fn answer(stored: &mut Erased, call: &mut dyn Described) {
    call.returned().set_value(stored);
}

/// Computes, or waits for who does.
pub(crate) fn compute(miss: &mut Miss, call: &mut dyn Body) {
    match &mut search(miss, call) {
        Next::Returned => {}
        Next::Lead(leader) => {
            leader.is_on_own_stack = true;
            compute_as_leader(leader, Some(miss), call);
        }
        Next::InPlace(waiter) => compute_in_place(miss, waiter, call),
    }
}

/// The same for a call that returns after some time, and is therefore computed by the background.
pub(crate) fn within<O, V, KA, SA, Run, D, A, X>(
    miss: &mut Miss,
    call: &mut UnansweredCall<Blocking, O, V, KA, SA, Run, D, A, X>,
) where
    Run: MakesBody<KA, SA, Description = D, Body: RunsBody<O>>,
    D: Description,
    A: MakesJob<Blocking, O, V, KA, SA, Run>,
    X: Extras<KA, SA, O, V>,
{
    miss.set_limits(call.extras.timeouts().limits());
    let leader = match search(miss, call) {
        Next::Returned => return,
        Next::Lead(leader) => leader,
        Next::InPlace(mut waiter) => return compute_in_place(miss, &mut waiter, call),
    };
    let flight = leader.flight().clone();
    let (handle, one_shot) = call.extras.timeouts().handle(FlightHandle::new(leader));
    let job = call.job(handle).expect("refused when it was compiled, if it cannot be");
    // Of the user's code before the body: it may evaluate expressions of the attribute again, and copy arguments.
    let panicked = call.extras.timeouts().on_panic(&one_shot);
    let job = || catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(panicked);
    // Held until somebody has begun it.
    let _pending_job = hand_to_background(miss.memo().runtime(), &flight, Box::new(job));
    if !wait_for_own(miss, flight, call) {
        let returned = block_on(one_shot.take()).unwrap_or_else(|payload| resume_unwind(payload));
        call.outcome.output = Some(returned);
    }
}

/// Computes without storing, since waiting could be waiting for itself.
#[inline(never)]
fn compute_in_place(miss: &Miss, waiter: &mut Option<Waiter>, call: &mut dyn Body) {
    let begun = miss.memo().clock().now();
    let flight = waiter.take().map(|waiter| waiter.flight().clone());
    in_place(Some(&miss.unstored()), call);
    if let Some(flight) = flight.filter(|flight| miss.memo().worker_leaves(flight).is_some()) {
        miss.memo().note_by_worker(begun);
        // What a worker of rayon has computed that was let go is for the others that wait for the same flight, too.
        let mut stored = Erased::default();
        if call.returned().take_value(&mut stored).is_some() {
            flight.share_with_workers(stored.clone());
            call.returned().set_value(&mut stored);
        }
    }
    miss.or_older_in_place(call.returned());
}

/// Goes on until the call has returned, or is to compute.
#[inline(never)]
fn search(miss: &mut Miss, call: &mut dyn Described) -> Next {
    match miss.go_on(call) {
        Break(next) => next,
        Continue(waiter) => wait(miss, waiter, call),
    }
}

/// The same where it waits.
#[cold]
#[inline(never)]
fn wait(miss: &mut Miss, mut waiter: Waiter, call: &mut dyn Described) -> Next {
    loop {
        let mut bounds = miss.bounds();
        // Who has a limit returns then, and computes nothing.
        if bounds.until.is_none() {
            bounds.worker_leaves = miss.memo().worker_leaves(waiter.flight());
        }
        let outcome = waiter.block(miss.memo().clock(), bounds);
        match miss.after(waiter, outcome, call) {
            Break(next) => return next,
            Continue(next) => waiter = next,
        }
    }
}

/// Hands a computation to the background. Until somebody begins it, whoever waits for its flight may.
pub(crate) fn hand_to_background(runtime: &Runtime, flight: &Arc<Flight>, job: Job) -> Arc<PendingJob> {
    #[cfg(feature = "testing")]
    let scope = crate::memo::scope::current();
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let context = flight.context.clone();
    let pending_job = PendingJob::new(Box::new(move || {
        #[cfg(feature = "testing")]
        let _inside = scope.as_ref().map(crate::memo::scope::Scope::enter);
        with_context(Some(&context), job);
    }));
    flight.offer(&pending_job);
    let handed = HandedOverJob { flight: Arc::downgrade(flight), pending_job: pending_job.clone() };
    runtime.executor.spawn_blocking(Box::new(move || as_background(|| handed.pending_job.begin())));
    pending_job
}

/// A computation that the background is to begin, and may refuse.
struct HandedOverJob {
    flight: Weak<Flight>,
    pending_job: Arc<PendingJob>,
}

impl Drop for HandedOverJob {
    fn drop(&mut self) {
        if self.pending_job.is_pending()
            && let Some(flight) = self.flight.upgrade()
        {
            flight.refuse();
        }
    }
}

/// Waits for a flight that it leads, and that the background computes. Whether the call has its return; else that is
/// what its body has returned, or panicked with.
fn wait_for_own(miss: &mut Miss, flight: Arc<Flight>, call: &mut dyn Described) -> bool {
    let memo = miss.memo().clone();
    let clock = memo.clock();
    // The threads of the executor may wait for the caller in ways that cannot be seen here.
    let begins_from = after(clock.now(), memo.spec.max_wait);
    let waiter = Waiter::of_own(flight);
    loop {
        let outcome = waiter.block(clock, miss.bounds_of_own(begins_from));
        if let Poll::Ready(has_returned) = miss.after_own(outcome, call) {
            return has_returned;
        }
    }
}

/// Computes without a flight, and without storing.
#[inline(never)]
fn in_place(unstored: Option<&UnstoredCall>, call: &mut dyn Body) {
    uncached(|| {
        call.run();
        if let Some(unstored) = unstored {
            unstored.returned(call);
        }
    });
}

/// Runs a body, and touches nothing.
pub(crate) fn uncached<O>(run: impl FnOnce() -> O) -> O {
    let aside = FlightContext::without_flight();
    let _within = ContextGuard::enter(aside.as_ref());
    run()
}

/// Computes as the leader of a flight, which ends when that is dropped. `miss`: what the call has come from, if it is
/// what an older value may stand in for.
pub(crate) fn compute_as_leader(leader: &LeaderGuard, miss: Option<&Miss>, call: &mut dyn Body) {
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    let within = ContextGuard::enter(Some(&leader.flight().context));
    #[cfg(feature = "store")]
    if let Some(fetching) = leader.fetching() {
        return compute_with_store(leader, fetching, within, miss, call);
    }
    call.run();
    settle(leader, within, miss, call);
}

#[inline(never)]
fn settle(leader: &LeaderGuard, within: ContextGuard<'_>, miss: Option<&Miss>, call: &mut dyn Body) {
    let mut settled = Settled::default();
    leader.settle(call, &mut settled);
    drop(within);
    conclude(&mut settled, miss, call.returned());
}

/// The same for a memo with a store behind it, which may have the value, and else gets it.
#[cfg(feature = "store")]
#[cold]
#[inline(never)]
fn compute_with_store(
    leader: &LeaderGuard,
    fetching: Later<Fetched>,
    within: ContextGuard<'_>,
    miss: Option<&Miss>,
    call: &mut dyn Body,
) {
    let mut settled = Settled::default();
    leader.take_fetched(block_on(fetching), &mut settled);
    if !settled.is_value {
        call.run();
        leader.settle(call, &mut settled);
        if let Some(publishing) = leader.publishing(&mut settled) {
            block_on(publishing);
        }
        leader.end_held(call, &mut settled);
    }
    drop(within);
    conclude(&mut settled, miss, call.returned());
}

/// Computes for a flight that was begun elsewhere, and tells who waits there what has come of it.
pub(crate) fn compute_for_flight<
    O: 'static,
    V: 'static,
    KA,
    SA,
    Run: MakesBody<KA, SA, Body: RunsBody<O>>,
>(
    mut handle: FlightHandle,
    mut call: BareCall<O, V, KA, SA, Run>,
) {
    let one_shot = handle.take_one_shot().downcast();
    let compute = || compute_as_leader(&handle.into_leader(), None, &mut call);
    let Some(one_shot) = one_shot else { return compute() };
    let computed = catch_unwind(AssertUnwindSafe(compute));
    one_shot.put(computed.map(|()| call.outcome.take()));
}

/// A call that nothing is told of.
pub(crate) type BareCall<O, V, KA, SA, Run> =
    UnansweredCall<Blocking, O, V, KA, SA, Run, <Run as MakesBody<KA, SA>>::Description, NoHook, NoHook>;
