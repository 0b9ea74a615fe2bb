//! Requests on their way to the thread that writes.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;

use super::failure::Failure;
use crate::one_shot::OneShot;
use crate::store::{Action, Outcome, StoreError, StoreErrorKind, Write};
use crate::sync::plain::Mutex;

/// So much may wait; whoever comes then waits to be taken in.
const MOST_REQUESTS: usize = 1024;
const MOST_BYTES: usize = 64 << 20;
/// So many bytes are written in one transaction. A request that is larger has one of its own.
const GROUP: usize = 16 << 20;

/// Where the answer to a request goes. One that is dropped says that the store is gone.
pub(super) struct Reply<T>(Option<Arc<OneShot<Result<T, StoreError>>>>);

impl<T> Reply<T> {
    pub(super) fn send(mut self, answer: Result<T, StoreError>) {
        if let Some(there) = self.0.take() {
            there.put(answer);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(there) = self.0.take() {
            let message = "disk: the thread that writes has ended";
            there.put(Err(StoreError::new(StoreErrorKind::Unavailable, message)));
        }
    }
}

/// What the thread is asked to do.
pub(super) enum Request {
    Write(Vec<Write>, Reply<Vec<Outcome>>),
    Raise { key: Bytes, initial: u64, ttl: Option<Duration>, reply: Reply<u64> },
}

impl Request {
    fn bytes(&self) -> usize {
        let of_write = |write: &Write| match &write.action {
            Action::Put { bytes, .. } => write.key.len() + bytes.len(),
            Action::Remove | Action::Touch { .. } => write.key.len(),
        };
        match self {
            Self::Write(batch, _) => batch.iter().map(of_write).sum(),
            Self::Raise { key, .. } => key.len(),
        }
    }

    pub(super) fn refuse(self, error: StoreError) {
        match self {
            Self::Write(_, reply) => reply.send(Err(error)),
            Self::Raise { reply, .. } => reply.send(Err(error)),
        }
    }
}

/// What the thread is to do next.
pub(super) struct Job {
    pub(super) requests: Vec<Request>,
    /// What a read has found wrong, with the file of this number.
    pub(super) trouble: Option<(u64, Failure)>,
    /// There is nothing more to come.
    pub(super) closing: bool,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    bytes: usize,
    /// Tasks that have found the queue full.
    kept_out: Vec<Waker>,
    trouble: Option<(u64, Failure)>,
    closing: bool,
    /// Told to whoever waits for the end.
    closed: Option<Result<(), StoreError>>,
    until_the_end: Vec<Waker>,
}

impl Waiting {
    fn is_full(&self, bytes: usize) -> bool {
        self.requests.len() >= MOST_REQUESTS
            || (!self.requests.is_empty() && self.bytes.saturating_add(bytes) > MOST_BYTES)
    }
}

fn remember(wakers: &mut Vec<Waker>, cx: &Context<'_>) {
    if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
        wakers.push(cx.waker().clone());
    }
}

impl Queue {
    /// Brings a request to the thread and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(Reply<T>) -> Request,
        closed: impl Fn() -> StoreError,
    ) -> Result<T, StoreError> {
        let there = Arc::new(OneShot::new());
        let mut request = Some(request(Reply(Some(there.clone()))));
        poll_fn(|cx| self.push(&mut request, cx, &closed)).await;
        there.take().await
    }

    fn push(
        &self,
        request: &mut Option<Request>,
        cx: &Context<'_>,
        closed: &impl Fn() -> StoreError,
    ) -> Poll<()> {
        let Some(new) = request.take() else { return Poll::Ready(()) };
        let bytes = new.bytes();
        let mut waiting = self.waiting.lock();
        if waiting.closing {
            drop(waiting);
            new.refuse(closed());
            return Poll::Ready(());
        }
        if waiting.is_full(bytes) {
            remember(&mut waiting.kept_out, cx);
            *request = Some(new);
            return Poll::Pending;
        }
        waiting.bytes += bytes;
        waiting.requests.push_back(new);
        drop(waiting);
        self.wake.notify_one();
        Poll::Ready(())
    }

    /// Says that the file of this number cannot be read.
    pub(super) fn report(&self, generation: u64, failure: Failure) {
        self.waiting.lock().trouble.get_or_insert((generation, failure));
        self.wake.notify_one();
    }

    /// Takes in nothing more, and has the thread end.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closing = true;
        let kept_out = std::mem::take(&mut waiting.kept_out);
        drop(waiting);
        self.wake.notify_one();
        kept_out.into_iter().for_each(Waker::wake);
    }

    /// Waits for the end of the thread.
    pub(super) async fn ended(&self) -> Result<(), StoreError> {
        poll_fn(|cx| {
            let mut waiting = self.waiting.lock();
            if let Some(result) = &waiting.closed {
                return Poll::Ready(result.clone());
            }
            remember(&mut waiting.until_the_end, cx);
            Poll::Pending
        })
        .await
    }

    /// The thread has ended, with this result. What still waits is dropped, and so answered.
    pub(super) fn end(&self, result: Result<(), StoreError>) {
        let mut waiting = self.waiting.lock();
        waiting.closing = true;
        waiting.closed.get_or_insert(result);
        let requests = std::mem::take(&mut waiting.requests);
        let mut wakers = std::mem::take(&mut waiting.until_the_end);
        wakers.append(&mut waiting.kept_out);
        drop(waiting);
        drop(requests);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What is to be done next. It comes after `longest` in any case.
    pub(super) fn next(&self, longest: Option<Duration>) -> Job {
        let idle = |waiting: &mut Waiting| {
            waiting.requests.is_empty() && waiting.trouble.is_none() && !waiting.closing
        };
        let waiting = self.waiting.lock();
        let mut waiting = match longest {
            Some(longest) => {
                let waited = self.wake.wait_timeout_while(waiting, longest, idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.wake.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner),
        };
        let mut requests = Vec::new();
        let mut bytes = 0;
        while let Some(request) = waiting.requests.front() {
            let more = request.bytes();
            if !requests.is_empty() && bytes + more > GROUP {
                break;
            }
            bytes += more;
            requests.extend(waiting.requests.pop_front());
        }
        waiting.bytes -= bytes;
        let job = Job {
            requests,
            trouble: waiting.trouble.take(),
            closing: waiting.closing && waiting.requests.is_empty(),
        };
        let kept_out = std::mem::take(&mut waiting.kept_out);
        drop(waiting);
        kept_out.into_iter().for_each(Waker::wake);
        job
    }
}
