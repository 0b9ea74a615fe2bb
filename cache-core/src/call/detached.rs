//! A call whose future borrows nothing of its arguments, as that of its function does not.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{BackgroundCall, Bound, Extras, Limits, MemoizedFn, NoHook, UnansweredCall};
use crate::engine::Found;
use crate::entry::Async;
use crate::future::{MissStart, Polled, by_caller};
use crate::metadata::EntryMetadata;
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
pub struct Detachable<R, B, D> {
    begun: MissStart,
    body: B,
    describe: D,
    returns: PhantomData<fn() -> R>,
}

impl<C, KA, SA, Run, B, D, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    A: BackgroundCall<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    X: Extras<KA, SA, C::Returns, Timeouts = NoHook>,
{
    /// Looks the call up at once, and calls the function unless that answers it. `go_on` is [`go_on`]: it is given,
    /// so that the type of its future depends on what is left of the call, and not on all of it.
    #[inline]
    pub fn detached<F>(
        self,
        go_on: fn(Detachable<C::Returns, B, D>) -> F,
    ) -> Detached<<C::Returns as Returns>::Output, F> {
        if let Some(output) = Self::glance(&self.callee, &self.parts.call.keyed, self.mode) {
            return Detached::Answered(Some(output));
        }
        let slow_path = match self.look_up(Self::GLANCES) {
            Found::Hit(stored) => return Detached::Answered(Some(C::Returns::join(stored))),
            Found::Slow(slow_path) => slow_path,
        };
        let (function, mode, mut called) = self.into_called::<Async, D>();
        match called.begin::<C>(&function.memo(), slow_path, mode) {
            Err(stored) => Detached::Answered(Some(C::Returns::join(stored.into()))),
            Ok(begun) => {
                let (body, describe) = called.take_call().prepare();
                Detached::Running(Box::pin(go_on(Detachable { begun, body, describe, returns: PhantomData })))
            }
        }
    }
}

/// Computes the call, or waits for whoever does.
pub fn go_on<R, B, D>(call: Detachable<R, B, D>) -> impl Future<Output = R::Output>
where
    R: Returns,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut EntryMetadata),
{
    let Detachable { begun, body, describe, returns: _ } = call;
    let called = UnansweredCall::<Async, R, (), (), fn((), ()) -> (B, D), D, _, _>::described_by(describe);
    by_caller(begun, Limits::NONE, Polled::with(called, body))
}
