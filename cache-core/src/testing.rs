//! Support for tests of memoized code: separate caches for each test, and a clock that the test moves.
//!
//! Tests run in parallel, and a memoized function has one cache for the process, so one test finds what
//! another has stored. A [`Scope`] gives a test its own caches, tags, registry and clock. Inside it, every
//! memoized function starts with an empty cache, and time stands still until the test
//! [advances](Scope::advance) it.
//!
//! ```
//! use cache_core::{memoize, testing::Scope};
//! use std::time::Duration;
//!
//! #[memoize(ttl = 60)]
//! fn weather(city: &str) -> String {
//!     format!("fine in {city}")
//! }
//!
//! let scope = Scope::new();
//! let _inside = scope.enter();
//! weather("Ghent");
//! assert!(weather::entry("Ghent").get().is_some());
//! scope.advance(Duration::from_secs(61));
//! assert!(weather::entry("Ghent").get().is_none());
//! ```
//!
//! # Threads
//!
//! A thread enters a scope. The scope does not reach threads or tasks that the test spawns: spawn threads by
//! [`Scope::spawn`], and wrap tasks in [`Scope::within`]. [`require_scope`] finds calls outside of any scope.
//!
//! ```
//! use cache_core::{memoize, testing::Scope};
//!
//! #[memoize]
//! fn square(n: u64) -> u64 {
//!     n * n
//! }
//!
//! let scope = Scope::new();
//! scope.spawn(|| square(7)).join().unwrap();
//!
//! let _inside = scope.enter();
//! assert_eq!(square::entry(7).get(), Some(49));
//! ```
//!
//! # Time
//!
//! All times in a scope use its clock, timeouts included. If the body of a call with a `timeout` hangs, the
//! call returns when another thread or task has advanced the scope that far. `xfetch` also measures by this
//! clock how long a body takes. There is no background sweep: [`sweep`](crate::Memo::sweep) reclaims expired
//! entries.
//!
//! # Background work
//!
//! Background work (`stale_while_revalidate`, `refresh_ahead`, `placeholder`, `prefetch`) usually runs on
//! other threads at some later time. [`Scope::hold_background`] keeps it until the test runs it:
//!
//! ```
//! use cache_core::{memoize, testing::Scope};
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use std::time::Duration;
//!
//! static RUNS: AtomicU32 = AtomicU32::new(0);
//!
//! #[memoize(ttl = 60, stale_while_revalidate = 60)]
//! fn visits() -> u32 {
//!     RUNS.fetch_add(1, Ordering::Relaxed)
//! }
//!
//! let scope = Scope::new();
//! let _inside = scope.enter();
//! let background = scope.hold_background()?;
//! assert_eq!(visits(), 0);
//! scope.advance(Duration::from_secs(60));
//! assert_eq!([visits(), visits()], [0, 0]);
//! assert_eq!(background.run(), 1);
//! assert_eq!(visits(), 1);
//! # Ok::<(), cache_core::ExecutorIsSet>(())
//! ```
//!
//! Without the feature `testing`, no call looks for a scope. With it, each call reads one more word.

#[cfg(feature = "store")]
pub mod conformance;
#[cfg(feature = "store")]
pub mod scripted;

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::background::{Executor, ExecutorIsSet, Task, block_on};
use crate::memo::scope::inside;
pub use crate::memo::scope::{Entered, Scope, require_scope};
use crate::sync::guarded;
#[cfg(feature = "store")]
pub use scripted::ScriptedStore;

impl Scope {
    /// Spawns a thread, as [`std::thread::spawn`] does, that works inside the scope.
    pub fn spawn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let there = self.clone();
        std::thread::spawn(move || {
            let _inside = there.enter();
            work()
        })
    }

    /// Wraps a task so that it works inside the scope, on whatever thread it is polled.
    ///
    /// ```
    /// # use cache_core::{memoize, testing::Scope};
    /// #[memoize]
    /// async fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// let scope = Scope::new();
    /// let task = scope.within(async { square(7).await });
    /// // tokio::spawn(task)
    /// # drop(task);
    /// ```
    pub fn within<F: Future>(&self, task: F) -> impl Future<Output = F::Output> + use<F> {
        inside(Some(self.clone()), task)
    }

    /// Moves the time of the scope forward, in whole milliseconds. Parts of a millisecond are cut off.
    ///
    /// It takes effect at once: no call that starts afterwards returns an entry whose time is up.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.time().advance(millis);
    }

    /// Keeps the background work of the scope from now on, until the test runs it.
    ///
    /// A synchronous function with a `timeout`, `soft_timeout` or `fallback_after` is background work, too.
    /// Its caller waits for it, so another thread must run it.
    ///
    /// Work that is kept counts as under way. A call of the same key that finds nothing to return begins it
    /// itself if the function is synchronous and has no such limit. Any other call waits for it, so run it
    /// before.
    ///
    /// # Errors
    ///
    /// If an executor was set in the scope before. The kept work takes the place of the executor, which can
    /// be set once.
    pub fn hold_background(&self) -> Result<Background, ExecutorIsSet> {
        let background = Background::default();
        self.runtime().executor.set(background.clone())?;
        Ok(background)
    }

    /// Returns the time that has passed in the scope.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.time().now())
    }
}

/// Background work that waits until the test runs it: see [`Scope::hold_background`]. Clones share the work.
#[derive(Clone, Default)]
pub struct Background(Arc<crate::sync::plain::Mutex<VecDeque<Task>>>);

impl Executor for Background {
    fn spawn(&self, task: Task) {
        self.0.lock().push_back(task);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.spawn(Box::pin(async { work() }));
    }
}

impl Background {
    /// Runs all the work on this thread, and the work that it adds in turn. It blocks while tasks wait for
    /// something. A panic ends only the piece of work in which it happens. Returns the number of pieces.
    pub fn run(&self) -> usize {
        block_on(self.run_async())
    }

    /// Runs all the work as [`run`](Self::run) does, within a task, so that work which waits for something of
    /// a runtime can go on.
    pub async fn run_async(&self) -> usize {
        // By turns: a task may wait for one that comes after it.
        let mut tasks: Vec<Task> = Vec::new();
        let mut count = 0;
        poll_fn(|cx| {
            // A task that has panicked is over.
            let mut poll = |mut task: Task| {
                if guarded(|| task.as_mut().poll(cx)) == Some(Poll::Pending) {
                    return Some(task);
                }
                let _ = guarded(|| drop(task));
                None
            };
            loop {
                while let Some(task) = self.next() {
                    count += 1;
                    tasks.extend(poll(task));
                }
                let before = tasks.len();
                tasks = std::mem::take(&mut tasks).into_iter().filter_map(&mut poll).collect();
                if tasks.is_empty() && self.is_empty() {
                    return Poll::Ready(count);
                }
                if tasks.len() == before && self.is_empty() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Returns the number of pieces of work that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Returns whether no work is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all the work, as an executor may. Callers that wait for it compute for themselves. Returns the
    /// number of pieces.
    pub fn refuse(&self) -> usize {
        let jobs = std::mem::take(&mut *self.0.lock());
        let count = jobs.len();
        for job in jobs {
            let _ = guarded(|| drop(job));
        }
        count
    }

    fn next(&self) -> Option<Task> {
        self.0.lock().pop_front()
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("len", &self.len()).finish_non_exhaustive()
    }
}
