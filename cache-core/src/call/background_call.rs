//! How a call is made once more, in the background.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::blocking;
use super::future::{self, DrivenBy, MissStart, Polled};
use super::{Description, MakesBody, NoHook, Owners, PassedAs, PlainOfArgs, Prepared, UnansweredCall};
use crate::engine::LeaderGuard;
use crate::flight::Flight;
use crate::memo::MemoCore;
use crate::mode::{Async, Blocking};
use crate::one_shot::{BodyResult, OneShot};
use crate::value::ReturnKind;

/// The flight that a call in the background computes for.
pub struct FlightHandle {
    /// A [`LeaderGuard`]. Its type is forgotten, so the compiler need not prove for each job that it can be sent.
    leader: Box<dyn Any + Send>,
    /// The channel to the caller that waits for the return.
    one_shot: Option<Box<dyn Any + Send>>,
}

impl FlightHandle {
    pub(crate) fn new(leader: LeaderGuard) -> Self {
        Self { leader: Box::new(leader), one_shot: None }
    }

    /// Adds a channel to a caller that waits for the return.
    pub(crate) fn with<P: Send + Sync + 'static>(mut self, one_shot: Arc<P>) -> Self {
        self.one_shot = Some(Box::new(one_shot));
        self
    }

    /// Takes the flight.
    pub(crate) fn into_leader(self) -> LeaderGuard {
        *self.leader.downcast().expect("it was made of one")
    }

    /// Takes the channel to the caller who waits for the return, if there is one.
    pub(crate) fn take_one_shot(&mut self) -> ErasedOneShot {
        ErasedOneShot(self.one_shot.take())
    }
}

/// The channel to a caller that waits for a return, if one does. Its type is forgotten, so it can be sent even where
/// the return cannot.
pub(crate) struct ErasedOneShot(Option<Box<dyn Any + Send>>);

impl ErasedOneShot {
    /// The channel.
    pub(crate) fn downcast<O: 'static>(self) -> Option<Arc<OneShot<BodyResult<O>>>> {
        self.0.and_then(|one_shot| one_shot.downcast().ok()).map(|one_shot| *one_shot)
    }

    /// Sends a return, if somebody waits for it.
    pub(crate) fn put<O: 'static>(self, output: O) {
        if let Some(one_shot) = self.downcast() {
            one_shot.put(Ok(output));
        }
    }
}

/// A kind of function, and the jobs that compute such functions in the background.
pub trait Mode: Sized {
    /// A job.
    type Job;
}

impl Mode for Blocking {
    type Job = Box<dyn FnOnce() + Send>;
}

impl Mode for Async {
    type Job = Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// How a job is started, for each kind of function.
pub(crate) trait StartsJob: Mode {
    /// Starts a job that computes for a flight.
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: Self::Job);
}

impl StartsJob for Blocking {
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: Self::Job) {
        drop(blocking::hand_to_background(memo.runtime(), flight, job));
    }
}

impl StartsJob for Async {
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: Self::Job) {
        future::hand_to_background(memo.runtime(), flight, job);
    }
}

/// Whether a call can be made once more, in the background.
pub trait BackgroundCall {
    /// Why it cannot.
    const WHY_NOT: Option<&'static str>;
    /// Whether an option asks for it. If none does, no code is made for it.
    const ASKED: bool = false;
}

/// Makes the job that makes a call once more. `M` is the kind of its function.
pub trait MakesJob<M: Mode, O: 'static, V: 'static, KA, SA, Run>: BackgroundCall {
    /// Makes the job, which owns the arguments. None if they cannot be owned.
    fn job(
        &self,
        _call: Prepared<KA, SA, Run>,
        _kind: &'static ReturnKind<O, V>,
        _handle: FlightHandle,
    ) -> Option<M::Job> {
        None
    }
}

/// Why something is not possible, as text.
pub trait Why {
    /// The text.
    const TEXT: &'static str;
}

/// There is no reason.
impl Why for NoHook {
    const TEXT: &'static str = "";
}

impl BackgroundCall for NoHook {
    const WHY_NOT: Option<&'static str> = Some("this function cannot be computed in the background");
}

impl<M: Mode, O: 'static, V: 'static, KA, SA, Run> MakesJob<M, O, V, KA, SA, Run> for NoHook {}

/// The call cannot be made once more.
pub struct NoBackgroundCall<W>(PhantomData<fn() -> W>);

impl<W> NoBackgroundCall<W> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<W: Why> BackgroundCall for NoBackgroundCall<W> {
    const WHY_NOT: Option<&'static str> = Some(W::TEXT);
}

impl<M: Mode, O: 'static, V: 'static, KA, SA, Run, W: Why> MakesJob<M, O, V, KA, SA, Run>
    for NoBackgroundCall<W>
{
}

/// The body is a plain function of arguments that can be owned.
pub struct ByArgs;

impl BackgroundCall for ByArgs {
    const WHY_NOT: Option<&'static str> = None;
}

