//! A call whose future borrows nothing from its arguments.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Bound, Description, Extras, Limits, MakesBody, MakesJob, MemoizedFn, NoHook, UnansweredCall};
use crate::entry::Async;
use crate::future::{MissStart, Polled, by_caller};
use crate::value::ReturnKind;

/// The future of a call that was looked up when it was made. If that gave no answer, its function was called, too.
///
/// Its type does not name the arguments.
#[must_use = "futures do nothing unless they are awaited"]
pub enum Detached<O, F> {
    /// The call was answered. `None` once the answer is returned.
    Answered(Option<O>),
    /// The call computes, or waits.
    Running(Pin<Box<F>>),
}

/// Nothing in it is pinned: the running future is in a box.
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

/// A call that was not answered, with the future of its function.
pub struct Detachable<O: 'static, V: 'static, B, D> {
    begun: MissStart,
    body: B,
    description: D,
    kind: Option<&'static ReturnKind<O, V>>,
}

impl<C, KA, SA, Run, B, D, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    A: MakesJob<Async, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue, Timeouts = NoHook>,
{
    /// Looks the call up now. If there is no answer, calls the function. `go_on` is always [`go_on`]: it is an
    /// argument, so that the type of its future depends only on what is left of the call.
    #[inline]
    pub fn detached<F>(
        self,
        go_on: fn(Detachable<C::Output, C::CompanionValue, B, D>) -> F,
    ) -> Detached<C::Output, F> {
        let found = match Self::hit(&self.callee, &self.parts, self.mode) {
            Ok(output) => return Detached::Answered(Some(output)),
            Err(found) => found,
        };
        match self.begin_unless_answered::<D>(found) {
            Err(output) => Detached::Answered(Some(output)),
            Ok((mut called, begun)) => {
                let (body, description) = called.take_call().prepare();
                let kind = called.outcome.kind;
                Detached::Running(Box::pin(go_on(Detachable { begun, body, description, kind })))
            }
        }
    }
}

/// Computes the call, or waits for whoever does.
pub fn go_on<O: 'static, V: 'static, B, D>(call: Detachable<O, V, B, D>) -> impl Future<Output = O>
where
    B: Future<Output = O>,
    D: Description,
{
    let Detachable { begun, body, description, kind } = call;
    let called =
        UnansweredCall::<Async, O, V, (), (), fn((), ()) -> (B, D), D, _, _>::described_by(description, kind);
    by_caller(begun, Limits::NONE, Polled::with(called, body))
}
