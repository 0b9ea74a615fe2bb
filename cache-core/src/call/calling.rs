//! One call of an asynchronous function: what an [`Entry`](crate::Entry) of one is made of, and the
//! future of calling it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::bound::{RunsInBackground, StartsJob};
use super::verbs::CompanionValueOf;
use super::verbs::sealed::Sealed;
use super::{
    Address, BackgroundCall, Bound, Extras, FlightHandle, MemoizedFn, UnansweredCall, WaitLimits as _,
    WriteCall,
};
use crate::address::Key;
use crate::engine::{CallMode, Found, LeaderGuard, SlowPath};
use crate::entry::Async;
use crate::erased::Erased;
use crate::flight::{Flight, polled_with_context};
use crate::future::{Driven, MissStart, Polled, by_caller, by_clock, by_owner};
use crate::memo::{Memo, MemoCore, When};
use crate::metadata::EntryMetadata;
use crate::slot::{Slot, companion_value};
use crate::value::Returns;

/// One call of an asynchronous function. It is the future of calling it, too: the driver is part of it,
/// so that whether it can be sent to another thread depends on what it is made of.
pub trait AsyncCall: WriteCall<Mode = Async> + Unpin {
    /// Says how to call.
    #[doc(hidden)]
    fn set(&mut self, how: CallKind);
    /// Computes and stores, whatever is there.
    #[doc(hidden)]
    fn refresh(&mut self);
    /// Goes on.
    #[doc(hidden)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

/// How to call without a look-up.
pub enum CallKind {
    /// Runs the body, touches nothing.
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

    /// In another way. To set it costs more than a hit does.
    pub(crate) fn by(how: CallKind, mut call: C) -> Self {
        call.set(how);
        Self { call }
    }

    pub(crate) fn refresh(mut call: C) -> Self {
        call.refresh();
        Self { call }
    }
}

/// A call, and the driver that it goes over to when it is not answered at once.
pub struct Asynchronous<Bo, T, F> {
    state: CallState<Bo, F>,
    drive: fn(MissStart, T) -> F,
}

/// Nothing in it is pinned: the driver is in a box.
impl<Bo, T, F> Unpin for Asynchronous<Bo, T, F> {}

enum CallState<Bo, F> {
    /// It is to be answered, or computed.
    Idle(Bo),
    /// It is a box: a driver is large, and a hit, which needs none, would be moved about with room for it.
    Running(F),
    Over,
}

impl<Bo, T, F> Asynchronous<Bo, T, F> {
    #[inline]
    fn new(bound: Bo, drive: fn(MissStart, T) -> F) -> Self {
        Self { state: CallState::Idle(bound), drive }
    }

    /// The call, which has not begun.
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

    /// The call, which begins.
    fn begin(&mut self) -> Bo {
        match std::mem::replace(&mut self.state, CallState::Over) {
            CallState::Idle(bound) => bound,
            _ => unreachable!("`Calling` is not polled after it is ready"),
        }
    }
}

impl<Bo, T, F> Sealed for Asynchronous<Bo, T, F> {}

/// A call that was not answered.
type CalledAsync<C, KA, SA, Run, D, A, X> =
    UnansweredCall<Async, <C as MemoizedFn<KA>>::Returns, KA, SA, Run, D, A, X>;
/// What a call returns.
type OutputOf<C, KA> = <<C as MemoizedFn<KA>>::Returns as Returns>::Output;
/// What describes its value.
type ValueOf<C, KA> = <<C as MemoizedFn<KA>>::Returns as Returns>::Value;

impl<C, KA, SA, Run, B, D, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = OutputOf<C, KA>>,
    D: Fn(Option<&ValueOf<C, KA>>, &mut EntryMetadata),
    X: Extras<KA, SA, C::Returns>,
{
    /// Computed as part of its caller.
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

    /// The same for what owns all it needs: an executor goes on with it when all have left.
    #[inline]
    pub fn by_owner(
        self,
    ) -> Asynchronous<
        Self,
        CalledAsync<C, KA, SA, Run, D, A, X>,
        Driven<Polled<CalledAsync<C, KA, SA, Run, D, A, X>, B>>,
    >
    where
        OutputOf<C, KA>: Send,
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

    /// Computed by its caller as long as that waits, then in the background.
    #[inline]
    pub fn by_clock(
        self,
    ) -> Asynchronous<
        Self,
        CalledAsync<C, KA, SA, Run, D, A, X>,
        Pin<Box<impl Future<Output = OutputOf<C, KA>>>>,
    >
    where
        A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    {
        Asynchronous::new(self, |begun, called| {
            Box::pin(by_clock::<C::Returns, KA, SA, Run, A, X, B, D>(begun, called))
        })
    }
}

impl<C: MemoizedFn<KA>, KA, SA, Run, A, X, M, F> Address for Asynchronous<Bound<C, KA, SA, Run, A, X>, M, F> {
    type Output = OutputOf<C, KA>;
    type CompanionValue = CompanionValueOf<C, KA>;
    type Mode = Async;

