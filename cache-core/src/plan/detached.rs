//! A call whose future borrows nothing of its arguments, as that of its function does not.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::calling::How;
use super::{Bound, HitHook, MissHook, NoHook, Plan, Prepared, Repeat, Stand};
use crate::draft::Draft;
use crate::engine::{Cx, Found};
use crate::future::{Missed, Start, by_caller};
use crate::key::Shape;
use crate::memo::Place;
use crate::slot::Identity;
use crate::value::Returns;

/// The future of a call that was looked up when it was made; and, if it was not answered, its function called.
///
/// Its type names neither the arguments nor what is made of them.
#[must_use = "futures do nothing unless they are awaited"]
pub enum Detached<O, F> {
    /// It was answered, and `None` after that was told.
    Answered(Option<O>),
    /// It is to be computed, or waited for.
    Running(Pin<Box<F>>),
}

/// Nothing in it is pinned: what runs is in a box.
impl<O, F> Unpin for Detached<O, F> {}

impl<O, F: Future<Output = O>> Future for Detached<O, F> {
    type Output = O;
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        match self.get_mut() {
            Self::Answered(output) => Poll::Ready(output.take().expect("it is not polled after it is ready")),
            Self::Running(future) => future.as_mut().poll(cx),
        }
    }
}

/// A call that was not answered, with the future that its function has returned.
pub struct Begun<R, B, D> {
    start: Start,
    body: B,
    describe: D,
    returns: PhantomData<fn() -> R>,
}

impl<Id, KA, S, R, L, W, SA, Run, B, D, Hit, Miss, St, A, J>
    Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, NoHook>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Run: FnOnce(KA, SA) -> (B, D),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    St: Stand<KA, SA, R::Face>,
    A: Repeat<KA, SA, Job = J>,
    J: Future<Output = ()> + Send + 'static,
{
    /// Looks the call up at once, and calls the function unless that answers it. `go_on` is [`go_on`]: it is given,
    /// so that the type of its future depends on what is left of the call, and not on all of it.
    #[inline]
    pub fn detached<F>(self, go_on: fn(Begun<R, B, D>) -> F) -> Detached<R::Output, F> {
        match self.begin(How::Call) {
            Err(output) => Detached::Answered(Some(output)),
            Ok(Missed { start, call, .. }) => {
                let (body, describe) = call.prepare();
                Detached::Running(Box::pin(go_on(Begun { start, body, describe, returns: PhantomData })))
            }
        }
    }
}

/// Computes the call, or waits for whoever does.
pub fn go_on<R, B, D>(begun: Begun<R, B, D>) -> impl Future<Output = R::Output>
where
    R: Returns,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Begun { start, body, describe, returns: _ } = begun;
    let call = Prepared { keyed: (), skipped: (), run: move |(), ()| (body, describe) };
    let missed = Missed { start, call, again: NoHook, patience: NoHook };
    by_caller::<R, (), (), _, NoHook, NoHook, B, D>(missed)
}
