//! One call of an asynchronous function: what an [`Entry`](crate::Entry) of one is made of, and the
//! future of calling it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::verbs::sealed::Sealed;
use super::{Address, Bound, HitHook, Looked, MissHook, Missing, Plan, Repeat, Stand, Ticket, Waits};
use crate::address::Key;
use crate::draft::Draft;
use crate::engine::{Cx, Found};
use crate::entry::Async;
use crate::flight::Flight;
use crate::future::{Missed, Start, by_caller, by_clock, by_owner};
use crate::key::Shape;
use crate::memo::{Place, When};
use crate::slot::Identity;
use crate::value::Returns;
use crate::world::World;

/// One call of an asynchronous function. It is the future of calling it, too: the driver is part of it,
/// so that whether it can be sent to another thread depends on what it is made of.
pub trait AsyncCall: Address<Mode = Async> + Unpin {
    /// Says how to call.
    #[doc(hidden)]
    fn set(&mut self, how: How);
    /// Goes on.
    #[doc(hidden)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

/// How to call.
pub enum How {
    /// Answers from the cache, or computes.
    Call,
    /// Computes and stores, whatever is there.
    Refresh,
    /// Runs the body, touches nothing.
    Uncached,
    /// Computes for a flight that was begun.
    Fly(Ticket),
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
    #[inline]
    pub(crate) fn new(mut call: C, how: How) -> Self {
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
    Idle {
        bound: Option<Bo>,
        how: How,
    },
    /// In a box: a driver is large, and a hit, which needs none, would be moved about with room for it.
    Running {
        future: Pin<Box<F>>,
    },
}

impl<Bo, M, F> Asynchronous<Bo, M, F> {
    #[inline]
    fn new(bound: Bo, drive: fn(M) -> F) -> Self {
        Self { state: State::Idle { bound: Some(bound), how: How::Call }, drive }
    }

    /// The call, which has not begun.
    fn idle(&self) -> &Bo {
        match &self.state {
            State::Idle { bound: Some(bound), .. } => bound,
            _ => unreachable!("an entry that is called is gone"),
        }
    }

    fn into_idle(self) -> Bo {
        match self.state {
            State::Idle { bound: Some(bound), .. } => bound,
            _ => unreachable!("an entry that is called is gone"),
        }
    }
}

impl<Bo, M, F> Sealed for Asynchronous<Bo, M, F> {}

impl<Id, KA, S, R, L, W, SA, Run, B, D, Hit, Miss, St, A, T>
    Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>
where
    Id: ?Sized,
    S: Shape,
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    /// Computed as part of its caller.
    #[inline]
    pub fn by_caller(self) -> Asynchronous<Self, Missed<KA, SA, Run, A, T>, impl Future<Output = R::Output>> {
        Asynchronous::new(self, by_caller::<R, KA, SA, Run, A, T, B, D>)
    }

    /// The same for what owns all it needs: an executor goes on with it when all have left.
    #[inline]
    pub fn by_owner(self) -> Asynchronous<Self, Missed<KA, SA, Run, A, T>, impl Future<Output = R::Output>>
    where
        R::Output: Send,
        KA: Send + 'static,
        SA: Send + 'static,
        Run: Send + 'static,
        B: Send + 'static,
        D: Send + 'static,
    {
        Asynchronous::new(self, by_owner::<R, KA, SA, Run, A, T, B, D>)
    }

