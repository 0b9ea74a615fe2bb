//! What a store returns: a result that is there already, or one that comes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::StoreError;

type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The answer of a [`Store`](super::Store): a future of `Result<T, StoreError>`.
///
/// A store that need not wait answers with [`ready`](Self::ready), which allocates nothing. Others answer with
/// [`later`](Self::later).
#[must_use = "a store does nothing until its answer is awaited"]
pub struct Answer<'a, T>(State<'a, T>);

enum State<'a, T> {
    Ready(Result<T, StoreError>),
    Later(Later<'a, T>),
    Taken,
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there already.
    pub fn ready(result: Result<T, StoreError>) -> Self {
        Self(State::Ready(result))
    }

    /// An answer that comes later.
    pub fn later(answer: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Self {
        Self(State::Later(Box::pin(answer)))
    }

    /// The answer if it is there already, or else the future of it.
    ///
    /// # Errors
    ///
    /// The future, if the answer is not there.
    pub fn now(self) -> Result<Result<T, StoreError>, Self> {
        match self.0 {
            State::Ready(result) => Ok(result),
            later => Err(Self(later)),
        }
    }
}

// A value that is ready is moved out and never pinned.
impl<T> Unpin for Answer<'_, T> {}

impl<T> Future for Answer<'_, T> {
    type Output = Result<T, StoreError>;

    /// # Panics
    ///
    /// If it is polled after it has answered.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Later(later) = &mut self.0 {
            return later.as_mut().poll(cx);
        }
        match std::mem::replace(&mut self.0, State::Taken) {
            State::Ready(result) => Poll::Ready(result),
            State::Later(_) | State::Taken => panic!("an answer was polled after it had answered"),
        }
    }
}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
