//! One call of an asynchronous function, and the future of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::bound::WAS_FOUND;
use super::verbs::sealed::Sealed;
use super::{
    Address, Bound, Description, Extras, FlightHandle, MakesBody, MakesJob, MemoizedFn, Unanswered,
    UnansweredCall, WaitLimits as _, WriteCall,
};
use crate::address::Key;
use crate::engine::CallMode;
use crate::entry::Async;
use crate::future::{Driven, MissStart, Polled, by_caller, by_clock, by_owner};
use crate::memo::When;

/// One call of an asynchronous function, and the future of it. The driver is part of it, so the compiler sees whether
/// it can be sent to other threads.
pub trait AsyncCall: WriteCall<Mode = Async> + Unpin {
    /// Sets how to call.
    #[doc(hidden)]
    fn set(&mut self, how: CallKind);
    /// Computes and stores, whatever is there.
    #[doc(hidden)]
    fn refresh(&mut self);
    /// Polls the call.
    #[doc(hidden)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

/// A call without a look-up.
pub enum CallKind {
    /// Runs the body, and touches nothing.
    Uncached,
    /// Computes for a flight that was begun.
    ForFlight(FlightHandle),
}

/// The future of calling an asynchronous memoized function: [`Entry::call`](crate::Entry::call).
///
/// A hit is ready at the first poll. To drop it cancels nobody else: if others wait for its computation, one of
/// them begins with one of its own.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Calling<C> {
    call: C,
}

impl<C> std::fmt::Debug for Calling<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calling").finish_non_exhaustive()
    }
}

impl<C: AsyncCall> Calling<C> {
    /// Answers from the cache, or computes.
    #[inline]
    pub(crate) fn new(call: C) -> Self {
        Self { call }
    }

    /// Calls without a look-up.
    pub(crate) fn by(how: CallKind, mut call: C) -> Self {
        call.set(how);
        Self { call }
    }

    pub(crate) fn refresh(mut call: C) -> Self {
        call.refresh();
        Self { call }
    }
}

/// A call, and its driver if it is not answered at once.
pub struct Asynchronous<Bo, T, F> {
    state: CallState<Bo, F>,
    drive: fn(MissStart, T) -> F,
}

/// Nothing in it is pinned: the driver is in a box.
impl<Bo, T, F> Unpin for Asynchronous<Bo, T, F> {}

enum CallState<Bo, F> {
    /// Nobody has polled it.
    Idle(Bo),
    /// The driver runs. It is in a box: it is large, and a hit, which needs none, would be moved with room for it.
    Running(F),
    Over,
}

impl<Bo, T, F> Asynchronous<Bo, T, F> {
    #[inline]
    fn new(bound: Bo, drive: fn(MissStart, T) -> F) -> Self {
        Self { state: CallState::Idle(bound), drive }
    }

    /// The call. It has not begun.
    fn idle(&self) -> &Bo {
        match &self.state {
            CallState::Idle(bound) => bound,
            _ => unreachable!("an entry that is called is gone"),
        }
    }

    fn into_idle(self) -> Bo {
        match self.state {
            CallState::Idle(bound) => bound,
            _ => unreachable!("an entry that is called is gone"),
        }
    }

    /// Takes the call, which begins.
    fn begin(&mut self) -> Bo {
        match std::mem::replace(&mut self.state, CallState::Over) {
            CallState::Idle(bound) => bound,
            _ => unreachable!("`Calling` is not polled after it is ready"),
        }
    }
}

impl<Bo, T, F> Sealed for Asynchronous<Bo, T, F> {}

/// A call that was not answered.
type CalledAsync<C, KA, SA, Run, D, A, X> = UnansweredCall<
    Async,
    <C as MemoizedFn<KA>>::Output,
    <C as MemoizedFn<KA>>::CompanionValue,
    KA,
    SA,
    Run,
    D,
    A,
    X,
>;

impl<C, KA, SA, Run, B, D, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    B: Future<Output = C::Output>,
    D: Description,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// The caller computes.
    #[inline]
    pub fn by_caller(
        self,
    ) -> Asynchronous<
        Self,
        CalledAsync<C, KA, SA, Run, D, A, X>,
        Driven<Polled<CalledAsync<C, KA, SA, Run, D, A, X>, B>>,
    > {
        Asynchronous::new(self, |begun, called| by_caller(begun, called.limits(), Polled::new(called)))
    }

    /// The same for a call that owns all it needs: an executor goes on with it when all callers have left.
    #[inline]
    pub fn by_owner(
        self,
    ) -> Asynchronous<
        Self,
        CalledAsync<C, KA, SA, Run, D, A, X>,
        Driven<Polled<CalledAsync<C, KA, SA, Run, D, A, X>, B>>,
    >
    where
        C::Output: Send,
        KA: Send + 'static,
        SA: Send + 'static,
        Run: Send + 'static,
        A: Send + 'static,
        X: Send + 'static,
        B: Send + 'static,
        D: Send + 'static,
    {
        Asynchronous::new(self, |begun, called| by_owner(begun, called.limits(), Polled::new(called)))
    }

    /// The caller computes while it waits, then the background.
    #[inline]
    pub fn by_clock(
        self,
    ) -> Asynchronous<Self, CalledAsync<C, KA, SA, Run, D, A, X>, Pin<Box<impl Future<Output = C::Output>>>>
    where
        A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    {
        Asynchronous::new(self, |begun, called| Box::pin(by_clock(begun, called)))
    }
}