    /// Computed by its caller as long as that waits, then in the background.
    #[inline]
    pub fn by_clock(self) -> Asynchronous<Self, Missed<KA, SA, Run, A, T>, impl Future<Output = R::Output>>
    where
        A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    {
        Asynchronous::new(self, by_clock::<R, KA, SA, Run, A, T, B, D>)
    }
}

impl<Id, KA, S, R, L, W, SA, Run, B, D, Hit, Miss, St, A, T, J, M, F> Address
    for Asynchronous<Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>, M, F>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    A: Repeat<KA, SA, Job = J>,
    J: Future<Output = ()> + Send + 'static,
{
    type Output = R::Output;
    type Face = R::Face;
    type Mode = Async;
    const WHY_NOT_AGAIN: Option<&'static str> = A::WHY_NOT;

    #[inline]
    fn get(&self) -> Option<R::Face> {
        self.idle().read()
    }
    fn insert(self, value: R::Face, when: When) -> bool {
        self.into_idle().write(value, when)
    }
    fn update(self, change: impl FnMut(R::Face) -> R::Face) -> Option<R::Face> {
        self.into_idle().change(change)
    }
    fn prefetch(self) -> Option<R::Face> {
        self.into_idle().look_ahead(spawn)
    }
    fn key(&self) -> Key<R::Face, Async> {
        self.idle().address()
    }
}

fn spawn<J>(world: &World, _: &Arc<Flight>, job: J)
where
    J: Future<Output = ()> + Send + 'static,
{
    #[cfg(feature = "testing")]
    let job = crate::testing::in_this_scope(job);
    world.spawn(Box::pin(job));
}

impl<Id, KA, S, R, L, W, SA, Run, B, D, Hit, Miss, St, A, T, J, F> AsyncCall
    for Asynchronous<
        Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>,
        Missed<KA, SA, Run, A, T>,
        F,
    >
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    St: Stand<KA, SA, R::Face>,
    A: Repeat<KA, SA, Job = J>,
    T: Waits<R::Output>,
    J: Future<Output = ()> + Send + 'static,
    F: Future<Output = R::Output>,
{
    #[inline]
    fn set(&mut self, to: How) {
        if let State::Idle { how, .. } = &mut self.state {
            *how = to;
        }
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<R::Output> {
        if let State::Idle { bound, how } = &mut self.state {
            let bound = bound.take().expect("`Calling` is not polled after it is ready");
            let missed = match bound.begin(std::mem::replace(how, How::Call)) {
                Ok(missed) => missed,
                Err(output) => return Poll::Ready(output),
            };
            self.state = State::Running { future: Box::pin((self.drive)(missed)) };
        }
        match &mut self.state {
            State::Running { future } => future.as_mut().poll(cx),
            State::Idle { .. } => unreachable!("it runs"),
        }
    }
}

impl<Id, KA, S, R, L, W, SA, Run, Hit, Miss, St, A, T, J>
    Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    St: Stand<KA, SA, R::Face>,
    A: Repeat<KA, SA, Job = J>,
    T: Waits<R::Output>,
    J: Future<Output = ()> + Send + 'static,
{
    /// What a call comes to before its first await: an answer, or what the driver is to do.
    #[inline]
    pub(super) fn begin(mut self, how: How) -> Result<Missed<KA, SA, Run, A, T>, R::Output> {
        let start = match how {
            How::Call => None,
            How::Refresh => {
                self.refresh = true;
                None
            }
            How::Uncached => Some(Start::InPlace(None)),
            How::Fly(ticket) => Some(Start::Lead(ticket.into_lead())),
        };
        if let Some(start) = start {
            return Ok(Missed { start, call: self.call, again: self.again, patience: self.patience });
        }
        let missing = match self.look_up() {
            Looked::Answer(held) => return Err(R::join(held)),
            Looked::Renew(held, missing) => {
                if A::ASKED || Id::IN_BACKGROUND {
                    missing.renew(spawn);
                }
                return Err(R::join(held));
            }
            Looked::Bypass(call, again, patience, told) => {
                return Ok(Missed { start: Start::InPlace(told), call, again, patience });
            }
            Looked::Miss(missing) => missing,
        };
        const { super::again::refuse_if(St::SET || Id::IN_BACKGROUND, A::WHY_NOT) }
        let missing = match missing.stood_in::<R>(spawn) {
            Ok(output) => return Err(output),
            Err(missing) => missing,
        };
        let Missing { pursuit, call, again, patience, .. } = missing;
        Ok(Missed { start: Start::Search(pursuit), call, again, patience })
    }
}

impl<C: AsyncCall> Future for Calling<C> {
    type Output = C::Output;
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        self.get_mut().call.poll(cx)
    }
}
