//! For tests of memoized code: caches of their own, and a clock that moves when told to.
//!
//! Tests run in parallel, and a memoized function has one cache for the process: what one test
//! stores, another finds. A [`Scope`] is a world of its own: inside it every memoized function starts
//! with an empty cache, tags and registry are its own, and time stands still until the test
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
//! A scope is entered by one thread and does not reach the threads it spawns: [`Scope::spawn`] takes it there, and
//! [`Scope::within`] into a task. [`require_scope`] finds the call that was forgotten.
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
//! All times of a scope are those of its clock, limits of waiting included: a call with a `timeout` whose body
//! hangs returns when another thread or task has advanced the scope that far, and `xfetch` measures by it how
//! long a body takes. Nothing is swept but by [`sweep`](crate::Memo::sweep).
//!
//! # Background work
//!
//! What calls leave to the background (`stale_while_revalidate`, `refresh_ahead`, `placeholder`, `prefetch`) is done on
//! other threads, some time later. [`Scope::hold_background`] keeps it until the test says so:
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
//! Without this feature no call looks for a scope. With it, each call looks at one more word.

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

impl Scope {
    /// Spawns a thread that works inside the scope, as [`std::thread::spawn`] does.
    pub fn spawn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let there = self.clone();
        std::thread::spawn(move || {
            let _inside = there.enter();
            work()
        })
    }

    /// Lets a task work inside the scope, on whatever thread it is polled.
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

    /// Moves the time of the scope on. Milliseconds count; parts of them are lost.
    ///
    /// Takes effect at once: an entry whose time is up by then is no longer returned by any call that
    /// starts after this.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.time().advance(millis);
    }

    /// Keeps what calls in the scope leave to the background from now on, until the test has it done.
    ///
    /// A synchronous function with a `timeout`, `soft_timeout` or `fallback_after` is computed there too: its
    /// caller waits for it, so another thread must have it done. And what is kept is under way: a call for the
    /// same key that finds nothing to return computes it then, if it is synchronous and has no such limit; others
    /// wait for it, so have it done before that.
    ///
    /// # Errors
    ///
    /// If the scope has an executor already: it is its executor.
    pub fn hold_background(&self) -> Result<Background, ExecutorIsSet> {
        let background = Background::default();
        self.runtime().executor.set(background.clone())?;
        Ok(background)
    }

    /// The time that has passed in the scope.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.time().now())
    }
}

/// Background work that is done when a test says so: see [`Scope::hold_background`]. Copies are the same.
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
    /// Does all of it on this thread, and what it begins itself; blocks until tasks are ready that wait for
    /// something. A panic ends the one piece of work. How many pieces there were.
    pub fn run(&self) -> usize {
        block_on(self.run_async())
    }

    /// The same within a task: what waits for something of a runtime can go on there.
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

    /// How many pieces of work are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all of it, as an executor may: who waits for it computes. How many pieces there were.
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
