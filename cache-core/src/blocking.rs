//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};

use crate::background::{as_background, block_on};
use crate::call::{
    BackgroundCall, BlockingJob, Description, Extras, FlightHandle, MakesBody, NoHook, Prepared, RunsBody,
    RunsInBackground, UnansweredCall, WaitLimits, give_up,
};
use crate::engine::{
    AfterOwnWait, Body, CallMode, Failed, JoinedFlight, LeaderGuard, Miss, MissActions, Next, Returned,
    SlowPath, Start, Step,
};
use crate::flight::{
    ContextGuard, Flight, FlightContext, Job, PendingJob, WaitOutcome, Waiter, with_context,
};
use crate::memo::{MemoCore, UnstoredCall};
use crate::runtime::Runtime;
use crate::time::after;

/// A call of a function that is not asynchronous.
pub(crate) trait BlockingCall: Body {
    /// Itself, if there is something that it is to be told, or can tell.
    fn miss_actions(&mut self) -> Option<&mut dyn MissActions>;
    /// Computes, or waits for who does.
    fn compute(&mut self, miss: &mut Miss);
}

impl<M, O, V, KA, SA, Run, D, A, J, X> BlockingCall for UnansweredCall<M, O, V, KA, SA, Run, D, A, X>
where
    M: RunsInBackground<KA, SA, A>,
    Run: MakesBody<KA, SA, Description = D, Body: RunsBody<O>>,
    D: Description,
    A: BackgroundCall<KA, SA, Job = J>,
    J: BlockingJob,
    X: Extras<KA, SA, O, V>,
{
    fn miss_actions(&mut self) -> Option<&mut dyn MissActions> {
        if const { X::ON_MISS || X::PLACEHOLDER || M::RUNS_IN_BACKGROUND } { Some(self) } else { None }
    }

    fn compute(&mut self, miss: &mut Miss) {
        if X::Timeouts::SET { within(miss, self) } else { compute(miss, self) }
    }
}

/// Goes on with a call that was not answered at once. What follows is in functions of their own, so that little is on
/// the stack while the body runs, which may call its function again.
#[cold]
#[inline(never)]
pub(crate) fn go_on(memo: &MemoCore, slow_path: SlowPath, mode: CallMode, call: &mut dyn BlockingCall) {
    match memo.start(slow_path, mode, call.miss_actions()) {
        Start::Answer(stored) => call.returned().set_value(stored),
        Start::InPlace(unstored) => in_place(unstored.as_ref(), call),
        Start::Search(ref mut miss) => call.compute(miss),
    }
}

/// Computes, or waits for who does.
pub(crate) fn compute(miss: &mut Miss, call: &mut dyn Body) {
    let failed = match search(miss, call.returned()) {
        None => return,
        Some(Next::Lead(ref mut leader)) => {
            leader.is_on_own_stack = true;
            run_as_leader(leader, call)
        }
        Some(Next::InPlace(joined)) => return compute_in_place(miss, joined, call),
        Some(_) => unreachable!("nobody is late who has no limit"),
    };
    if let Some(failed) = failed {
        miss.or_older(&failed, call.returned());
    }
}

/// The same for a call that returns after some time, and is therefore computed by the background.
pub(crate) fn within<M, O, V, KA, SA, Run, D, A, J, X>(
    miss: &mut Miss,
    call: &mut UnansweredCall<M, O, V, KA, SA, Run, D, A, X>,
) where
    Run: MakesBody<KA, SA, Description = D, Body: RunsBody<O>>,
    D: Description,
    A: BackgroundCall<KA, SA, Job = J>,
    J: BlockingJob,
    X: Extras<KA, SA, O, V>,
{
    miss.set_limits(call.extras.timeouts().limits());
    let memo = miss.memo().clone();
    let leader = match search(miss, &mut call.outcome) {
        None => return,
        Some(Next::Lead(leader)) => leader,
        Some(Next::InPlace(joined)) => return compute_in_place(miss, joined, call),
        Some(Next::Late(limit)) => {
            call.outcome.output = Some(give_up(call.extras.timeouts(), &memo, limit));
            return;
        }
        Some(Next::Answer(_) | Next::Error(_) | Next::Wait(_)) => unreachable!("it was searched further"),
    };
    let (flight, Prepared { keyed, skipped, .. }) = (leader.flight().clone(), call.take_call());
    let timeouts = call.extras.timeouts();
    let (handle, one_shot) = timeouts.handle(FlightHandle::new(leader));
    let job = call
        .background_call
        .job(keyed, skipped, handle)
        .expect("refused when it was compiled, if it cannot be");
    // Of the user's code before the body: expressions of the attribute are evaluated there again.
    let panicked = timeouts.on_panic(&one_shot);
    let job = || catch_unwind(AssertUnwindSafe(job.boxed())).unwrap_or_else(panicked);
    let pending_job = hand_to_background(memo.runtime(), &flight, Box::new(job));
    let output = match wait_for_own(miss, &flight, &pending_job) {
        AfterOwnWait::Answer(stored) => return call.outcome.set_value(stored),
        AfterOwnWait::Late(limit) => give_up(timeouts, &memo, limit),
        AfterOwnWait::Returned | AfterOwnWait::Wait | AfterOwnWait::Refused => {
            block_on(one_shot.take()).unwrap_or_else(|payload| resume_unwind(payload))
        }
    };
    call.outcome.output = Some(output);
}

