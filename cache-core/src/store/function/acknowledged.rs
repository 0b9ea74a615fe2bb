//! Invalidations on their way to a store, and what is waited for until they are there.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::background::{Executor as _, block_on};
use crate::memo::{Acknowledgement, Applied, Runtime};
use crate::store::{StoreError, StoreErrorKind};
use crate::sync::plain::Mutex;

/// How an invalidation has ended, once it has.
struct Acknowledged(Mutex<State>);

#[derive(Default)]
struct State {
    result: Option<Result<(), StoreError>>,
    wakers: Vec<Waker>,
}

impl Acknowledged {
    fn end(&self, result: Result<(), StoreError>) {
        let mut state = self.0.lock();
        if state.result.is_some() {
            return;
        }
        state.result = Some(result);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn ended(&self) -> Result<(), StoreError> {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = self.0.lock();
            if let Some(result) = &state.result {
                return Poll::Ready(result.clone());
            }
            if !state.wakers.iter().any(|known| known.will_wake(&waker)) {
                state.wakers.push(waker);
            }
            Poll::Pending
        })
        .await
    }
}

/// Ends the wait if the background drops the task.
struct EndsOnDrop(Arc<Acknowledged>);

impl Drop for EndsOnDrop {
    fn drop(&mut self) {
        let what = "the background has dropped an invalidation; it is sent before anything else is read";
        self.0.end(Err(StoreError::new(StoreErrorKind::Unavailable, what)));
    }
}

/// Sends something to a store: now, if it answers at once, else in the background. Returns what to wait for, unless it is
/// done.
pub(in crate::store) fn send(
    runtime: &Runtime,
    sending: impl Future<Output = Result<(), StoreError>> + Send + 'static,
) -> Option<Acknowledgement> {
    let mut sending = Box::pin(sending);
    let acknowledged = Arc::new(Acknowledged(Mutex::default()));
    match sending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => return None,
        Poll::Ready(failed) => acknowledged.end(failed),
        Poll::Pending => {
            let ends = EndsOnDrop(acknowledged.clone());
            runtime.executor.spawn(Box::pin(async move {
                let result = sending.await;
                ends.0.end(result);
            }));
        }
    }
    Some(acknowledged)
}

impl Applied {
    /// Waits on this thread until the stores behind the functions have carried out the invalidation, too. Then no process
    /// reads an older value from them. Without such stores this returns at once.
    ///
    /// The invalidation is under way whether anybody waits or not. Within an asynchronous task, await it instead.
    ///
    /// ```
    /// use cache_core::{memoize, store::caches, tag};
    ///
    /// caches().configure(r#"{ "shared": { "url": "memory:" } }"#)?;
    ///
    /// #[memoize(tag = "cats", store = "shared")]
    /// fn get_cat(id: u64) -> String {
    ///     format!("cat {id}")
    /// }
    ///
    /// get_cat(7);
    /// tag("cats").invalidate().wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a store has failed. In this process the invalidation holds all the same: it is sent again before anything else is
    /// read from that store.
    pub fn wait(&self) -> Result<(), StoreError> {
        block_on(all(self.acknowledgements()))
    }
}

impl IntoFuture for Applied {
    type Output = Result<(), StoreError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Waits until the stores behind the functions have carried out the invalidation, too: see [`wait`](Self::wait).
    fn into_future(self) -> Self::IntoFuture {
        let acknowledgements = self.acknowledgements().to_vec();
        Box::pin(async move { all(&acknowledgements).await })
    }
}

async fn all(acknowledgements: &[Acknowledgement]) -> Result<(), StoreError> {
    let mut first_error = Ok(());
    for acknowledgement in acknowledgements {
        let Some(acknowledged) = acknowledgement.downcast_ref::<Acknowledged>() else { continue };
        let result = pin!(acknowledged.ended()).await;
        if first_error.is_ok() {
            first_error = result;
        }
    }
    first_error
}
