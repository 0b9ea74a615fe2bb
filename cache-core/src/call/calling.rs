//! One call of an asynchronous function: what an [`Entry`](crate::Entry) of one is made of, and the
//! future of calling it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::bound::{Repeats, Starts};
use super::verbs::FaceOf;
use super::verbs::sealed::Sealed;
use super::{Address, Bound, Called, Callee, Extras, FlightHandle, Repeat, Waits as _, Writes};
use crate::address::Key;
use crate::draft::Draft;
use crate::engine::{Found, Further, Lead, Mode};
use crate::entry::Async;
use crate::erased::Erased;
use crate::flight::{Flight, polled_under};
use crate::future::{Begun, Driven, Polled, by_caller, by_clock, by_owner};
use crate::memo::{Memo, MemoCore, When};
use crate::slot::{Slot, face};
use crate::value::Returns;

/// One call of an asynchronous function. It is the future of calling it, too: the driver is part of it,
/// so that whether it can be sent to another thread depends on what it is made of.
pub trait AsyncCall: Writes<Mode = Async> + Unpin {
    /// Says how to call.
    #[doc(hidden)]
    fn set(&mut self, how: How);
    /// Computes and stores, whatever is there.
    #[doc(hidden)]
    fn refresh(&mut self);
    /// Goes on.
    #[doc(hidden)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

/// How to call without a look-up.
pub enum How {
    /// Runs the body, touches nothing.
    Uncached,
    /// Computes for a flight that was begun.
    Fly(FlightHandle),
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
    pub(crate) fn by(how: How, mut call: C) -> Self {
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
    state: State<Bo, F>,
    drive: fn(Begun, T) -> F,
}

/// Nothing in it is pinned: the driver is in a box.
impl<Bo, T, F> Unpin for Asynchronous<Bo, T, F> {}

enum State<Bo, F> {
    /// It is to be answered, or computed.
    Idle(Bo),
    /// It is a box: a driver is large, and a hit, which needs none, would be moved about with room for it.
    Running(F),
    Over,
}

impl<Bo, T, F> Asynchronous<Bo, T, F> {
    #[inline]
    fn new(bound: Bo, drive: fn(Begun, T) -> F) -> Self {
        Self { state: State::Idle(bound), drive }
    }

    /// The call, which has not begun.
    fn idle(&self) -> &Bo {
        match &self.state {
            State::Idle(bound) => bound,
            _ => unreachable!("an entry that is called is gone"),
        }
    }

    fn into_idle(self) -> Bo {
        match self.state {
            State::Idle(bound) => bound,
            _ => unreachable!("an entry that is called is gone"),
        }
    }

    /// The call, which begins.
    fn begin(&mut self) -> Bo {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Idle(bound) => bound,
            _ => unreachable!("`Calling` is not polled after it is ready"),
        }
    }
}

impl<Bo, T, F> Sealed for Asynchronous<Bo, T, F> {}

/// A call that was not answered.
type CalledAsync<C, KA, SA, Run, D, A, X> = Called<Async, <C as Callee<KA>>::Returns, KA, SA, Run, D, A, X>;
/// What a call returns.
type Output<C, KA> = <<C as Callee<KA>>::Returns as Returns>::Output;
/// What describes its value.
type Value<C, KA> = <<C as Callee<KA>>::Returns as Returns>::Value;

impl<C, KA, SA, Run, B, D, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = Output<C, KA>>,
    D: Fn(Option<&Value<C, KA>>, &mut Draft),
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
        Output<C, KA>: Send,
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
    ) -> Asynchronous<Self, CalledAsync<C, KA, SA, Run, D, A, X>, Pin<Box<impl Future<Output = Output<C, KA>>>>>
    where
        A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    {
        Asynchronous::new(self, |begun, called| {
            Box::pin(by_clock::<C::Returns, KA, SA, Run, A, X, B, D>(begun, called))
        })
    }
}

impl<C: Callee<KA>, KA, SA, Run, A, X, M, F> Address for Asynchronous<Bound<C, KA, SA, Run, A, X>, M, F> {
    type Output = Output<C, KA>;
    type Face = FaceOf<C, KA>;
    type Mode = Async;

    #[inline]
    fn get(&self) -> Option<Self::Face> {
        self.idle().read()
    }
    fn key(&self) -> Key<Self::Face, Async> {
        self.idle().address()
    }
    fn memo(slot: &'static Slot) -> Memo<Self::Face, Async> {
        Memo::of(C::memo_in(slot).arc(), face::<C::Returns>)
    }
}