impl<P, O: 'static, V: 'static, KA> MakesJob<Blocking, O, V, KA, (), PlainOfArgs<P, O>> for ByArgs
where
    P: PassedAs<KA>,
{
    fn job(
        &self,
        call: Prepared<KA, (), PlainOfArgs<P, O>>,
        kind: &'static ReturnKind<O, V>,
        handle: FlightHandle,
    ) -> Option<Box<dyn FnOnce() + Send>> {
        let (mut kept, PlainOfArgs(body)) = (P::keep(call.keyed), call.run);
        Some(Box::new(move || {
            let run = |(), ()| (move || P::call_again(body, &mut kept), NoHook);
            let call = Prepared { keyed: (), skipped: (), run };
            blocking::compute_for_flight(handle, UnansweredCall::alone(call, kind));
        }))
    }
}

/// The call of an asynchronous function owns all that it needs: it is moved to the background as it is.
pub struct OwnedCall;

impl BackgroundCall for OwnedCall {
    const WHY_NOT: Option<&'static str> = None;
}

impl<O: 'static, V: 'static, KA, SA, Run, B, D> MakesJob<Async, O, V, KA, SA, Run> for OwnedCall
where
    KA: Send + 'static,
    SA: Send + 'static,
    Run: MakesBody<KA, SA, Body = B, Description = D> + Send + 'static,
    B: Future<Output = O> + Send + 'static,
    D: Description + Send + 'static,
{
    fn job(
        &self,
        call: Prepared<KA, SA, Run>,
        kind: &'static ReturnKind<O, V>,
        mut handle: FlightHandle,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let one_shot = handle.take_one_shot();
        let called = UnansweredCall::<Async, O, V, KA, SA, Run, D, NoHook, NoHook>::alone(call, kind);
        let begun = MissStart::Lead(handle.into_leader());
        let computation = DrivenBy::caller().drive_polled(begun, Polled::new(called));
        Some(Box::pin(async move {
            one_shot.put(computation.await);
        }))
    }
}

/// A call that is made once more by its companions. `own` owns the arguments, `lead` computes for a flight with them.
/// Both are told how each argument is owned.
pub struct BackgroundCallBy<W, P, L> {
    pub(crate) owners: W,
    pub(crate) own: P,
    pub(crate) lead: L,
}

impl<W: Owners, P, L> BackgroundCall for BackgroundCallBy<W, P, L> {
    const WHY_NOT: Option<&'static str> = W::WHY_NOT;
}

impl<O: 'static, V: 'static, KA, SA, Run, W, K, P, L> MakesJob<Blocking, O, V, KA, SA, Run>
    for BackgroundCallBy<W, P, L>
where
    W: Owners + Send + 'static,
    K: Send + 'static,
    P: Fn(W, KA, SA) -> K,
    L: Fn(W, K, FlightHandle) + Copy + Send + 'static,
{
    fn job(
        &self,
        call: Prepared<KA, SA, Run>,
        _: &'static ReturnKind<O, V>,
        handle: FlightHandle,
    ) -> Option<Box<dyn FnOnce() + Send>> {
        let &Self { owners, ref own, lead } = self;
        let kept = own(owners, call.keyed, call.skipped);
        Some(Box::new(move || lead(owners, kept, handle)))
    }
}

impl<O: 'static, V: 'static, KA, SA, Run, W, K, J, P, L> MakesJob<Async, O, V, KA, SA, Run>
    for BackgroundCallBy<W, P, L>
where
    W: Owners,
    P: Fn(W, KA, SA) -> K,
    L: Fn(W, K, FlightHandle) -> J,
    J: Future<Output = ()> + Send + 'static,
{
    fn job(
        &self,
        call: Prepared<KA, SA, Run>,
        _: &'static ReturnKind<O, V>,
        handle: FlightHandle,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let Self { owners, own, lead } = self;
        Some(Box::pin(lead(*owners, own(*owners, call.keyed, call.skipped), handle)))
    }
}

/// An option asks for the background.
pub struct RequiredBackgroundCall<A>(pub(super) A);

impl<A: BackgroundCall> BackgroundCall for RequiredBackgroundCall<A> {
    const WHY_NOT: Option<&'static str> = A::WHY_NOT;
    const ASKED: bool = true;
}

impl<M: Mode, O: 'static, V: 'static, KA, SA, Run, A: MakesJob<M, O, V, KA, SA, Run>>
    MakesJob<M, O, V, KA, SA, Run> for RequiredBackgroundCall<A>
{
    fn job(
        &self,
        call: Prepared<KA, SA, Run>,
        kind: &'static ReturnKind<O, V>,
        handle: FlightHandle,
    ) -> Option<M::Job> {
        self.0.job(call, kind, handle)
    }
}

/// Fails to compile if an option asks for the background and the call cannot be made there.
pub(super) const fn refuse_if(asked: bool, why_not: Option<&'static str>) {
    if let (true, Some(why)) = (asked, why_not) {
        panic!("{}", why);
    }
}
