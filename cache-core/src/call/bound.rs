//! One call of a memoized function: its arguments, its hooks and options, and what it returns.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{
    Again, Asked, Callee, Extras, FlightHandle, Hooked, Hooking, Hooks, Limits, NoHook, Once, Owners, Plan,
    Repeat, TimedOut, Timeouts, Why,
};
use crate::draft::{Draft, describes};
use crate::engine::{Body, Cx, Described, Found, Lead, Look, Mode, OnHit, Repeatable, ReturnSlot, Returned};
use crate::erased::Erased;
use crate::flight::Flight;
use crate::key::{KeyRef, Shape};
use crate::memo::MemoCore;
use crate::node::{Node, NodeHook, OfNode};
use crate::slot::Handle;
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
    pub(super) mode: Mode,
}

/// What a call is made of, besides its function. It is moved in one piece.
pub(super) struct Parts<KA, SA, Run, A, X> {
    pub(super) call: Prepared<KA, SA, Run>,
    again: A,
    pub(super) extras: X,
}

impl<C, KA, SA, Run> Bound<C, KA, SA, Run> {
    #[inline]
    pub(super) fn new(callee: C, keyed: KA, skipped: SA, run: Run) -> Self {
        let call = Prepared { keyed, skipped, run };
        Self { callee, parts: Parts { call, again: NoHook, extras: NoHook }, mode: Mode::PLAIN }
    }
}

impl<C: Callee<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    /// Neither read nor write.
    #[must_use]
    #[inline]
    pub fn bypass_if(mut self, bypass: bool) -> Self {
        self.mode = self.mode.with(Mode::BYPASS, bypass);
        self
    }

    /// Do not read, but write.
    #[must_use]
    #[inline]
    pub fn refresh_if(mut self, refresh: bool) -> Self {
        self.mode = self.mode.with(Mode::REFRESH, refresh);
        self
    }

    /// Always run the body. The entry is the answer only if the body fails or is late.
    #[must_use]
    #[inline]
    pub fn origin_first(mut self) -> Self {
        self.mode = self.mode.with(Mode::ORIGIN, true);
        self
    }

    #[inline]
    fn with_extras<Y>(self, with: impl FnOnce(X) -> Y) -> Bound<C, KA, SA, Run, A, Y> {
        let Self { callee, parts: Parts { call, again, extras }, mode } = self;
        Bound { callee, parts: Parts { call, again, extras: with(extras) }, mode }
    }

    /// How long a call waits: for something that can stand in for the value, and at all; and what it
    /// returns then.
    #[inline]
    pub fn timeouts<F>(
        self,
        limits: Limits,
        late: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, X::Miss, X::Stand, Timeouts<F>>>
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
    ) -> Bound<C, KA, SA, Run, A, Hooks<Hooked<F>, X::Miss, X::Stand, X::Timeouts>>
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
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, Hooked<F>, X::Stand, X::Timeouts>>
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
        F: Fn(&KA, &SA) -> <C::Returns as Returns>::Face,
    {
        self.with_extras(|extras| extras.hooks().with_stand(Hooked(make)))
    }

    /// The call is to be computed in the background, too: the build fails if that cannot be.
    #[inline]
    pub fn in_background(self) -> Bound<C, KA, SA, Run, Asked<A>, X>
    where
        A: Repeat<KA, SA>,
    {
        const { super::again::refuse_if(true, A::WHY_NOT) }
        let Self { callee, parts: Parts { call, again, extras }, mode } = self;
        Bound { callee, parts: Parts { call, again: Asked(again), extras }, mode }
    }

    /// How the call is made once more, in the background.
    #[inline]
    pub fn again<O: Owners, F: Fn(O, KA, SA, FlightHandle) -> J, J: Send + 'static>(
        self,
        owners: O,
        make: F,
    ) -> Bound<C, KA, SA, Run, Again<O, F>, X> {
        let Self { callee, parts: Parts { call, extras, .. }, mode } = self;
        Bound { callee, parts: Parts { call, again: Again(owners, make), extras }, mode }
    }

    /// Why it cannot be.
    #[inline]
    pub fn once<Y: Why>(self, _: Y) -> Bound<C, KA, SA, Run, Once<Y>, X> {
        let Self { callee, parts: Parts { call, extras, .. }, mode } = self;
        Bound { callee, parts: Parts { call, again: Once::NEW, extras }, mode }
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    A: Repeat<KA, SA>,
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
        let Self { callee, parts: Parts { call, again, extras }, mode } = self;
        let extras = extras.hooks().with_hit(NodeHook::NEW).with_miss(NodeHook::NEW);
        Bound { callee, parts: Parts { call, again, extras }, mode }
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    /// Whether a hit need not know more than the key.
    pub(super) const GLANCES: bool = C::GLANCES && !X::ON_HIT;

    /// What it is usually answered with, if that is there at once. It takes no `self`: all of that would have to be
    /// in memory for it.
    #[inline]
    pub(super) fn glance(callee: &C, keyed: &KA, mode: Mode) -> Option<<C::Returns as Returns>::Output> {
        if const { Self::GLANCES } && mode.is_plain() {
            callee.glance(keyed).map(C::Returns::join)
        } else {
            None
        }
    }

    /// Looks the call up, and tells the hook. The whole of a hit, unless a glance was enough.
    #[inline]
    pub(super) fn look_up(&self, after_glance: bool) -> Found<<C::Returns as Returns>::Held> {
        look_up(&self.callee, &self.callee.memo(), &self.parts, self.mode, after_glance)
    }
}

