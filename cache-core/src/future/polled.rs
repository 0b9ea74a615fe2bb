//! The body of an asynchronous call, as drivers see it: without its types.

use std::future::{Future, poll_fn};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::call::{Description, Extras, MakesBody, UnansweredCall, WaitLimits, give_up};
use crate::engine::Described;
use crate::memo::MemoCore;

/// A call of an asynchronous function that was not answered at once.
pub(crate) trait AsyncBody {
    /// What it returns, and what describes that.
    fn described(self: Pin<&mut Self>) -> &mut dyn Described;
    /// Makes the body on the first poll, and polls it. When this is ready, the body has returned.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the body where it stands, and what it has returned.
    fn cancel(self: Pin<&mut Self>);
    /// The limit has passed: sets the return to what `timeout` says.
    fn late(self: Pin<&mut Self>, memo: &MemoCore, limit: Duration);
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
    /// It was made.
    has_body: bool,
}

/// The same, in parts.
struct PolledParts<'a, C, B> {
    called: &'a mut C,
    body: Pin<&'a mut Option<B>>,
    has_body: &'a mut bool,
}

impl<C, B> Polled<C, B> {
    pub(crate) fn new(called: C) -> Self {
        Self { called, body: None, has_body: false }
    }

    /// The same with a body that was made.
    pub(crate) fn with(called: C, body: B) -> Self {
        Self { called, body: Some(body), has_body: true }
    }

    /// The call.
    pub(crate) fn called(self: Pin<&mut Self>) -> &mut C {
        self.parts().called
    }

    fn parts(self: Pin<&mut Self>) -> PolledParts<'_, C, B> {
        // SAFETY: the body is pinned whenever this is, and the rest never is.
        unsafe {
            let this = self.get_unchecked_mut();
            PolledParts {
                called: &mut this.called,
                body: Pin::new_unchecked(&mut this.body),
                has_body: &mut this.has_body,
            }
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
        let PolledParts { called, mut body, has_body } = self.parts();
        if !std::mem::replace(has_body, true) {
            body.set(Some(called.begin_body()));
        }
        let output = ready!(body.as_mut().as_pin_mut().expect("it was made").poll(cx));
        body.set(None);
        called.outcome.output = Some(output);
        Poll::Ready(())
    }

    fn cancel(self: Pin<&mut Self>) {
        let PolledParts { called, mut body, .. } = self.parts();
        body.set(None);
        called.outcome.output = None;
    }

    fn late(self: Pin<&mut Self>, memo: &MemoCore, limit: Duration) {
        if X::Timeouts::SET {
            let called = self.called();
            called.outcome.output = Some(give_up(called.extras.timeouts(), memo, limit));
        }
    }
}

/// A call whose body runs. If this is dropped, the body is.
pub(super) struct Running<P: DerefMut<Target = DynBody>>(Option<Pin<P>>);

impl<P: DerefMut<Target = DynBody>> Running<P> {
    pub(super) fn new(call: Pin<P>) -> Self {
        Self(Some(call))
    }

    /// The call.
    pub(super) fn call(&mut self) -> Pin<&mut DynBody> {
        self.0.as_mut().expect("it runs").as_mut()
    }

    /// Waits until the body has returned.
    pub(super) async fn returned(&mut self) {
        poll_fn(|cx| self.call().poll(cx)).await;
    }

    /// Its call, which has returned.
    pub(super) fn into_call(mut self) -> Pin<P> {
        self.0.take().expect("it has run")
    }
}

impl<P: DerefMut<Target = DynBody>> Drop for Running<P> {
    fn drop(&mut self) {
        if let Some(call) = &mut self.0 {
            call.as_mut().cancel();
        }
    }
}
