//! A driver with the call that it drives. Drivers are compiled once, for all functions.

use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{AsyncBody, BoxedCall, Led, MissStart, Polled, approach, lead};
use crate::call::{Unanswered, UnansweredCall};
use crate::engine::CallMode;
use crate::flight::Limits;

/// A driver, and the type of its call. When it is ready it hands back the call, and a `T`.
pub struct Driven<C, T = ()> {
    driver: Driver<T>,
    call: PhantomData<C>,
}

/// A driver of a call without its type. It hands back the call that it is given, or drops it.
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

/// Who goes on with calls of a type.
pub struct DrivenBy<C> {
    /// Whether calls own all that they need, so that an executor may go on with them.
    is_owned: bool,
    call: PhantomData<fn(C)>,
}

impl<C> DrivenBy<C> {
    /// The caller.
    #[inline]
    pub(crate) fn caller() -> Self {
        Self { is_owned: false, call: PhantomData }
    }

    /// The caller; an executor, when the caller has left. The call owns all it needs.
    #[inline]
    pub(crate) fn owner() -> Self
    where
        C: Send + 'static,
    {
        Self { is_owned: true, call: PhantomData }
    }

    /// Drives a call.
    pub(crate) fn drive_polled(&self, start: MissStart, call: C) -> Driven<C>
    where
        C: AsyncBody,
    {
        // SAFETY: this goes into what is returned.
        let call = unsafe { without_type(Box::pin(call)) };
        Driven { driver: drive(start, call, self.is_owned), call: PhantomData }
    }

    /// Begins a call and drives it, unless it is answered at once.
    pub(crate) fn begin_polled<O, V>(
        &self,
        found: &mut Unanswered<O, V>,
        mode: CallMode,
        call: C,
    ) -> Result<Driven<C>, O>
    where
        C: AsyncBody,
    {
        // SAFETY: this goes into what is returned, or is dropped before.
        let call = unsafe { without_type(Box::pin(call)) };
        let driver = begin(found, mode, call, self.is_owned)?;
        Ok(Driven { driver, call: PhantomData })
    }
}

/// Hands back the flight that the call leads, before it computes; none if the call has returned.
pub(super) fn approaching<C: AsyncBody>(start: MissStart, limits: Limits, call: C) -> Driven<C, Option<Led>> {
    // SAFETY: this goes into what is returned.
    let driver = Box::pin(approach(start, limits, unsafe { without_type(Box::pin(call)) }));
    Driven { driver, call: PhantomData }
}

/// Forgets the type of a call.
///
/// # Safety
///
/// It goes no further than into a [`Driven`] of its type, which can be sent only if the call can. That driver lets
/// nobody else have it, unless it owns all it needs and can be sent.
unsafe fn without_type<'c>(call: Pin<Box<dyn AsyncBody + 'c>>) -> BoxedCall {
    // SAFETY: the types differ in the lifetime and in `Send`, of which the `Driven` takes care.
    unsafe { mem::transmute::<Pin<Box<dyn AsyncBody + 'c>>, BoxedCall>(call) }
}

/// Begins a call with a driver, unless it is answered at once.
fn begin<O, V>(
    found: &mut Unanswered<O, V>,
    mode: CallMode,
    mut call: BoxedCall,
    is_owned: bool,
) -> Result<Driver<()>, O> {
    let start = found.start(mode, call.as_mut().miss_actions())?;
    Ok(drive(start, call, is_owned))
}

/// Makes the driver of a call without limits.
fn drive(start: MissStart, call: BoxedCall, is_owned: bool) -> Driver<()> {
    Box::pin(lead(start, call, is_owned))
}

impl<C, T> Driven<C, T> {
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
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        poll_output(&mut self.get_mut().driver, cx)
    }
}

/// Polls a driver. When it is ready, takes the return out of the call, and drops that.
fn poll_output<O: 'static>(driver: &mut Driver<()>, cx: &mut Context<'_>) -> Poll<O> {
    let (mut call, ()) = ready!(driver.as_mut().poll(cx));
    let output = call.as_mut().described().returned().output().downcast_mut::<Option<O>>();
    Poll::Ready(output.and_then(Option::take).expect("it has returned"))
}