impl<C, KA, SA, Run, B, D, A, J, X, M, F> Writes for Asynchronous<Bound<C, KA, SA, Run, A, X>, M, F>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    D: Fn(Option<&Value<C, KA>>, &mut Draft),
    A: Repeat<KA, SA, Job = J>,
    J: Future<Output = ()> + Send + 'static,
    X: Extras<KA, SA, C::Returns>,
{
    const WHY_NOT_AGAIN: Option<&'static str> = A::WHY_NOT;

    fn insert(self, value: Self::Face, when: When) -> bool {
        self.into_idle().write(value, when)
    }
    fn update(self, change: impl FnMut(Self::Face) -> Self::Face) -> Option<Self::Face> {
        self.into_idle().change(change)
    }
    fn prefetch(self) -> Option<Self::Face> {
        self.into_idle().look_ahead::<Async>()
    }
}

impl<KA, SA, A> Repeats<KA, SA, A> for Async
where
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
{
    fn repeat(again: &A, keyed: KA, skipped: SA, lead: Lead) {
        super::bound::repeat::<Self, _, _, _>(again, keyed, skipped, lead);
    }
}

impl<J: Future<Output = ()> + Send + 'static> Starts<J> for Async {
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: J) {
        // Expressions of the attribute are evaluated by it before the body: they are part of the computation, too.
        let job = polled_under(Some(flight.context.clone()), job);
        #[cfg(feature = "testing")]
        let job = crate::testing::in_this_scope(job);
        memo.world().spawn(Box::pin(job));
    }
}

impl<C, KA, SA, Run, B, D, A, X, F> AsyncCall
    for Asynchronous<Bound<C, KA, SA, Run, A, X>, CalledAsync<C, KA, SA, Run, D, A, X>, F>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    D: Fn(Option<&Value<C, KA>>, &mut Draft),
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, C::Returns>,
    F: Future<Output = Output<C, KA>> + Unpin,
{
    fn set(&mut self, how: How) {
        let begun = match how {
            How::Uncached => Begun::InPlace(None),
            How::Fly(handle) => Begun::Lead(handle.into_lead()),
        };
        let (_, _, called) = self.begin().into_called::<Async, D>();
        self.state = State::Running((self.drive)(begun, called));
    }

    fn refresh(&mut self) {
        if let State::Idle(bound) = &mut self.state {
            bound.mode = bound.mode.with(Mode::REFRESH, true);
        }
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // By reference: the call is moved only if it is not answered.
        if let State::Idle(bound) = &self.state {
            let further = if const { Bound::<C, KA, SA, Run, A, X>::GLANCES } {
                let Bound { callee, parts, mode } = bound;
                match Bound::<C, KA, SA, Run, A, X>::glance(callee, &parts.call.keyed, *mode) {
                    Some(output) => return Poll::Ready(output),
                    None => None,
                }
            } else {
                match bound.look_up(false) {
                    Found::Hit(held) => return Poll::Ready(C::Returns::join(held)),
                    Found::Further(further) => Some(further),
                }
            };
            if let Some(output) = self.go_on(further) {
                return Poll::Ready(output);
            }
        }
        match &mut self.state {
            State::Running(future) => Pin::new(future).poll(cx),
            _ => unreachable!("`Calling` is not polled after it is ready"),
        }
    }
}

impl<C, KA, SA, Run, D, A, X, F>
    Asynchronous<Bound<C, KA, SA, Run, A, X>, CalledAsync<C, KA, SA, Run, D, A, X>, F>
where
    C: Callee<KA>,
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, C::Returns>,
{
    /// Goes over to the driver, unless the call is answered. `further`: if it was looked up by more than a glance.
    #[cold]
    #[inline(never)]
    fn go_on(&mut self, further: Option<Further>) -> Option<Output<C, KA>> {
        let bound = self.begin();
        let found = match further {
            Some(further) => Found::Further(further),
            None => bound.look_up(true),
        };
        let further = match found {
            Found::Hit(held) => return Some(C::Returns::join(held)),
            Found::Further(further) => further,
        };
        let (function, mode, mut called) = bound.into_called::<Async, D>();
        match called.begin::<C>(&function.memo(), further, mode) {
            Ok(begun) => {
                self.state = State::Running((self.drive)(begun, called));
                None
            }
            Err(held) => Some(C::Returns::join(held.into())),
        }
    }
}

impl<R, KA, SA, Run, D, A, X> Called<Async, R, KA, SA, Run, D, A, X>
where
    R: Returns,
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, R>,
{
    /// What a call of `C` comes to before its first await: an answer, or what the driver is to do.
    #[inline]
    pub(super) fn begin<C: Callee<KA>>(
        &mut self,
        memo: &MemoCore,
        further: Further,
        mode: Mode,
    ) -> Result<Begun, Erased> {
        const { super::again::refuse_if(X::PLACEHOLDER || C::IN_BACKGROUND, A::WHY_NOT) }
        // Only where it may be asked for is there code for the background.
        let told = const { A::ASKED || X::PLACEHOLDER || X::ON_MISS || C::IN_BACKGROUND };
        Begun::of(memo, further, mode, if told { Some(self) } else { None })
    }
}

impl<C, R, KA, SA, Run, D, A, X> Called<C, R, KA, SA, Run, D, A, X>
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
