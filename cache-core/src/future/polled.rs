//! The body of an asynchronous call, as drivers see it: without its types.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::call::{Description, Extras, MakesBody, UnansweredCall};
use crate::engine::Described;

/// A call of an asynchronous function that was not answered at once.
pub(crate) trait AsyncBody {
    /// What it returns, and what describes that.
    fn described(self: Pin<&mut Self>) -> &mut dyn Described;
    /// Makes the body on the first poll, and polls it. When this is ready, the body has returned.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the body where it stands, and what it has returned.
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

    /// The call.
    pub(crate) fn called(self: Pin<&mut Self>) -> &mut C {
        self.parts().0
    }

    /// The call, and its body.
    fn parts(self: Pin<&mut Self>) -> (&mut C, Pin<&mut Option<B>>) {
        // SAFETY: the body is pinned whenever this is, and the call never is.
        unsafe {
            let this = self.get_unchecked_mut();
            (&mut this.called, Pin::new_unchecked(&mut this.body))
        }
    }
}

impl<M, O, V, KA, SA, Run, B, D, A, X> AsyncBody for Polled<UnansweredCall<M, O, V, KA, SA, Run, D, A, X>, B>
where
    Run: MakesBody<KA, SA, Body = B, Description = D>,
    B: Future<Output = O>,
    D: Description,
    X: Extras<KA, SA, O, V>,
{
    fn described(self: Pin<&mut Self>) -> &mut dyn Described {
        self.called()
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (called, mut body) = self.parts();
        if body.as_mut().as_pin_mut().is_none() {
            body.set(Some(called.begin_body()));
        }
        let output = ready!(body.as_mut().as_pin_mut().expect("it was made").poll(cx));
        body.set(None);
        called.outcome.output = Some(output);
        Poll::Ready(())
    }

    fn cancel(self: Pin<&mut Self>) {
        let (called, mut body) = self.parts();
        body.set(None);
        called.outcome.output = None;
    }
}
