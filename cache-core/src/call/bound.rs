//! One call of a memoized function: its arguments, hooks and options.

use std::any::Any;

use super::lookup::{Asked, HitHookRef, Question};
use super::node::{Node, NodeHook};
use super::{
    Answer, BackgroundCall, BackgroundCallBy, ByArgs, Description, Extras, FlightHandle, Hooked, Hooking,
    Hooks, Lookup, MakesBody, MemoizedFn, NoBackgroundCall, NoHook, OwnedCall, Owners, PassedAs, Plain,
    PlainOfArgs, RequiredBackgroundCall, Timeouts, Unanswered, Why,
};
use crate::engine::{CallMode, LookFlags};
use crate::flight::{Limits, TimedOut};
use crate::key::{KeyRef, Ty};

/// The arguments of a call, and what makes its body.
pub struct Prepared<KA, SA, Run> {
    pub(crate) keyed: KA,
    pub(crate) skipped: SA,
    pub(crate) run: Run,
}

impl<KA, SA, Run: MakesBody<KA, SA>> Prepared<KA, SA, Run> {
    /// Makes the body, and the description of its value.
    #[inline]
    pub(crate) fn prepare(self) -> (Run::Body, Run::Description) {
        self.run.make(self.keyed, self.skipped)
    }
}

/// One call of a memoized function. `C` is the function, `KA` are the arguments in the key, `SA` those that are
/// skipped. `Run` makes the body, `A` makes the call once more, `X` has hooks and timeouts.
pub struct Bound<C, KA, SA, Run, A = NoHook, X = NoHook> {
    pub(super) callee: C,
    pub(super) parts: Parts<KA, SA, Run, A, X>,
    pub(super) mode: CallMode,
}

/// The parts of a call besides its function. They are moved in one piece.
pub(crate) struct Parts<KA, SA, Run, A, X> {
    pub(crate) call: Prepared<KA, SA, Run>,
    pub(crate) background_call: A,
    pub(crate) extras: X,
}

impl<KA, SA, Run, A, X> Parts<KA, SA, Run, A, X> {
    /// The same without a way into the background: no code is compiled for it.
    #[inline]
    pub(super) fn without_background_call(self) -> Parts<KA, SA, Run, NoHook, X> {
        Parts { call: self.call, background_call: NoHook, extras: self.extras }
    }

    /// Tells the hook of a hit.
    fn tell<O, V>(&self, key: &KeyRef<'_>, stored: &dyn Any)
    where
        X: Extras<KA, SA, O, V>,
    {
        self.extras.on_hit(&self.call.keyed, &self.call.skipped, key, stored);
    }
}

impl<L, O: 'static, V: 'static, const GLANCES: bool> super::Callee<L, O, V, GLANCES> {
    /// A call of a synchronous function whose value is not described.
    #[inline]
    pub fn bind<KA, SA>(
        self,
        keyed: KA,
        skipped: SA,
        body: fn(KA, SA) -> O,
    ) -> Bound<Self, KA, SA, Plain<KA, SA, O>>
    where
        Self: MemoizedFn<KA, Output = O>,
    {
        Bound::new(self, keyed, skipped, Plain(body), NoHook)
    }

    /// The same where it is known how all arguments are owned and passed again.
    #[inline]
    pub fn bind_args<P: PassedAs<KA>, KA>(
        self,
        keyed: KA,
        body: P::Function<O>,
    ) -> Bound<Self, KA, (), PlainOfArgs<P, O>, ByArgs>
    where
        Self: MemoizedFn<KA, Output = O>,
    {
        Bound::new(self, keyed, (), PlainOfArgs(body), ByArgs)
    }

    /// A call of a synchronous function.
    #[inline]
    pub fn bind_described<KA, SA, Run, B, D>(
        self,
        keyed: KA,
        skipped: SA,
        run: Run,
    ) -> Bound<Self, KA, SA, Run>
    where
        Self: MemoizedFn<KA, Output = O>,
        Run: FnOnce(KA, SA) -> (B, D),
        B: FnOnce() -> O,
        D: Description,
    {
        Bound::new(self, keyed, skipped, run, NoHook)
    }