    #[inline]
    fn get(&self) -> Option<Self::CompanionValue> {
        self.idle().read()
    }
    fn key(&self) -> Key<Self::CompanionValue, Async> {
        self.idle().address()
    }
    fn memo(slot: &'static Slot) -> Memo<Self::CompanionValue, Async> {
        Memo::of(C::memo_in(slot).arc(), companion_value::<C::Returns>)
    }
}

impl<C, KA, SA, Run, B, D, A, J, X, M, F> WriteCall for Asynchronous<Bound<C, KA, SA, Run, A, X>, M, F>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    D: Fn(Option<&ValueOf<C, KA>>, &mut EntryMetadata),
    A: BackgroundCall<KA, SA, Job = J>,
    J: Future<Output = ()> + Send + 'static,
    X: Extras<KA, SA, C::Returns>,
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

impl<KA, SA, A> RunsInBackground<KA, SA, A> for Async
where
    A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
{
    fn run_in_background(background_call: &A, keyed: KA, skipped: SA, leader: LeaderGuard) {
        super::bound::run_in_background::<Self, _, _, _>(background_call, keyed, skipped, leader);
    }
}

impl<J: Future<Output = ()> + Send + 'static> StartsJob<J> for Async {
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: J) {
        // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
        let job = polled_with_context(Some(flight.context.clone()), job);
        #[cfg(feature = "testing")]
        let job = crate::testing::in_this_scope(job);
        memo.runtime().spawn(Box::pin(job));
    }
}

impl<C, KA, SA, Run, B, D, A, X, F> AsyncCall
    for Asynchronous<Bound<C, KA, SA, Run, A, X>, CalledAsync<C, KA, SA, Run, D, A, X>, F>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    D: Fn(Option<&ValueOf<C, KA>>, &mut EntryMetadata),
    A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, C::Returns>,
    F: Future<Output = OutputOf<C, KA>> + Unpin,
{
    fn set(&mut self, how: CallKind) {
        let begun = match how {
            CallKind::Uncached => MissStart::InPlace(None),
            CallKind::ForFlight(handle) => MissStart::Lead(handle.into_leader()),
        };
        let (_, _, called) = self.begin().into_called::<Async, D>();
        self.state = CallState::Running((self.drive)(begun, called));
    }

    fn refresh(&mut self) {
        if let CallState::Idle(bound) = &mut self.state {
            bound.mode = bound.mode.with(CallMode::REFRESH, true);
        }
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // By reference: the call is moved only if it is not answered.
        if let CallState::Idle(bound) = &self.state {
            let slow_path = if const { Bound::<C, KA, SA, Run, A, X>::GLANCES } {
                let Bound { callee, parts, mode } = bound;
                match Bound::<C, KA, SA, Run, A, X>::glance(callee, &parts.call.keyed, *mode) {
                    Some(output) => return Poll::Ready(output),
                    None => None,
                }
            } else {
                match bound.look_up(false) {
                    Found::Hit(stored) => return Poll::Ready(C::Returns::join(stored)),
                    Found::Slow(slow_path) => Some(slow_path),
                }
            };
            if let Some(output) = self.go_on(slow_path) {
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
    A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, C::Returns>,
{
    /// Goes over to the driver, unless the call is answered. `slow_path` is what the look-up has found;
    /// none if there was only a glance, and the call is yet to be looked up.
    #[cold]
    #[inline(never)]
    fn go_on(&mut self, slow_path: Option<SlowPath>) -> Option<OutputOf<C, KA>> {
        let bound = self.begin();
        let found = match slow_path {
            Some(slow_path) => Found::Slow(slow_path),
            None => bound.look_up(true),
        };
        let slow_path = match found {
            Found::Hit(stored) => return Some(C::Returns::join(stored)),
            Found::Slow(slow_path) => slow_path,
        };
        let (function, mode, mut called) = bound.into_called::<Async, D>();
        match called.begin::<C>(&function.memo(), slow_path, mode) {
            Ok(begun) => {
                self.state = CallState::Running((self.drive)(begun, called));
                None
            }
            Err(stored) => Some(C::Returns::join(stored.into())),
        }
    }
}

impl<R, KA, SA, Run, D, A, X> UnansweredCall<Async, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, R>,
{
    /// What a call of `C` comes to before its first await: an answer, or what the driver is to do.
    #[inline]
    pub(super) fn begin<C: MemoizedFn<KA>>(
        &mut self,
        memo: &MemoCore,
        slow_path: SlowPath,
        mode: CallMode,
    ) -> Result<MissStart, Erased> {
        const { super::background_call::refuse_if(X::PLACEHOLDER || C::IN_BACKGROUND, A::WHY_NOT) }
        // Only where it may be asked for is there code for the background.
        let has_actions = const { A::ASKED || X::PLACEHOLDER || X::ON_MISS || C::IN_BACKGROUND };
        MissStart::of(memo, slow_path, mode, if has_actions { Some(self) } else { None })
    }
}

impl<C, R, KA, SA, Run, D, A, X> UnansweredCall<C, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    X: Extras<KA, SA, R>,
{
    /// How long it waits.
    pub(crate) fn limits(&self) -> super::Limits {
        self.extras.timeouts().limits()
    }
}

impl<C: AsyncCall> Future for Calling<C> {
    type Output = C::Output;
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        self.get_mut().call.poll(cx)
    }
}