/// Looks a call up, and tells the hook.
#[inline]
pub(super) fn look_up<C, KA, SA, Run, A, X>(
    callee: &C,
    memo: &Handle<'_, <C::Shape as Shape>::Owned, <C::Returns as Returns>::Held>,
    Parts { call, extras, .. }: &Parts<KA, SA, Run, A, X>,
    mode: Mode,
    after_glance: bool,
) -> Found<<C::Returns as Returns>::Held>
where
    C: Callee<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    let tell = |key: &KeyRef<'_>, held: &<C::Returns as Returns>::Held| {
        if let Some(value) = C::Returns::value(held) {
            memo.run_hook(|| extras.on_hit(&call.keyed, &call.skipped, key, value));
        }
    };
    let tell: Option<OnHit<'_, _>> = if X::ON_HIT { Some(&tell) } else { None };
    let look = Look::of(mode).after_glance_if(after_glance);
    callee.look(&call.keyed, Cx::new(memo.typed(), look).on_hit(tell))
}

impl<C: Callee<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    /// The call, of a kind, that was not answered.
    #[inline]
    pub(super) fn into_called<M, D>(self) -> (C, Mode, Called<M, C::Returns, KA, SA, Run, D, A, X>) {
        let Self { callee, parts, mode } = self;
        (callee, mode, Called::new(parts))
    }
}

/// How a job that computes for a flight is started, by the kind of function.
pub(crate) trait Starts<J> {
    /// Starts it.
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: J);
}

/// How a call is made once more, by the kind of function; or not at all, for [`NoHook`], of which nothing is
/// compiled.
pub(crate) trait Repeats<KA, SA, A> {
    /// Whether it can be.
    const REPEATS: bool = true;
    /// Makes it, as the leader of a flight.
    fn repeat(again: &A, keyed: KA, skipped: SA, lead: Lead);
}

impl<KA, SA, A> Repeats<KA, SA, A> for NoHook {
    const REPEATS: bool = false;
    fn repeat(_: &A, _: KA, _: SA, _: Lead) {
        unreachable!("nobody asks for it")
    }
}

/// Makes it by the job of the call.
pub(super) fn repeat<M, KA, SA, A>(again: &A, keyed: KA, skipped: SA, lead: Lead)
where
    M: Starts<A::Job>,
    A: Repeat<KA, SA>,
{
    let (memo, flight) = (lead.memo.clone(), lead.flight().clone());
    if let Some(job) = again.job(keyed, skipped, FlightHandle::new(lead)) {
        M::start(&memo, &flight, job);
    }
}

/// A call that was not answered at once. `M` is its kind.
pub struct Called<M, R: Returns, KA, SA, Run, D, A, X> {
    /// None when its body was begun.
    call: Option<Prepared<KA, SA, Run>>,
    pub(crate) again: A,
    pub(crate) extras: X,
    /// What describes the value; none before the body was begun.
    describe: Option<D>,
    pub(crate) outcome: ReturnSlot<R>,
    kind: PhantomData<fn() -> M>,
}

impl<M, R: Returns, KA, SA, Run, D, A, X> Called<M, R, KA, SA, Run, D, A, X> {
    #[inline]
    pub(super) fn new(Parts { call, again, extras }: Parts<KA, SA, Run, A, X>) -> Self {
        Self { call: Some(call), again, extras, describe: None, outcome: ReturnSlot(None), kind: PhantomData }
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
        let Some(Prepared { keyed, skipped, run }) = self.call.take() else {
            unreachable!("a body is run once")
        };
        let (body, describe) = run(keyed, skipped);
        self.describe = Some(describe);
        body
    }
}

impl<M, R: Returns, KA, SA, Run, D> Called<M, R, KA, SA, Run, D, NoHook, NoHook> {
    /// A call that nothing is told of.
    pub(crate) fn alone(call: Prepared<KA, SA, Run>) -> Self {
        Self::new(Parts { call, again: NoHook, extras: NoHook })
    }
}

impl<M, R: Returns, KA, SA, Run, D> Called<M, R, KA, SA, Run, D, NoHook, NoHook> {
    /// A call whose body was made.
    pub(crate) fn described_by(describe: D) -> Self {
        let outcome = ReturnSlot(None);
        Self {
            call: None,
            again: NoHook,
            extras: NoHook,
            describe: Some(describe),
            outcome,
            kind: PhantomData,
        }
    }
}

impl<M, R, KA, SA, Run, D, A, X> Repeatable for Called<M, R, KA, SA, Run, D, A, X>
where
    M: Repeats<KA, SA, A>,
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
        let face = self.extras.placeholder(&call.keyed, &call.skipped)?;
        R::keep(face).map(Erased::new)
    }

    fn can_repeat(&self) -> bool {
        M::REPEATS
    }

    fn repeat(&mut self, lead: Lead) {
        let Prepared { keyed, skipped, .. } = self.take_call();
        M::repeat(&self.again, keyed, skipped, lead);
    }
}

impl<M, R, KA, SA, Run, D, A, X> Described for Called<M, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    fn returned(&mut self) -> &mut dyn Returned {
        &mut self.outcome
    }

    fn describes(&self) -> bool {
        describes::<D, R::Value>()
    }

    fn describe(&self, value: Option<&Erased>, draft: &mut Draft) {
        if let Some(describe) = &self.describe {
            let value = if let Some(value) = value { R::value(value.get()) } else { None };
            describe(value, draft);
        }
    }
}

impl<M, R, KA, SA, Run, B, D, A, X> Body for Called<M, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    fn run(&mut self) {
        let body = self.begin_body();
        self.outcome = ReturnSlot(Some(body()));
    }
}
