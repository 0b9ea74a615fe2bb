//! One call of a memoized function: its arguments, its hooks and options, and what it returns.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{
    BackgroundCall, BackgroundCallWith, Extras, FlightHandle, Hooked, Hooking, Hooks, Limits, MemoizedFn,
    NoBackgroundCall, NoHook, Owners, Plan, RequiredBackgroundCall, TimedOut, Timeouts, Why,
};
use crate::engine::{
    Body, CallMode, Cx, Described, Found, LeaderGuard, LookFlags, MissActions, OnHit, ReturnSlot, Returned,
};
use crate::erased::Erased;
use crate::flight::Flight;
use crate::key::{KeyRef, Shape};
use crate::memo::MemoCore;
use crate::metadata::{EntryMetadata, describes};
use crate::node::{Node, NodeHook, OfNode};
use crate::slot::MemoHandle;
use crate::value::Returns;

/// A call's arguments, and what makes its body of them.
pub(crate) struct Prepared<KA, SA, Run> {
    pub(crate) keyed: KA,
    pub(crate) skipped: SA,
    pub(crate) run: Run,
}

impl<KA, SA, Run> Prepared<KA, SA, Run> {
    /// The body, and what describes its value.
    #[inline]
    pub(crate) fn prepare<B, D>(self) -> (B, D)
    where
        Run: FnOnce(KA, SA) -> (B, D),
    {
        (self.run)(self.keyed, self.skipped)
    }
}

/// One call of a memoized function: `C` is the function, `KA` and `SA` are its arguments, `Run` makes its body of
/// them, `A` makes the call once more, `X` is what else is told of it.
pub struct Bound<C, KA, SA, Run, A = NoHook, X = NoHook> {
    pub(super) callee: C,
    pub(super) parts: Parts<KA, SA, Run, A, X>,
    pub(super) mode: CallMode,
}

/// What a call is made of, besides its function. It is moved in one piece.
pub(crate) struct Parts<KA, SA, Run, A, X> {
    pub(crate) call: Prepared<KA, SA, Run>,
    pub(crate) background_call: A,
    pub(crate) extras: X,
}

impl<C, KA, SA, Run> Bound<C, KA, SA, Run> {
    #[inline]
    pub(super) fn new(callee: C, keyed: KA, skipped: SA, run: Run) -> Self {
        let call = Prepared { keyed, skipped, run };
        Self { callee, parts: Parts { call, background_call: NoHook, extras: NoHook }, mode: CallMode::PLAIN }
    }
}

