//! A call whose future borrows nothing from its arguments.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::future::{DrivenBy, MissStart, Polled};
use super::{Bound, Description, Extras, MakesBody, MakesJob, MemoizedFn, NoHook, UnansweredCall};
use crate::mode::Async;
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
        let Self { callee, parts, mode } = self;
        let mut found = match Self::hit(&callee, &parts, mode) {
            Ok(output) => return Detached::Answered(Some(output)),
            Err(found) => found,
        };
        if let Some(output) = Self::look_up_further(&callee, &parts, mode, &mut found) {
            return Detached::Answered(Some(output));
        }
        let kind = Some(found.kind());
        let mut called = UnansweredCall::<Async, _, _, _, _, _, D, _, _>::new(parts, kind);
        match found.start(mode, called.miss_actions()) {
            Err(output) => Detached::Answered(Some(output)),
            Ok(begun) => {
                let (body, description) = called.take_call().prepare();
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
    DrivenBy::caller().drive_polled(begun, Polled::with(called, body))
}