impl<C: MemoizedFn<KA>, KA, SA, Run, A, X, M, F> Address for Asynchronous<Bound<C, KA, SA, Run, A, X>, M, F> {
    type Output = C::Output;
    type CompanionValue = C::CompanionValue;
    type Mode = Async;

    #[inline]
    fn get(&self) -> Option<Self::CompanionValue> {
        self.idle().read()
    }
    fn key(&self) -> Key<Self::CompanionValue, Async> {
        self.idle().address()
    }
}

impl<C, KA, SA, Run, A, X, M, F> WriteCall for Asynchronous<Bound<C, KA, SA, Run, A, X>, M, F>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA>,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    const WHY_NOT_IN_BACKGROUND: Option<&'static str> = A::WHY_NOT;

    fn insert(self, value: Self::CompanionValue, when: When) -> bool {
        self.into_idle().write(value, when)
    }
    fn update(
        self,
        change: impl FnMut(Self::CompanionValue) -> Self::CompanionValue,
    ) -> Option<Self::CompanionValue> {
        self.into_idle().change(change)
    }
    fn prefetch(self) -> Option<Self::CompanionValue> {
        self.into_idle().begin_prefetch::<Async>()
    }
}

impl<C, KA, SA, Run, D, A, X, F> AsyncCall
    for Asynchronous<Bound<C, KA, SA, Run, A, X>, CalledAsync<C, KA, SA, Run, D, A, X>, F>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Description = D>,
    D: Description,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
    F: Future<Output = C::Output> + Unpin,
{
    fn set(&mut self, how: CallKind) {
        let Bound { callee, parts, .. } = self.begin();
        let (begun, kind) = match how {
            CallKind::Uncached => (MissStart::InPlace(None), None),
            CallKind::ForFlight(handle) => {
                (MissStart::Lead(handle.into_leader()), Some(callee.own(None).kind))
            }
        };
        self.state = CallState::Running((self.drive)(begun, UnansweredCall::new(parts, kind)));
    }

    fn refresh(&mut self) {
        if let CallState::Idle(bound) = &mut self.state {
            bound.mode = bound.mode.with(CallMode::REFRESH, true);
        }
    }

    // Always inlined: see `Call::call`.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // By reference: the call is moved only if a glance does not answer it.
        if let CallState::Idle(bound) = &self.state {
            let Bound { callee, parts, mode } = bound;
            let found = match Bound::<C, KA, SA, Run, A, X>::hit(callee, parts, *mode) {
                Ok(output) => return Poll::Ready(output),
                Err(found) => found,
            };
            if let Some(output) = self.go_on(found) {
                return Poll::Ready(output);
            }
        }
        match &mut self.state {
            CallState::Running(future) => Pin::new(future).poll(cx),
            _ => unreachable!("`Calling` is not polled after it is ready"),
        }
    }
}

impl<C, KA, SA, Run, D, A, X, F>
    Asynchronous<Bound<C, KA, SA, Run, A, X>, CalledAsync<C, KA, SA, Run, D, A, X>, F>
where
    C: MemoizedFn<KA>,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// Starts the driver, unless the call is answered now.
    #[cold]
    #[inline(never)]
    fn go_on(&mut self, found: Option<Unanswered<C::Output, C::CompanionValue>>) -> Option<C::Output> {
        let bound = self.begin();
        let (called, begun) = match bound.begin_unless_answered(found) {
            Ok(begun) => begun,
            Err(output) => return Some(output),
        };
        self.state = CallState::Running((self.drive)(begun, called));
        None
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// What an asynchronous call does between a glance and its first await. Returns the answer as `Err`, or what the
    /// driver begins with.
    pub(super) fn begin_unless_answered<D>(
        self,
        mut found: Option<Unanswered<C::Output, C::CompanionValue>>,
    ) -> Result<(CalledAsync<C, KA, SA, Run, D, A, X>, MissStart), C::Output> {
        const { super::background_call::refuse_if(X::PLACEHOLDER || X::IN_BACKGROUND, A::WHY_NOT) }
        let Self { callee, parts, mode } = self;
        if let Some(output) = Self::look_up_further(&callee, &parts, mode, &mut found) {
            return Err(output);
        }
        let Some(Unanswered { memo, mut slow_path, kind }) = found else { unreachable!("{WAS_FOUND}") };
        let mut called = UnansweredCall::new(parts, Some(kind));
        // Without an option that asks for it, no code for the background is compiled.
        let has_actions = const { X::ON_MISS || Self::IN_BACKGROUND };
        match memo.start(&mut slow_path, mode, if has_actions { Some(&mut called) } else { None }) {
            Ok(begun) => Ok((called, begun)),
            Err(stored) => Err((kind.join)(stored)),
        }
    }
}

impl<M, O, V, KA, SA, Run, D, A, X: Extras<KA, SA, O, V>> UnansweredCall<M, O, V, KA, SA, Run, D, A, X> {
    /// How long the call waits.
    pub(crate) fn limits(&self) -> super::Limits {
        self.extras.timeouts().limits()
    }
}

impl<C: AsyncCall> Future for Calling<C> {
    type Output = C::Output;
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        self.get_mut().call.poll(cx)
    }
}