impl<C: MemoizedFn<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    /// Neither read nor write.
    #[must_use]
    #[inline]
    pub fn bypass_if(mut self, bypass: bool) -> Self {
        self.mode = self.mode.with(CallMode::BYPASS, bypass);
        self
    }

    /// Do not read, but write.
    #[must_use]
    #[inline]
    pub fn refresh_if(mut self, refresh: bool) -> Self {
        self.mode = self.mode.with(CallMode::REFRESH, refresh);
        self
    }

    /// Always run the body. The entry is the answer only if the body fails or is late.
    #[must_use]
    #[inline]
    pub fn origin_first(mut self) -> Self {
        self.mode = self.mode.with(CallMode::ORIGIN, true);
        self
    }

    #[inline]
    fn with_extras<Y>(self, with: impl FnOnce(X) -> Y) -> Bound<C, KA, SA, Run, A, Y> {
        let Self { callee, parts: Parts { call, background_call, extras }, mode } = self;
        Bound { callee, parts: Parts { call, background_call, extras: with(extras) }, mode }
    }

    /// How long a call waits: for something that can stand in for the value, and at all; and what it
    /// returns then.
    #[inline]
    pub fn timeouts<F>(
        self,
        limits: Limits,
        late: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, X::Miss, X::PlaceholderHook, Timeouts<F>>>
    where
        X: Hooking,
        F: Fn(TimedOut) -> <C::Returns as Returns>::Output,
    {
        self.with_extras(|extras| extras.hooks().with_timeouts(Timeouts { limits, late }))
    }

    /// The hook for hits.
    #[inline]
    pub fn on_hit<F>(
        self,
        hook: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<Hooked<F>, X::Miss, X::PlaceholderHook, X::Timeouts>>
    where
        X: Hooking,
        F: Fn(&KA, &SA, &KeyRef<'_>, &<C::Returns as Returns>::Value),
    {
        self.with_extras(|extras| extras.hooks().with_hit(Hooked(hook)))
    }

    /// The hook for misses.
    #[inline]
    pub fn on_miss<F>(
        self,
        hook: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, Hooked<F>, X::PlaceholderHook, X::Timeouts>>
    where
        X: Hooking,
        F: Fn(&KA, &SA, &KeyRef<'_>),
    {
        self.with_extras(|extras| extras.hooks().with_miss(Hooked(hook)))
    }

    /// What is returned while the first value is being computed.
    #[inline]
    pub fn placeholder<F>(
        self,
        make: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, X::Miss, Hooked<F>, X::Timeouts>>
    where
        X: Hooking,
        F: Fn(&KA, &SA) -> <C::Returns as Returns>::CompanionValue,
    {
        self.with_extras(|extras| extras.hooks().with_placeholder(Hooked(make)))
    }

    /// The call is to be computed in the background, too: the build fails if that cannot be.
    #[inline]
    pub fn in_background(self) -> Bound<C, KA, SA, Run, RequiredBackgroundCall<A>, X>
    where
        A: BackgroundCall<KA, SA>,
    {
        const { super::background_call::refuse_if(true, A::WHY_NOT) }
        let Self { callee, parts: Parts { call, background_call, extras }, mode } = self;
        Bound {
            callee,
            parts: Parts { call, background_call: RequiredBackgroundCall(background_call), extras },
            mode,
        }
    }

    /// How the call is made once more, in the background.
    #[inline]
    pub fn background_call<O: Owners, F: Fn(O, KA, SA, FlightHandle) -> J, J: Send + 'static>(
        self,
        owners: O,
        make: F,
    ) -> Bound<C, KA, SA, Run, BackgroundCallWith<O, F>, X> {
        let Self { callee, parts: Parts { call, extras, .. }, mode } = self;
        Bound {
            callee,
            parts: Parts { call, background_call: BackgroundCallWith(owners, make), extras },
            mode,
        }
    }

    /// Why it cannot be.
    #[inline]
    pub fn no_background_call<Y: Why>(self, _: Y) -> Bound<C, KA, SA, Run, NoBackgroundCall<Y>, X> {
        let Self { callee, parts: Parts { call, extras, .. }, mode } = self;
        Bound { callee, parts: Parts { call, background_call: NoBackgroundCall::NEW, extras }, mode }
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    A: BackgroundCall<KA, SA>,
    X: Extras<KA, SA, C::Returns>,
{
    /// Whether the background may be asked to make the call once more.
    pub(super) const IN_BACKGROUND: bool = A::ASKED || X::PLACEHOLDER || C::IN_BACKGROUND;
}

impl<N: Node, KA, S, R: Returns, L, W, H, SA, Run> Bound<Plan<OfNode<N>, KA, S, R, L, W, H>, KA, SA, Run> {
    /// The hooks of the node, for hits and misses.
    #[inline]
    pub fn with_hooks_of_node(
        self,
    ) -> Bound<
        Plan<OfNode<N>, KA, S, R, L, W, H>,
        KA,
        SA,
        Run,
        NoHook,
        Hooks<NodeHook<N>, NodeHook<N>, NoHook, NoHook>,
    > {
        let Self { callee, parts: Parts { call, background_call, extras }, mode } = self;
        let extras = extras.hooks().with_hit(NodeHook::NEW).with_miss(NodeHook::NEW);
        Bound { callee, parts: Parts { call, background_call, extras }, mode }
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    /// Whether a call is looked up by `glance` first: its function has one memo, and no hook for hits.
    pub(super) const GLANCES: bool = C::GLANCES && !X::ON_HIT;

    /// The return, if a fresh entry is found at once. It takes no `self`: then a hit would have to write
    /// all of it to memory.
    #[inline]
    pub(super) fn glance(callee: &C, keyed: &KA, mode: CallMode) -> Option<<C::Returns as Returns>::Output> {
        if const { Self::GLANCES } && mode.is_plain() {
            callee.glance(keyed).map(C::Returns::join)
        } else {
            None
        }
    }

    /// Looks the call up, and tells the hook. The whole of a hit, unless a glance was enough.
    #[inline]
    pub(super) fn look_up(&self, after_glance: bool) -> Found<<C::Returns as Returns>::StoredValue> {
        look_up(&self.callee, &self.callee.memo(), &self.parts, self.mode, after_glance)
    }
}

/// Looks a call up, and tells the hook.
#[inline]
pub(super) fn look_up<C, KA, SA, Run, A, X>(
    callee: &C,
    memo: &MemoHandle<'_, <C::Shape as Shape>::Owned, <C::Returns as Returns>::StoredValue>,
    Parts { call, extras, .. }: &Parts<KA, SA, Run, A, X>,
    mode: CallMode,
    after_glance: bool,
) -> Found<<C::Returns as Returns>::StoredValue>
where
    C: MemoizedFn<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    let tell = |key: &KeyRef<'_>, stored: &<C::Returns as Returns>::StoredValue| {
        if let Some(value) = C::Returns::value(stored) {
            memo.run_hook(|| extras.on_hit(&call.keyed, &call.skipped, key, value));
        }
    };
    let tell: Option<OnHit<'_, _>> = if X::ON_HIT { Some(&tell) } else { None };
    let look = LookFlags::of(mode).after_glance_if(after_glance);
    callee.look(&call.keyed, Cx::new(memo.typed(), look).on_hit(tell))
}

impl<C: MemoizedFn<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    /// The call, of a kind, that was not answered.
    #[inline]
    pub(super) fn into_called<M, D>(
        self,
    ) -> (C, CallMode, UnansweredCall<M, C::Returns, KA, SA, Run, D, A, X>) {
        let Self { callee, parts, mode } = self;
        (callee, mode, UnansweredCall::new(parts))
    }
}

/// How a job that computes for a flight is started, by the kind of function.
pub(crate) trait StartsJob<J> {
    /// Starts it.
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: J);
}

/// How a call is made once more, by the kind of function. For [`NoHook`] it is not, and no code is compiled
/// for it.
pub(crate) trait RunsInBackground<KA, SA, A> {
    /// Whether it can be.
    const RUNS_IN_BACKGROUND: bool = true;
    /// Makes it, as the leader of a flight.
    fn run_in_background(background_call: &A, keyed: KA, skipped: SA, leader: LeaderGuard);
}

impl<KA, SA, A> RunsInBackground<KA, SA, A> for NoHook {
    const RUNS_IN_BACKGROUND: bool = false;
    fn run_in_background(_: &A, _: KA, _: SA, _: LeaderGuard) {
        unreachable!("nobody asks for it")
    }
}

/// Makes it by the job of the call.
pub(super) fn run_in_background<M, KA, SA, A>(
    background_call: &A,
    keyed: KA,
    skipped: SA,
    leader: LeaderGuard,
) where
    M: StartsJob<A::Job>,
    A: BackgroundCall<KA, SA>,
{
    let (memo, flight) = (leader.memo.clone(), leader.flight().clone());
    if let Some(job) = background_call.job(keyed, skipped, FlightHandle::new(leader)) {
        M::start(&memo, &flight, job);
    }
}

/// A call that was not answered at once. `M` is its kind.
pub struct UnansweredCall<M, R: Returns, KA, SA, Run, D, A, X> {
    /// None when its body was begun.
    call: Option<Prepared<KA, SA, Run>>,
    pub(crate) background_call: A,
    pub(crate) extras: X,
    /// What describes the value; none before the body was begun.
    describe: Option<D>,
    pub(crate) outcome: ReturnSlot<R>,
    kind: PhantomData<fn() -> M>,
}

impl<M, R: Returns, KA, SA, Run, D, A, X> UnansweredCall<M, R, KA, SA, Run, D, A, X> {
    #[inline]
    pub(crate) fn new(Parts { call, background_call, extras }: Parts<KA, SA, Run, A, X>) -> Self {
        Self {
            call: Some(call),
            background_call,
            extras,
            describe: None,
            outcome: ReturnSlot(None),
            kind: PhantomData,
        }
    }

    pub(crate) fn take_call(&mut self) -> Prepared<KA, SA, Run> {
        let Some(call) = self.call.take() else { unreachable!("a body is run once") };
        call
    }

    /// Makes the body, and what describes its value.
    pub(crate) fn begin_body<B>(&mut self) -> B
    where
        Run: FnOnce(KA, SA) -> (B, D),
    {
        let (body, describe) = self.take_call().prepare();
        self.describe = Some(describe);
        body
    }
}

impl<M, R: Returns, KA, SA, Run, D> UnansweredCall<M, R, KA, SA, Run, D, NoHook, NoHook> {
    /// A call that nothing is told of.
    pub(crate) fn alone(call: Prepared<KA, SA, Run>) -> Self {
        Self::new(Parts { call, background_call: NoHook, extras: NoHook })
    }

    /// A call whose body was made.
    pub(crate) fn described_by(describe: D) -> Self {
        let outcome = ReturnSlot(None);
        Self {
            call: None,
            background_call: NoHook,
            extras: NoHook,
            describe: Some(describe),
            outcome,
            kind: PhantomData,
        }
    }
}

impl<M, R, KA, SA, Run, D, A, X> MissActions for UnansweredCall<M, R, KA, SA, Run, D, A, X>
where
    M: RunsInBackground<KA, SA, A>,
    R: Returns,
    X: Extras<KA, SA, R>,
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
        R::keep(companion_value).map(Erased::new)
    }

    fn can_run_in_background(&self) -> bool {
        M::RUNS_IN_BACKGROUND
    }

    fn run_in_background(&mut self, leader: LeaderGuard) {
        let Prepared { keyed, skipped, .. } = self.take_call();
        M::run_in_background(&self.background_call, keyed, skipped, leader);
    }
}

impl<M, R, KA, SA, Run, D, A, X> Described for UnansweredCall<M, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    D: Fn(Option<&R::Value>, &mut EntryMetadata),
{
    fn returned(&mut self) -> &mut dyn Returned {
        &mut self.outcome
    }

    fn describes(&self) -> bool {
        describes::<D, R::Value>()
    }

    fn describe(&self, value: Option<&Erased>, metadata: &mut EntryMetadata) {
        if let Some(describe) = &self.describe {
            let value = if let Some(value) = value { R::value(value.get()) } else { None };
            describe(value, metadata);
        }
    }
}

impl<M, R, KA, SA, Run, B, D, A, X> Body for UnansweredCall<M, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut EntryMetadata),
{
    fn run(&mut self) {
        let body = self.begin_body();
        self.outcome = ReturnSlot(Some(body()));
    }
}
