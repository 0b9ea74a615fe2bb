//! What a cache returns: a future that threads can wait for as well.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Answer, StoreError, TimeToLive};
use crate::background::block_on;
use crate::tags::{Tag, TagName};

/// The answer to one call of a cache: a future of `Result<T, StoreError>`.
///
/// Nothing is sent until it is awaited, on any executor, or until a thread [waits](Self::wait) for it. Before
/// that, `timeout` and, for writes, `ttl` and `tags` say what this call does differently from the cache.
///
/// A write whose reply is dropped while it is under way may or may not be carried out.
#[must_use = "nothing is sent until the reply is awaited or waited for"]
pub struct Reply<T, O = Reading> {
    state: State<T, O>,
    options: O,
    timeout: Duration,
}

type Begin<T, O> = Box<dyn FnOnce(O, Duration) -> Answer<'static, T> + Send>;

enum State<T, O> {
    New(Begin<T, O>),
    Begun(Answer<'static, T>),
    Ended,
}

/// The options of a call that stores nothing.
#[derive(Debug, Default)]
pub struct Reading(());

/// The options of a call that stores values.
#[derive(Debug, Default)]
pub struct Writing {
    pub(crate) ttl: Option<Result<Duration, StoreError>>,
    pub(crate) tags: Vec<TagName>,
}

impl<T, O: Default> Reply<T, O> {
    pub(crate) fn new(
        timeout: Duration,
        begin: impl FnOnce(O, Duration) -> Answer<'static, T> + Send + 'static,
    ) -> Self {
        Self { state: State::New(Box::new(begin)), options: O::default(), timeout }
    }
}

impl<T, O> Reply<T, O> {
    /// How long this call waits for the store, in place of the cache's timeout. Calls that read all values of a cache wait
    /// as long for each part of them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Waits for the answer on this thread. Inside an asynchronous task that stops the whole thread: await the
    /// reply there.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn wait(self) -> Result<T, StoreError>
    where
        O: Default + Unpin,
    {
        block_on(self)
    }
}

impl<T> Reply<T, Writing> {
    /// How long the value is kept, in place of the cache's ttl. Zero means not at all, [`Duration::MAX`] for
    /// ever. It is rounded up to whole milliseconds.
    ///
    /// A text that is no duration is an error of the call, and nothing is stored.
    pub fn ttl(mut self, ttl: impl TimeToLive) -> Self {
        self.options.ttl = Some(ttl.into_ttl());
        self
    }

    /// Tags of the value. The value is dropped when one of them is invalidated, in any process.
    pub fn tags<G: Tag>(mut self, tags: impl IntoIterator<Item = G>) -> Self {
        self.options.tags.extend(tags.into_iter().map(|tag| tag.name()));
        self
    }
}

impl<T, O: Default + Unpin> Future for Reply<T, O> {
    type Output = Result<T, StoreError>;

    /// # Panics
    ///
    /// If it is polled after it has answered.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut answer = match std::mem::replace(&mut this.state, State::Ended) {
            State::New(begin) => begin(std::mem::take(&mut this.options), this.timeout),
            State::Begun(answer) => answer,
            State::Ended => panic!("a reply was polled after it had answered"),
        };
        let polled = Pin::new(&mut answer).poll(cx);
        if polled.is_pending() {
            this.state = State::Begun(answer);
        }
        polled
    }
}

impl<T, O> fmt::Debug for Reply<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
