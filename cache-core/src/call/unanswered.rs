//! One call that was not answered at once: its arguments and options, as the core sees them, and what it returns.

use std::marker::PhantomData;

use super::bound::{Parts, in_background};
use super::{
    Description, Extras, FlightHandle, MakesBody, MakesJob, Mode, NoHook, Prepared, RunsBody, StartsJob,
    WaitLimits as _,
};
use crate::engine::{Body, LeaderGuard, MissActions};
use crate::erased::Erased;
use crate::flight::TimedOut;
use crate::key::KeyRef;
use crate::metadata::{Described, EntryMetadata};
use crate::value::{ReturnKind, ReturnSlot, Returned};

/// A call that was not answered at once. `M` is the kind of function, `D` describes the value.
pub struct UnansweredCall<M, O: 'static, V: 'static, KA, SA, Run, D, A, X> {
    /// None once the body has begun.
    call: Option<Prepared<KA, SA, Run>>,
    pub(crate) background_call: A,
    pub(crate) extras: X,
    /// The description of the value; none before the body has begun.
    description: Option<D>,
    pub(crate) outcome: ReturnSlot<O, V>,
    mode: PhantomData<fn() -> M>,
}

impl<M, O, V, KA, SA, Run, D, A, X> UnansweredCall<M, O, V, KA, SA, Run, D, A, X> {
    /// `kind` is none if the call is not cached.
    #[inline]
    pub(crate) fn new(
        Parts { call, background_call, extras }: Parts<KA, SA, Run, A, X>,
        kind: Option<&'static ReturnKind<O, V>>,
    ) -> Self {
        let outcome = ReturnSlot { output: None, kind };
        Self { call: Some(call), background_call, extras, description: None, outcome, mode: PhantomData }
    }

    pub(crate) fn take_call(&mut self) -> Prepared<KA, SA, Run> {
        let Some(call) = self.call.take() else { unreachable!("a body is run once") };
        call
    }

    /// Itself, if it has a hook for misses, or may run in the background.
    pub(crate) fn miss_actions(&mut self) -> Option<&mut dyn MissActions>
    where
        M: StartsJob,
        A: MakesJob<M, O, V, KA, SA, Run>,
        X: Extras<KA, SA, O, V>,
    {
        // Without an option that asks for it, no code for the background is compiled.
        if const { X::ON_MISS || in_background::<A, KA, SA, O, V, X>() } { Some(self) } else { None }
    }

    /// The job that makes the call once more, in the background. None if that is not possible.
    pub(crate) fn job(&mut self, handle: FlightHandle) -> Option<M::Job>
    where
        M: Mode,
        A: MakesJob<M, O, V, KA, SA, Run>,
    {
        let (call, kind) = (self.take_call(), self.outcome.kind?);
        self.background_call.job(call, kind, handle)
    }

    /// Makes the body, and keeps the description of its value.
    pub(crate) fn begin_body(&mut self) -> Run::Body
    where
        Run: MakesBody<KA, SA, Description = D>,
    {
        let (body, description) = self.take_call().prepare();
        self.description = Some(description);
        body
    }
}

impl<M, O, V, KA, SA, Run, D> UnansweredCall<M, O, V, KA, SA, Run, D, NoHook, NoHook> {
    /// A call without hooks, options and background.
    pub(crate) fn alone(call: Prepared<KA, SA, Run>, kind: &'static ReturnKind<O, V>) -> Self {
        Self::new(Parts { call, background_call: NoHook, extras: NoHook }, Some(kind))
    }

    /// The same for a call whose body is made already.
    pub(crate) fn described_by(description: D, kind: Option<&'static ReturnKind<O, V>>) -> Self {
        Self {
            call: None,
            background_call: NoHook,
            extras: NoHook,
            description: Some(description),
            outcome: ReturnSlot { output: None, kind },
            mode: PhantomData,
        }
    }
}

impl<M, O, V, KA, SA, Run, D, A, X> MissActions for UnansweredCall<M, O, V, KA, SA, Run, D, A, X>
where
    M: StartsJob,
    A: MakesJob<M, O, V, KA, SA, Run>,
    X: Extras<KA, SA, O, V>,
{
    fn on_miss(&self, key: &KeyRef<'_>) {
        if X::ON_MISS
            && let Some(call) = &self.call
        {
            self.extras.on_miss(&call.keyed, &call.skipped, key);
        }
    }

    fn placeholder(&self) -> Option<Erased> {
        if !X::PLACEHOLDER {
            return None;
        }
        let call = self.call.as_ref()?;
        let companion_value = self.extras.placeholder(&call.keyed, &call.skipped)?;
        self.outcome.kind?.kept(companion_value)
    }

    fn can_run_in_background(&self) -> bool {
        A::WHY_NOT.is_none()
    }

    fn run_in_background(&mut self, leader: LeaderGuard) {
        let (memo, flight) = (leader.memo.clone(), leader.flight().clone());
        if let Some(job) = self.job(FlightHandle::new(leader)) {
            M::start(&memo, &flight, job);
        }
    }
}

impl<M, O, V, KA, SA, Run, D, A, X> Described for UnansweredCall<M, O, V, KA, SA, Run, D, A, X>
where
    D: Description,
    X: Extras<KA, SA, O, V>,
{
    fn returned(&mut self) -> &mut dyn Returned {
        &mut self.outcome
    }

    fn describes(&self) -> bool {
        D::SET
    }

    fn describe(&self, value: Option<&Erased>, metadata: &mut EntryMetadata) {
        if D::SET
            && let Some(description) = &self.description
        {
            description.describe(value, metadata);
        }
    }

    fn give_up(&mut self, late: &TimedOut) {
        if X::Timeouts::SET {
            self.outcome.output = self.extras.timeouts().late(late.clone());
        }
    }
}

impl<M, O, V, KA, SA, Run, D, A, X> Body for UnansweredCall<M, O, V, KA, SA, Run, D, A, X>
where
    Run: MakesBody<KA, SA, Description = D, Body: RunsBody<O>>,
    D: Description,
    X: Extras<KA, SA, O, V>,
{
    fn run(&mut self) {
        let body = self.begin_body();
        self.outcome.output = Some(body.run());
    }
}
