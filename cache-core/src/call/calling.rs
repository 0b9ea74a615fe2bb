//! One call of an asynchronous function, and its future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::future::{Driven, DrivenBy, MissStart, Polled, within_limits};
use super::verbs::sealed::Sealed;
use super::{
    Address, BeginsUpdate, BegunUpdate, Bound, Description, Extras, FlightHandle, MakesBody, MakesJob,
    MemoizedFn, Unanswered, UnansweredCall, WaitLimits as _, WriteCall,
};
use crate::done::{Done, Read};
use crate::engine::CallMode;
use crate::flight::Limits;
use crate::handles::Key;
use crate::memo::When;
use crate::mode::Async;

/// One call of an asynchronous function, and its future. The driver is part of it, so the compiler sees
/// whether it can be sent to other threads.
pub trait AsyncCall: WriteCall<Mode = Async> + Unpin {
    /// Sets how to call.
    #[doc(hidden)]
    fn set(&mut self, how: CallKind);
    /// Makes the call compute and store, whatever the cache holds.
    #[doc(hidden)]
    fn refresh(&mut self);
    /// Polls the call.
    #[doc(hidden)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

/// A call without a look-up.
pub enum CallKind {
    /// Runs the body without reading or writing the cache.
    Uncached,
    /// Computes for a flight that has begun.
    ForFlight(FlightHandle),
}

/// The future of a call of an asynchronous memoized function. [`Entry::call`](crate::Entry::call) returns it.
///
/// A hit is ready at the first poll. Dropping the future does not cancel other calls: if some wait for its
/// computation, one of them runs its own body.
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

/// A call, and its driver `F` if it is not answered at once. `W` makes the driver.
pub struct Asynchronous<Bo, F, W> {
    state: CallState<Bo, F>,
    begins: W,
}

/// Nothing in it is pinned, because the driver is in a box.
impl<Bo, F, W> Unpin for Asynchronous<Bo, F, W> {}

enum CallState<Bo, F> {
    /// It was not polled yet.
    Idle(Bo),
    /// The driver runs. It is in a box because it is large, and a hit, which needs none, would be moved with
    /// room for it.
    Running(F),
    Over,
}

impl<Bo, F, W> Asynchronous<Bo, F, W> {
    #[inline]
    fn new(bound: Bo, begins: W) -> Self {
        Self { state: CallState::Idle(bound), begins }
    }

    /// Returns the call, which has not begun.
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

    /// Takes the call out, because it begins.
    fn begin(&mut self) -> Option<Bo> {
        match std::mem::replace(&mut self.state, CallState::Over) {
            CallState::Idle(bound) => Some(bound),
            _ => None,
        }
    }
}

impl<Bo, F, W> Sealed for Asynchronous<Bo, F, W> {}

/// Begins calls that were not answered, with a driver `F`.
pub(crate) trait Begins<O: 'static, V: 'static, T, F> {
    /// Begins one. The error is a return value that answers it after all.
    fn begin(&self, found: &mut Unanswered<O, V>, mode: CallMode, called: T) -> Result<F, O>;
    /// Makes the driver of one that has begun.
    fn drive(&self, begun: MissStart, called: T) -> F;
}

impl<O, V, KA, SA, Run, B, D, A, X>
    Begins<O, V, UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>, DrivenCall<O, V, KA, SA, Run, B, D, A, X>>
    for DrivenBy<Polled<UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>, B>>
where
    A: MakesJob<Async, O, V, KA, SA, Run>,
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    B: Future<Output = O>,
    D: Description,
    X: Extras<KA, SA, O, V>,
{
    fn begin(
        &self,
        found: &mut Unanswered<O, V>,
        mode: CallMode,
        called: UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>,
    ) -> Result<DrivenCall<O, V, KA, SA, Run, B, D, A, X>, O> {
        self.begin_polled(found, mode, Polled::new(called))
    }

    fn drive(
        &self,
        begun: MissStart,
        called: UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>,
    ) -> DrivenCall<O, V, KA, SA, Run, B, D, A, X> {
        self.drive_polled(begun, Polled::new(called))
    }
}

/// A function that makes the driver.
pub struct ByClock<T, F>(fn(MissStart, T) -> F);

impl<O, V, KA, SA, Run, D, A, X, F> Begins<O, V, UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>, F>
    for ByClock<UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>, F>
where
    A: MakesJob<Async, O, V, KA, SA, Run>,
    X: Extras<KA, SA, O, V>,
{
    fn begin(
        &self,
        found: &mut Unanswered<O, V>,
        mode: CallMode,
        mut called: UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>,
    ) -> Result<F, O> {
        Ok(self.drive(found.start(mode, called.miss_actions())?, called))
    }

    fn drive(&self, begun: MissStart, called: UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>) -> F {
        (self.0)(begun, called)
    }
}

/// A return that an executor may hand on.
#[diagnostic::on_unimplemented(
    message = "the future of a memoized function is `Send`, and what it returns is not: `{Self}`",
    label = "not `Send`",
    note = "return `Box<dyn Error + Send + Sync>` in place of `Box<dyn Error>`, and an `Arc` in place of an `Rc`; or write `#[memoize(?Send)]`"
)]
pub trait IsSentToOthers: Send {}

#[diagnostic::do_not_recommend]
impl<T: Send> IsSentToOthers for T {}

/// A call with its driver.
type DrivenCall<O, V, KA, SA, Run, B, D, A, X> =
    Driven<Polled<UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>, B>>;

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

