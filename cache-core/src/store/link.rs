//! A store as a cache uses it: each request has a deadline, and a store that failed is left alone for a while.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use super::{Answer, Outcome, Store, StoreError, StoreErrorKind, Stored, Write};
use crate::time::{Alarm, Clock, SECOND, Tick, after, ticks};

/// How long a store that failed is left alone. Then one request tries it.
const PROBE_PERIOD: Tick = SECOND;

/// A store with its clock and its breaker.
pub(crate) struct Link {
    store: Arc<dyn Store>,
    clock: Clock,
    /// A store that has taken as long as this counts as failed.
    timeout: Duration,
    breaker: Breaker,
}

/// When the requests of a call are given up.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    at: Tick,
    timeout: Duration,
}

impl Link {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock, timeout: Duration) -> Self {
        Self { store, clock, timeout, breaker: Breaker::default() }
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The deadline of a request that begins now.
    pub(crate) fn deadline(&self, timeout: Duration) -> Deadline {
        Deadline { at: after(self.clock.now(), timeout), timeout }
    }

    /// The deadline of the next of many requests of one call, each of which has all the time. Lets other tasks of the
    /// thread go on first.
    pub(crate) async fn next_deadline(&self, by: Deadline) -> Deadline {
        let mut has_waited = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.deadline(by.timeout)
    }

    /// What the keys hold, if the store says so at once.
    pub(crate) fn read_now(&self, keys: &[Bytes]) -> Option<Result<Vec<Option<Stored>>, StoreError>> {
        if !self.breaker.is_closed() {
            return None;
        }
        let result = self.store.read(keys).now().ok()?;
        self.breaker.note(&result, || self.clock.now());
        Some(result)
    }

    /// What the keys hold.
    pub(crate) async fn read(&self, keys: &[Bytes], by: Deadline) -> Result<Vec<Option<Stored>>, StoreError> {
        let found = self.request(by, || self.store.read(keys)).await?;
        self.complete(keys.len(), found)
    }

    /// Carries out writes.
    pub(crate) async fn write(&self, batch: &[Write], by: Deadline) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = self.request(by, || self.store.write(batch)).await?;
        self.complete(batch.len(), outcomes)
    }

    /// Carries out one write.
    pub(crate) async fn write_one(&self, write: Write, by: Deadline) -> Result<Outcome, StoreError> {
        let outcomes = self.write(std::slice::from_ref(&write), by).await?;
        outcomes.into_iter().next().ok_or_else(|| self.error(StoreErrorKind::Unavailable, "gave no outcome"))
    }

    /// Makes a request of the store and waits for the answer until the deadline.
    pub(crate) async fn request<'a, T>(
        &self,
        by: Deadline,
        request: impl FnOnce() -> Answer<'a, T>,
    ) -> Result<T, StoreError> {
        let begin = self.clock.now();
        if begin >= by.at {
            return Err(self.late());
        }
        if !self.breaker.admits(begin) {
            return Err(self.error(StoreErrorKind::Unavailable, "has failed and is left alone for a second"));
        }
        let result = match request().now() {
            Ok(result) => result,
            Err(later) => self.within(later, by).await,
        };
        // A caller that has less patience than the cache says nothing about the store.
        let had_time = by.at.saturating_sub(begin) >= ticks(self.timeout);
        if had_time || !result.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::TimedOut) {
            self.breaker.note(&result, || self.clock.now());
        }
        result
    }

    /// Closes the store, even if it has failed.
    pub(crate) async fn close(&self, by: Deadline) -> Result<(), StoreError> {
        self.within(self.store.close(), by).await
    }

    /// Waits for an answer until the deadline.
    pub(crate) async fn within<T>(&self, answer: Answer<'_, T>, by: Deadline) -> Result<T, StoreError> {
        let mut answer = pin!(answer);
        let mut alarm = None;
        poll_fn(|cx| {
            if let Poll::Ready(result) = answer.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            alarm.get_or_insert_with(|| Alarm::new(&self.clock, by.at)).set(cx.waker());
            // After the alarm was set, so that a clock that moves in between is seen.
            if self.clock.now() >= by.at {
                return Poll::Ready(Err(self.late()));
            }
            Poll::Pending
        })
        .await
    }

    fn late(&self) -> StoreError {
        self.error(StoreErrorKind::TimedOut, "did not answer in time")
    }

    /// A store that answers for another number of keys than it was asked for is broken.
    pub(crate) fn complete<T>(&self, expected: usize, answers: Vec<T>) -> Result<Vec<T>, StoreError> {
        if answers.len() == expected {
            return Ok(answers);
        }
        Err(self.error(StoreErrorKind::Unavailable, "answered for another number of keys"))
    }

    /// An error that names the store.
    pub(crate) fn error(&self, kind: StoreErrorKind, what: &str) -> StoreError {
        StoreError::new(kind, format!("the store `{}` {what}", self.store.name()))
    }
}

/// Remembers that a store has failed, so that it costs calls a timeout once per period, and then nothing.
#[derive(Default)]
struct Breaker {
    /// When one request may try the store again; 0 while it works.
    probe_at: AtomicU64,
}

impl Breaker {
    fn is_closed(&self) -> bool {
        self.probe_at.load(Ordering::Relaxed) == 0
    }

    /// Whether a request may be made now.
    fn admits(&self, now: Tick) -> bool {
        let probe_at = self.probe_at.load(Ordering::Relaxed);
        probe_at == 0
            || now >= probe_at
                && self
                    .probe_at
                    .compare_exchange(probe_at, now + PROBE_PERIOD, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
    }

    /// Takes note of how a request ended.
    fn note<T>(&self, result: &Result<T, StoreError>, now: impl FnOnce() -> Tick) {
        match result {
            Err(error) if matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::TimedOut) => {
                self.probe_at.store(now() + PROBE_PERIOD, Ordering::Relaxed);
            }
            _ if self.is_closed() => (),
            _ => self.probe_at.store(0, Ordering::Relaxed),
        }
    }
}