    /// A call of an asynchronous function.
    #[inline]
    pub fn bind_async<KA, SA, Run, B, D>(self, keyed: KA, skipped: SA, run: Run) -> Bound<Self, KA, SA, Run>
    where
        Self: MemoizedFn<KA, Output = O>,
        Run: FnOnce(KA, SA) -> (B, D),
        D: Description,
    {
        Bound::new(self, keyed, skipped, run, NoHook)
    }

    /// The same for a call that owns all that it needs.
    #[inline]
    pub fn bind_async_owned<KA, SA, Run, B, D>(
        self,
        keyed: KA,
        skipped: SA,
        run: Run,
    ) -> Bound<Self, KA, SA, Run, OwnedCall>
    where
        Self: MemoizedFn<KA, Output = O>,
        Run: FnOnce(KA, SA) -> (B, D),
        D: Description,
    {
        Bound::new(self, keyed, skipped, run, OwnedCall)
    }
}

impl<C, KA, SA, Run, A> Bound<C, KA, SA, Run, A> {
    #[inline]
    fn new(callee: C, keyed: KA, skipped: SA, run: Run, background_call: A) -> Self {
        let call = Prepared { keyed, skipped, run };
        Self { callee, parts: Parts { call, background_call, extras: NoHook }, mode: CallMode::PLAIN }
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

    #[inline]
    fn with_background_call<Y>(self, with: impl FnOnce(A) -> Y) -> Bound<C, KA, SA, Run, Y, X> {
        let Self { callee, parts: Parts { call, background_call, extras }, mode } = self;
        Bound { callee, parts: Parts { call, background_call: with(background_call), extras }, mode }
    }

    /// Sets how long the call waits, and what it returns after that.
    #[inline]
    pub fn timeouts<F>(
        self,
        limits: Limits,
        late: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, X::Miss, X::PlaceholderHook, Timeouts<F>>>
    where
        X: Hooking,
        F: Fn(TimedOut) -> C::Output,
    {
        self.with_extras(|extras| extras.hooks().with_timeouts(Timeouts { limits, late }))
    }

    /// Sets the hook for hits. It gets the stored value; [`call_on_hit`](crate::__private::call_on_hit) knows the type.
    #[inline]
    pub fn on_hit<F>(
        self,
        hook: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<Hooked<F>, X::Miss, X::PlaceholderHook, X::Timeouts>>
    where
        X: Hooking,
        F: Fn(&KA, &SA, &KeyRef<'_>, &dyn Any),
    {
        self.with_extras(|extras| extras.hooks().with_hit(Hooked(hook)))
    }

    /// Sets the hook for misses.
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

    /// The function uses a node, which may have a hook for misses.
    #[inline]
    pub fn with_hooks_of_node<N: Node>(
        self,
        _: Ty<N>,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, NodeHook<N>, X::PlaceholderHook, X::Timeouts>>
    where
        X: Hooking,
    {
        self.with_extras(|extras| extras.hooks().with_miss(NodeHook::NEW))
    }

    /// Sets what the call returns while the first value is computed.
    #[inline]
    pub fn placeholder<F>(
        self,
        make: F,
    ) -> Bound<C, KA, SA, Run, A, Hooks<X::Hit, X::Miss, Hooked<F>, X::Timeouts>>
    where
        X: Hooking,
        F: Fn(&KA, &SA) -> C::CompanionValue,
    {
        self.with_extras(|extras| extras.hooks().with_placeholder(Hooked(make)))
    }

    /// An option asks for the background. Fails to compile if the call cannot be made there.
    #[inline]
    pub fn in_background(self) -> Bound<C, KA, SA, Run, RequiredBackgroundCall<A>, X>
    where
        A: BackgroundCall,
    {
        const { super::background_call::refuse_if(true, A::WHY_NOT) }
        self.with_background_call(RequiredBackgroundCall)
    }

    /// Sets how the call is made once more. `own` owns the arguments, `lead` computes for a flight with them. Both are
    /// told by `owners` how each argument is owned; the compiler is not asked where that is known.
    #[inline]
    pub fn background_call<W: Owners, K, J, P, L>(
        self,
        owners: W,
        own: P,
        lead: L,
    ) -> Bound<C, KA, SA, Run, BackgroundCallBy<W, P, L>, X>
    where
        P: Fn(W, KA, SA) -> K,
        L: Fn(W, K, FlightHandle) -> J,
        J: Send + 'static,
    {
        self.with_background_call(|_| BackgroundCallBy { owners, own, lead })
    }

    /// The call cannot be made once more.
    #[inline]
    pub fn no_background_call<Y: Why>(self, _: Y) -> Bound<C, KA, SA, Run, NoBackgroundCall<Y>, X> {
        self.with_background_call(|_| NoBackgroundCall::NEW)
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    A: BackgroundCall,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// Whether an option asks for the background.
    pub(super) const IN_BACKGROUND: bool = in_background::<A, KA, SA, C::Output, C::CompanionValue, X>();
}

/// Whether an option asks for the background.
pub(super) const fn in_background<A: BackgroundCall, KA, SA, O, V, X: Extras<KA, SA, O, V>>() -> bool {
    A::ASKED || X::PLACEHOLDER || X::IN_BACKGROUND
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// The whole of a hit: a glance, or the one look-up that there is. The error is what that one has found instead;
    /// nothing after a glance. It does not take `self`: a hit would have to write it to memory.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn hit(
        callee: &C,
        parts: &Parts<KA, SA, Run, A, X>,
        mode: CallMode,
    ) -> Result<C::Output, Unanswered<C::Output, C::CompanionValue>> {
        if const { C::GLANCES } {
            let keyed = &parts.call.keyed;
            if mode.is_plain() {
                let tell = |key: &KeyRef<'_>, stored: &dyn Any| {
                    parts.tell::<C::Output, C::CompanionValue>(key, stored);
                };
                let answer = if X::ON_HIT {
                    callee.look_up(Lookup::new(Some(keyed), &mut Asked::glance(&tell)))
                } else {
                    callee.look_up(Lookup::glance(keyed))
                };
                if let Answer::Output(output) = answer {
                    return Ok(output);
                }
            }
            return Err(Unanswered::nothing());
        }
        let mut found = Unanswered::nothing();
        match Self::look_up(callee, parts, mode, Question::Call, &mut found) {
            Answer::Output(output) => {
                // Nothing was found, and a drop would look.
                std::mem::forget(found);
                Ok(output)
            }
            _ => Err(found),
        }
    }

    /// Looks the call up. If there is no answer, `found` says what was found instead.
    #[inline]
    pub(super) fn look_up(
        callee: &C,
        parts: &Parts<KA, SA, Run, A, X>,
        mode: CallMode,
        question: Question,
        found: &mut Unanswered<C::Output, C::CompanionValue>,
    ) -> Answer<C::Output, C::CompanionValue> {
        let (keyed, look) = (Some(&parts.call.keyed), LookFlags::of(mode));
        let tell =
            |key: &KeyRef<'_>, stored: &dyn Any| parts.tell::<C::Output, C::CompanionValue>(key, stored);
        let tell: Option<HitHookRef<'_>> = if X::ON_HIT { Some(&tell) } else { None };
        callee.look_up(Lookup::new(keyed, &mut Asked::whole(question, look, tell, found)))
    }

    /// The same for the return of a call that was no hit.
    #[inline]
    pub(super) fn look_up_further(
        callee: &C,
        parts: &Parts<KA, SA, Run, A, X>,
        mode: CallMode,
        found: &mut Unanswered<C::Output, C::CompanionValue>,
    ) -> Option<C::Output> {
        if const { !C::GLANCES } {
            return None;
        }
        let question = if mode.is_plain() { Question::AfterGlance } else { Question::Call };
        match Self::look_up(callee, parts, mode, question, found) {
            Answer::Output(output) => Some(output),
            _ => None,
        }
    }
}