/// A call with a driver that polls its body itself.
type DrivenHere<C, KA, SA, Run, B, D, A, X> = Asynchronous<
    Bound<C, KA, SA, Run, A, X>,
    Driven<Polled<CalledAsync<C, KA, SA, Run, D, A, X>, B>>,
    DrivenBy<Polled<CalledAsync<C, KA, SA, Run, D, A, X>, B>>,
>;

/// A call with a driver that may leave the body to the background.
type DrivenByClock<C, KA, SA, Run, D, A, X, F> =
    Asynchronous<Bound<C, KA, SA, Run, A, X>, F, ByClock<CalledAsync<C, KA, SA, Run, D, A, X>, F>>;

impl<C, KA, SA, Run, B, D, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    B: Future<Output = C::Output>,
    D: Description,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// Makes a call that its caller computes.
    #[inline]
    pub fn by_caller(self) -> DrivenHere<C, KA, SA, Run, B, D, A, X> {
        Asynchronous::new(self, DrivenBy::caller())
    }

    /// Makes a call that its caller computes and that owns everything it needs. An executor goes on with it
    /// when all callers have left.
    #[inline]
    pub fn by_owner<O: IsSentToOthers>(self) -> DrivenHere<C, KA, SA, Run, B, D, A, X>
    where
        C: MemoizedFn<KA, Output = O>,
        KA: Send + 'static,
        SA: Send + 'static,
        Run: Send + 'static,
        A: Send + 'static,
        X: Send + 'static,
        B: Send + 'static,
        D: Send + 'static,
    {
        Asynchronous::new(self, DrivenBy::owner())
    }

    /// Makes a call that its caller computes while it waits, and the background afterwards.
    #[inline]
    pub fn by_clock(self) -> DrivenByClock<C, KA, SA, Run, D, A, X, Pin<Box<impl Future<Output = C::Output>>>>
    where
        A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    {
        Asynchronous::new(self, ByClock(|begun, called| Box::pin(within_limits(begun, called))))
    }
}

impl<C: MemoizedFn<KA>, KA, SA, Run, A, X, F, W> Address for Asynchronous<Bound<C, KA, SA, Run, A, X>, F, W> {
    type Output = C::Output;
    type CompanionValue = C::CompanionValue;
    type Mode = Async;

    #[inline]
    fn get(&self) -> Read<Self::CompanionValue> {
        self.idle().read()
    }
    fn key(&self) -> Key<Self::CompanionValue, Async> {
        self.idle().address()
    }
}

impl<C, KA, SA, Run, A, X, F, W> WriteCall for Asynchronous<Bound<C, KA, SA, Run, A, X>, F, W>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA>,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    const WHY_NOT_IN_BACKGROUND: Option<&'static str> = A::WHY_NOT;

    fn insert(self, value: Self::CompanionValue, when: When) -> Done<bool> {
        self.into_idle().write(value, when)
    }
    fn begin_update(&self) -> Option<BeginsUpdate> {
        self.idle().ask_to_change()
    }
    fn update(
        self,
        begun: Option<BegunUpdate>,
        change: impl FnMut(Self::CompanionValue) -> Self::CompanionValue,
    ) -> Read<Self::CompanionValue> {
        self.into_idle().change(begun, change)
    }
    fn prefetch(self) -> Option<Self::CompanionValue> {
        self.into_idle().begin_prefetch::<Async>()
    }
}

impl<C, KA, SA, Run, D, A, X, F, W> AsyncCall for Asynchronous<Bound<C, KA, SA, Run, A, X>, F, W>
where
    W: Begins<C::Output, C::CompanionValue, CalledAsync<C, KA, SA, Run, D, A, X>, F>,
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Description = D>,
    D: Description,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
    F: Future<Output = C::Output> + Unpin,
{
    fn set(&mut self, how: CallKind) {
        let Some(Bound { callee, parts, .. }) = self.begin() else { return };
        let (begun, kind) = match how {
            CallKind::Uncached => (MissStart::InPlace(None), None),
            CallKind::ForFlight(handle) => (MissStart::Lead(handle.into_leader()), Some(callee.kind())),
        };
        self.state = CallState::Running(self.begins.drive(begun, UnansweredCall::new(parts, kind)));
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
            CallState::Running(driver) => Pin::new(driver).poll(cx),
            _ => unreachable!("`Calling` is not polled after it is ready"),
        }
    }
}

impl<C, KA, SA, Run, A, X, F, W> Asynchronous<Bound<C, KA, SA, Run, A, X>, F, W>
where
    C: MemoizedFn<KA>,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// Starts the driver, unless the call is answered now.
    #[cold]
    #[inline(never)]
    fn go_on<D>(&mut self, mut found: Unanswered<C::Output, C::CompanionValue>) -> Option<C::Output>
    where
        W: Begins<C::Output, C::CompanionValue, CalledAsync<C, KA, SA, Run, D, A, X>, F>,
    {
        const { super::background_call::refuse_if(X::PLACEHOLDER || X::IN_BACKGROUND, A::WHY_NOT) }
        let Bound { callee, parts, mode } = self.begin()?;
        if let Some(output) = Bound::look_up_further(&callee, &parts, mode, &mut found) {
            return Some(output);
        }
        let called = UnansweredCall::new(parts, Some(found.kind()));
        match self.begins.begin(&mut found, mode, called) {
            Ok(driver) => {
                self.state = CallState::Running(driver);
                None
            }
            Err(output) => Some(output),
        }
    }
}

impl<M, O, V, KA, SA, Run, D, A, X: Extras<KA, SA, O, V>> UnansweredCall<M, O, V, KA, SA, Run, D, A, X> {
    /// Returns how long the call waits.
    pub(crate) fn limits(&self) -> Limits {
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
