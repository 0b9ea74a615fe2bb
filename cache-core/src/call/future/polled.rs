//! The body of an asynchronous call, as drivers see it: without its types.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::call::{Description, Extras, MakesBody, MakesJob, UnansweredCall};
use crate::engine::MissActions;
use crate::metadata::Described;
use crate::mode::Async;

/// A call of an asynchronous function that was not answered at once.
pub(crate) trait AsyncBody {
    /// What it returns, and what describes that.
    fn described(self: Pin<&mut Self>) -> &mut dyn Described;
    /// The call, if it has a hook for misses, or may run in the background.
    fn miss_actions(self: Pin<&mut Self>) -> Option<&mut dyn MissActions>;
    /// Makes the body on the first poll, and polls it. When this is ready, the body has returned.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the body where it stands.
    fn cancel(self: Pin<&mut Self>);
}

/// The same without its lifetime, for a driver that can be sent.
pub(crate) type DynBody = dyn AsyncBody + Send;
/// The same in a box.
pub(crate) type BoxedCall = Pin<Box<DynBody>>;

/// A call with its body, once that has begun.
pub struct Polled<C, B> {
    pub(super) called: C,
    /// It stays where it is. It is not looked at by a shared reference: it may have references to its own parts.
    body: Option<B>,
}

impl<C, B> Polled<C, B> {
    pub(crate) fn new(called: C) -> Self {
        Self { called, body: None }
    }

    /// The same with a body that was made.
    pub(crate) fn with(called: C, body: B) -> Self {
        Self { called, body: Some(body) }
    }

    /// The call. It is never pinned.
    pub(crate) fn called(self: Pin<&mut Self>) -> &mut C {
        // SAFETY: the body, which is pinned whenever this is, is not moved.
        unsafe { &mut self.get_unchecked_mut().called }
    }
}

impl<O, V, KA, SA, Run, B, D, A, X> AsyncBody for Polled<UnansweredCall<Async, O, V, KA, SA, Run, D, A, X>, B>
where
    A: MakesJob<Async, O, V, KA, SA, Run>,
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    B: Future<Output = O>,
    D: Description,
    X: Extras<KA, SA, O, V>,
{
    fn described(self: Pin<&mut Self>) -> &mut dyn Described {
        self.called()
    }

    fn miss_actions(self: Pin<&mut Self>) -> Option<&mut dyn MissActions> {
        self.called().miss_actions()
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the body is made and dropped where it stands, and not moved meanwhile.
        let this = unsafe { self.get_unchecked_mut() };
        let body = match &mut this.body {
            Some(body) => body,
            none => none.insert(this.called.begin_body()),
        };
        // SAFETY: it is pinned whenever this is.
        let Poll::Ready(output) = unsafe { Pin::new_unchecked(body) }.poll(cx) else { return Poll::Pending };
        this.body = None;
        this.called.outcome.output = Some(output);
        Poll::Ready(())
    }

    fn cancel(self: Pin<&mut Self>) {
        // SAFETY: the body is dropped where it stands.
        let this = unsafe { self.get_unchecked_mut() };
        this.body = None;
    }
}
