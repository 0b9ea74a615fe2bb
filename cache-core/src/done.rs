//! What a companion returns: at once, or when the store behind its function has answered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(feature = "store")]
use crate::background::block_on;

/// The outcome of a verb.
pub enum Done<T> {
    /// It is there.
    Now(T),
    /// It comes.
    #[cfg(feature = "store")]
    Later(Pin<Box<dyn Future<Output = T> + Send>>),
}

/// A value that was read, if there is one.
pub type Read<V> = Done<Option<V>>;

impl<T> Done<T> {
    /// Waits for it on this thread.
    #[inline]
    pub(crate) fn wait(self) -> T {
        match self {
            Self::Now(outcome) => outcome,
            #[cfg(feature = "store")]
            Self::Later(later) => block_on(later),
        }
    }
}

impl<T> Done<Option<T>> {
    /// The same, seen in another way.
    pub(crate) fn and_then<U: 'static>(self, shown: fn(T) -> Option<U>) -> Done<Option<U>>
    where
        T: 'static,
    {
        match self {
            Self::Now(outcome) => Done::Now(outcome.and_then(shown)),
            #[cfg(feature = "store")]
            Self::Later(later) => Done::Later(Box::pin(async move { later.await.and_then(shown) })),
        }
    }
}

impl<T> IntoFuture for Done<T> {
    type Output = T;
    type IntoFuture = DoneFuture<T>;

    #[inline]
    fn into_future(self) -> DoneFuture<T> {
        DoneFuture(Some(self))
    }
}

/// The future of an outcome.
pub struct DoneFuture<T>(Option<Done<T>>);

/// What comes is in a box.
impl<T> Unpin for DoneFuture<T> {}

impl<T> Future for DoneFuture<T> {
    type Output = T;

    #[cfg_attr(not(feature = "store"), expect(unused_variables, reason = "nothing comes later"))]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.0.take() {
            Some(Done::Now(outcome)) => Poll::Ready(outcome),
            #[cfg(feature = "store")]
            Some(Done::Later(mut later)) => {
                let polled = later.as_mut().poll(cx);
                if polled.is_pending() {
                    self.0 = Some(Done::Later(later));
                }
                polled
            }
            None => panic!("an outcome was polled after it had come"),
        }
    }
}