/// Computes without storing, since waiting could be waiting for itself.
#[inline(never)]
fn compute_in_place(miss: &Miss, joined: Option<JoinedFlight>, call: &mut dyn Body) {
    let begun = miss.memo().clock().now();
    let flight = joined.map(|joined| joined.waiter.flight().clone());
    in_place(Some(&miss.unstored()), call);
    if let Some(flight) = flight.filter(|flight| miss.memo().worker_leaves(flight).is_some()) {
        miss.memo().note_by_worker(begun);
        // What a worker of rayon has computed that was let go is for the others that wait for the same flight, too.
        if let Some(stored) = call.returned().take_value() {
            flight.share_with_workers(stored.clone());
            call.returned().set_value(stored);
        }
    }
    miss.or_older_in_place(call.returned());
}

/// How the call is computed; nothing, if it has returned.
#[inline(never)]
fn search(miss: &mut Miss, returned: &mut dyn Returned) -> Option<Next> {
    match miss.begin() {
        Step::Lead(leader) => Some(Next::Lead(leader)),
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
            Next::Answer(stored) => {
                returned.set_value(stored);
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

fn wait(miss: &Miss, waiter: &Waiter) -> WaitOutcome {
    let mut bounds = miss.bounds();
    // Who has a limit returns then, and computes nothing.
    if bounds.begins {
        bounds.worker_leaves = miss.memo().worker_leaves(waiter.flight());
    }
    waiter.block(miss.memo().clock(), bounds)
}

/// Hands a computation to the background. Until somebody begins it, whoever waits for its flight may.
pub(crate) fn hand_to_background(runtime: &Runtime, flight: &Arc<Flight>, job: Job) -> Arc<PendingJob> {
    #[cfg(feature = "testing")]
    let job: Job = Box::new(crate::testing::work_in_this_scope(job));
    // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
    let context = flight.context.clone();
    let pending_job = PendingJob::new(Box::new(move || with_context(Some(&context), job)));
    flight.offer(&pending_job);
    let handed = HandedOverJob { flight: Arc::downgrade(flight), pending_job: pending_job.clone() };
    runtime.spawn_blocking(Box::new(move || as_background(|| handed.pending_job.begin())));
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

/// Waits for a flight that it leads, and that the background computes.
fn wait_for_own(miss: &mut Miss, flight: &Arc<Flight>, pending_job: &PendingJob) -> AfterOwnWait {
    let memo = miss.memo().clone();
    let clock = memo.clock();
    // The threads of the executor may wait for the caller in ways that cannot be seen here.
    let begun_by = after(clock.now(), memo.spec.max_wait);
    let waiter = Waiter::new(flight.clone());
    let mut refused = false;
    loop {
        let mut bounds = miss.bounds_of_own();
        bounds.begins |= refused || begun_by <= clock.now();
        if !bounds.begins && pending_job.is_pending() {
            bounds.until = bounds.until.into_iter().chain([begun_by]).min();
        }
        match miss.after_own(waiter.block(clock, bounds)) {
            AfterOwnWait::Wait => {}
            AfterOwnWait::Refused => refused = true,
            own => return own,
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
    match FlightContext::without_flight() {
        Some(aside) => with_context(Some(&aside), run),
        None => run(),
    }
}

/// Computes as the leader of a flight, which ends with this, also by a panic. What it returns instead of a value, if it
/// does.
#[expect(clippy::needless_pass_by_value, reason = "the flight ends here")]
pub(crate) fn compute_as_leader(leader: LeaderGuard, call: &mut dyn Body) -> Option<Failed> {
    run_as_leader(&leader, call)
}

/// The same of a flight that ends when its leader is dropped.
#[inline]
fn run_as_leader(leader: &LeaderGuard, call: &mut dyn Body) -> Option<Failed> {
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    let within = ContextGuard::enter(Some(&leader.flight().context));
    call.run();
    let settled = leader.settle(call);
    drop(within);
    match settled {
        Ok(stored) => {
            call.returned().set_value(stored);
            None
        }
        Err(failed) => Some(failed),
    }
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
    let one_shot = handle.take_one_shot();
    let leader = handle.into_leader();
    let Some(one_shot) = one_shot else {
        compute_as_leader(leader, &mut call);
        return;
    };
    let returned = catch_unwind(AssertUnwindSafe(|| {
        compute_as_leader(leader, &mut call);
        call.outcome.take()
    }));
    one_shot.put(returned);
}

/// A call that nothing is told of.
pub(crate) type BareCall<O, V, KA, SA, Run> =
    UnansweredCall<NoHook, O, V, KA, SA, Run, <Run as MakesBody<KA, SA>>::Description, NoHook, NoHook>;
