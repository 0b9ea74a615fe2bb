//! A driver with the call that it drives. Drivers are compiled once, for all functions.

use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{AsyncBody, BoxedCall, Led, MissStart, Polled, approach, lead};
use crate::call::{Limits, UnansweredCall};

/// A driver, and the type of its call. When it is ready it hands back the call, and a `T`.
pub struct Driven<C, T = ()> {
    driver: Driver<T>,
    call: PhantomData<C>,
}

/// A driver: of a call without its type.
type Driver<T> = Pin<Box<dyn Future<Output = (BoxedCall, T)> + Send>>;

// SAFETY: a driver can be sent, and so can its call if its parts can: the call returns only when the driver does.
unsafe impl<M, O, V, KA, SA, Run, B, D, A, X, T> Send
    for Driven<Polled<UnansweredCall<M, O, V, KA, SA, Run, D, A, X>, B>, T>
where
    KA: Send,
    SA: Send,
    Run: Send,
    B: Send,
    D: Send,
    A: Send,
    X: Send,
{
}

// SAFETY: nothing can be done by a shared reference to one.
unsafe impl<C, T> Sync for Driven<C, T> {}

impl<C, T> Unpin for Driven<C, T> {}

/// Computes as part of its caller.
pub(crate) fn by_caller<C: AsyncBody>(begun: MissStart, limits: Limits, call: C) -> Driven<C> {
    Driven::new(begun, limits, call, |begun, limits, call| Box::pin(lead(begun, limits, call, false)))
}

/// The same for a call that owns all it needs: an executor goes on with it when its caller has left.
pub(crate) fn by_owner<C: AsyncBody + Send + 'static>(
    begun: MissStart,
    limits: Limits,
    call: C,
) -> Driven<C> {
    Driven::new(begun, limits, call, |begun, limits, call| Box::pin(lead(begun, limits, call, true)))
}

/// Hands back the flight that the call leads, before it computes; none if the call has returned.
pub(super) fn approaching<C: AsyncBody>(begun: MissStart, limits: Limits, call: C) -> Driven<C, Option<Led>> {
    Driven::new(begun, limits, call, |begun, limits, call| Box::pin(approach(begun, limits, call)))
}

impl<C, T> Driven<C, T> {
    /// `driver` hands back the call that it is given, or drops it. It lets nobody else have it, unless that is owned
    /// and can be sent.
    fn new<'c>(
        begun: MissStart,
        limits: Limits,
        call: C,
        driver: fn(MissStart, Limits, BoxedCall) -> Driver<T>,
    ) -> Self
    where
        C: AsyncBody + 'c,
    {
        let call: Pin<Box<dyn AsyncBody + 'c>> = Box::pin(call);
        // SAFETY: the driver has the call no longer than this is there, whose type is that of the call; and this can
        // be sent only if the call can.
        let call = unsafe { mem::transmute::<Pin<Box<dyn AsyncBody + 'c>>, BoxedCall>(call) };
        Self { driver: driver(begun, limits, call), call: PhantomData }
    }

    /// Polls the driver. When it is ready, returns the call, and what the driver says of it.
    pub(super) fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<(Pin<Box<C>>, T)> {
        let (call, came) = ready!(self.driver.as_mut().poll(cx));
        // SAFETY: it is the box of this type that the driver was given, and is pinned as it was.
        let call = unsafe {
            Pin::new_unchecked(Box::from_raw(Box::into_raw(Pin::into_inner_unchecked(call)).cast::<C>()))
        };
        Poll::Ready((call, came))
    }
}

impl<M, O, V, KA, SA, Run, B, D, A, X> Future
    for Driven<Polled<UnansweredCall<M, O, V, KA, SA, Run, D, A, X>, B>>
{
    type Output = O;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let (mut call, ()) = ready!(self.poll_call(cx));
        Poll::Ready(call.as_mut().called().outcome.take())
    }
}
