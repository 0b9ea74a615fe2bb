//! One call of an asynchronous function: what an [`Entry`](crate::Entry) of one is made of, and the
//! future of calling it.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::bound::{Repeats, Starts, look_up};
use super::verbs::FaceOf;
use super::verbs::sealed::Sealed;
use super::{Address, Bound, Called, Callee, Extras, FlightHandle, NoHook, Repeat, Writes};
use crate::address::Key;
use crate::draft::Draft;
use crate::engine::{Found, Further, Lead, Mode, Start};
use crate::entry::Async;
use crate::flight::{Flight, polled_under};
use crate::future::{Begun, Missed, by_caller, by_clock, by_owner};
use crate::memo::{MemoCore, When};
use crate::value::Returns;

/// One call of an asynchronous function. It is the future of calling it, too: the driver is part of it,
/// so that whether it can be sent to another thread depends on what it is made of.
pub trait AsyncCall: Writes<Mode = Async> + Unpin {
    /// Says how to call.
    #[doc(hidden)]
    fn set(&mut self, how: How);
    /// Goes on.
    #[doc(hidden)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

/// How to call, other than usual.
pub enum How {
    /// Computes and stores, whatever is there.
    Refresh,
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
}

/// A call, and the driver that it goes over to when it is not answered at once.
pub struct Asynchronous<Bo, M, F> {
    state: State<Bo, F>,
    drive: fn(M) -> F,
}

/// Nothing in it is pinned: the driver is in a box.
impl<Bo, M, F> Unpin for Asynchronous<Bo, M, F> {}

enum State<Bo, F> {
    /// It is to be answered, or computed.
    Idle(Bo),
    /// It is a box: a driver is large, and a hit, which needs none, would be moved about with room for it.
    Running(F),
    Over,
}

impl<Bo, M, F> Asynchronous<Bo, M, F> {
    #[inline]
    fn new(bound: Bo, drive: fn(M) -> F) -> Self {
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
}

impl<Bo, M, F> Sealed for Asynchronous<Bo, M, F> {}

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
    ) -> Asynchronous<Self, Missed<KA, SA, Run, A, X>, Pin<Box<impl Future<Output = Output<C, KA>>>>> {
        Asynchronous::new(self, |missed| Box::pin(by_caller::<C::Returns, KA, SA, Run, A, X, B, D>(missed)))
    }

    /// The same where the future can be sent.
    #[inline]
    pub fn by_caller_send(
        self,
    ) -> Asynchronous<
        Self,
        Missed<KA, SA, Run, A, X>,
        Sendable<impl Future<Output = Output<C, KA>>, (KA, SA, Run, A, X, B, D)>,
    > {
        Asynchronous::new(self, Sendable::by_caller::<C::Returns>)
    }

    /// The same for what owns all it needs: an executor goes on with it when all have left.
    #[inline]
    pub fn by_owner(
        self,
    ) -> Asynchronous<Self, Missed<KA, SA, Run, A, X>, Pin<Box<dyn Future<Output = Output<C, KA>> + Send>>>
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
        Asynchronous::new(self, |missed| Box::pin(by_owner::<C::Returns, KA, SA, Run, A, X, B, D>(missed)))
    }

    /// Computed by its caller as long as that waits, then in the background.
    #[inline]
    pub fn by_clock(
        self,
    ) -> Asynchronous<Self, Missed<KA, SA, Run, A, X>, Pin<Box<impl Future<Output = Output<C, KA>>>>>
    where
        A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    {
        Asynchronous::new(self, |missed| Box::pin(by_clock::<C::Returns, KA, SA, Run, A, X, B, D>(missed)))
    }
}

/// The future of [`by_caller`], of which it is known what it has to be sent: `T`. The compiler would find that out by
/// all that the future is made of, and anew for each function.
pub struct Sendable<F, T> {
    future: Pin<Box<F>>,
    parts: PhantomData<T>,
}

// SAFETY: its future is that of `by_caller` for these parts, which can be sent if they can, as `is_send` proves.
unsafe impl<F, T: Send> Send for Sendable<F, T> {}

impl<F, T> Unpin for Sendable<F, T> {}

impl<KA, SA, Run, A, X, B, D> Sendable<(), (KA, SA, Run, A, X, B, D)> {
    fn by_caller<R>(
        missed: Missed<KA, SA, Run, A, X>,
    ) -> Sendable<impl Future<Output = R::Output>, (KA, SA, Run, A, X, B, D)>
    where
        R: Returns,
        Run: FnOnce(KA, SA) -> (B, D),
        B: Future<Output = R::Output>,
        D: Fn(Option<&R::Value>, &mut Draft),
        X: Extras<KA, SA, R>,
    {
        let future = Box::pin(by_caller::<R, KA, SA, Run, A, X, B, D>(missed));
        Sendable { future, parts: PhantomData }
    }

    /// Compiles because the future can be sent if its parts can.
    #[expect(dead_code, reason = "it is a proof")]
    fn is_send<R>(missed: Missed<KA, SA, Run, A, X>) -> impl Send
    where
        R: Returns,
        KA: Send,
        SA: Send,
        Run: FnOnce(KA, SA) -> (B, D) + Send,
        A: Send,
        X: Extras<KA, SA, R> + Send,
        B: Future<Output = R::Output> + Send,
        D: Fn(Option<&R::Value>, &mut Draft) + Send,
    {
        by_caller::<R, KA, SA, Run, A, X, B, D>(missed)
    }
}

