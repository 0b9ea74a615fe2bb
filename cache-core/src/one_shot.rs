//! A return on its way from whoever ran the computation to who began it.

use std::task::{Poll, Waker};

use crate::sync::Mutex;

/// What a body has returned, or panicked with.
pub(crate) type BodyResult<O> = std::thread::Result<O>;

/// See above. It is put in once, and taken out once, if at all.
pub struct OneShot<T>(Mutex<OneShotState<T>>);

struct OneShotState<T> {
    content: Option<T>,
    waker: Option<Waker>,
}

impl<T> OneShot<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(OneShotState { content: None, waker: None }))
    }

    pub(crate) fn put(&self, content: T) {
        let mut inside = self.0.lock();
        inside.content = Some(content);
        let waker = inside.waker.take();
        drop(inside);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn take(&self) -> T {
        std::future::poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut inside = self.0.lock();
            if let Some(content) = inside.content.take() {
                return Poll::Ready(content);
            }
            let old = inside.waker.replace(waker);
            drop(inside);
            drop(old);
            Poll::Pending
        })
        .await
    }
}