impl<F: Future, T> Future for Sendable<F, T> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.get_mut().future.as_mut().poll(cx)
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
    for Asynchronous<Bound<C, KA, SA, Run, A, X>, Missed<KA, SA, Run, A, X>, F>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = Output<C, KA>>,
    D: Fn(Option<&Value<C, KA>>, &mut Draft),
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, C::Returns>,
    F: Future<Output = Output<C, KA>> + Unpin,
{
    fn set(&mut self, how: How) {
        let State::Idle(mut bound) = std::mem::replace(&mut self.state, State::Over) else {
            unreachable!("an entry that is called is gone")
        };
        let begun = match how {
            How::Refresh => {
                bound.mode = bound.mode.with(Mode::REFRESH, true);
                self.state = State::Idle(bound);
                return;
            }
            How::Uncached => Begun::InPlace(None),
            How::Fly(handle) => Begun::Lead(handle.into_lead()),
        };
        self.state = State::Running((self.drive)(bound.missed(begun)));
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // By reference: the call is moved only if it is not answered.
        let further = match &mut self.state {
            State::Idle(Bound { callee, call, extras, mode, .. }) => {
                if const { Bound::<C, KA, SA, Run, A, X>::GLANCES } {
                    match Bound::<C, KA, SA, Run, A, X>::glance(callee, &call.keyed, *mode) {
                        Some(output) => return Poll::Ready(output),
                        None => None,
                    }
                } else {
                    match look_up(callee, &callee.memo(), call, extras, *mode, false) {
                        Found::Hit(held) => return Poll::Ready(C::Returns::join(held)),
                        Found::Further(further) => Some(further),
                    }
                }
            }
            State::Running(future) => return Pin::new(future).poll(cx),
            State::Over => None,
        };
        self.go_on(further, cx)
    }
}

impl<C, KA, SA, Run, A, X, F> Asynchronous<Bound<C, KA, SA, Run, A, X>, Missed<KA, SA, Run, A, X>, F>
where
    C: Callee<KA>,
    X: Extras<KA, SA, C::Returns>,
    F: Future<Output = Output<C, KA>> + Unpin,
{
    /// Goes over to the driver. `further`: if it was looked up by more than a glance.
    #[cold]
    #[inline(never)]
    fn go_on<B, D>(&mut self, further: Option<Further>, cx: &mut Context<'_>) -> Poll<Output<C, KA>>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    {
        let missed = match std::mem::replace(&mut self.state, State::Over) {
            State::Idle(bound) => bound.begin::<D>(further),
            State::Running(_) | State::Over => unreachable!("`Calling` is not polled after it is ready"),
        };
        match missed {
            Err(output) => Poll::Ready(output),
            Ok(missed) => {
                let mut future = (self.drive)(missed);
                let polled = Pin::new(&mut future).poll(cx);
                self.state = State::Running(future);
                polled
            }
        }
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    fn missed(self, begun: Begun) -> Missed<KA, SA, Run, A, X> {
        let Self { call, again, extras, .. } = self;
        Missed { begun, call, again, extras }
    }

    /// What a call comes to before its first await: an answer, or what the driver is to do. It is looked up, unless
    /// it was.
    pub(super) fn begin<D>(self, further: Option<Further>) -> Result<Missed<KA, SA, Run, A, X>, Output<C, KA>>
    where
        A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    {
        const { super::again::refuse_if(X::PLACEHOLDER || C::IN_BACKGROUND, A::WHY_NOT) }
        let Self { callee, call, again, extras, mode } = self;
        let memo = callee.memo();
        let found = match further {
            Some(further) => Found::Further(further),
            None => look_up(&callee, &memo, &call, &extras, mode, Self::GLANCES),
        };
        let further = match found {
            Found::Hit(held) => return Err(C::Returns::join(held)),
            Found::Further(further) => further,
        };
        // Only where it is asked for is there code for the background.
        if const { Self::IN_BACKGROUND } {
            Called::<Async, C::Returns, _, _, _, D, _, _>::new(call, again, extras)
                .begin(&memo, further, mode)
        } else {
            Called::<NoHook, C::Returns, _, _, _, D, _, _>::new(call, again, extras)
                .begin(&memo, further, mode)
        }
    }
}

impl<M, R, KA, SA, Run, D, A, X> Called<M, R, KA, SA, Run, D, A, X>
where
    M: Repeats<KA, SA, A>,
    R: Returns,
    X: Extras<KA, SA, R>,
{
    fn begin(
        mut self,
        memo: &MemoCore,
        mut further: Further,
        mode: Mode,
    ) -> Result<Missed<KA, SA, Run, A, X>, R::Output> {
        let begun = match memo.start(&mut further, mode, self.told()) {
            Start::Answer(held) => return Err(R::join(held.into())),
            Start::InPlace(unstored) => Begun::InPlace(unstored),
            Start::Search(miss) => Begun::Search(miss),
        };
        Ok(Missed { begun, call: self.take_call(), again: self.again, extras: self.extras })
    }
}

impl<C: AsyncCall> Future for Calling<C> {
    type Output = C::Output;
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        self.get_mut().call.poll(cx)
    }
}
