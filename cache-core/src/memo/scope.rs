//! The test scope that a thread works in. What a test does with it is in [`testing`](crate::testing).

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::panicking;

use super::Runtime;
use crate::time::{Clock, Manual};

/// Whether a scope was ever made in this process, or is required.
static USED: AtomicBool = AtomicBool::new(false);
/// Whether nothing may be called outside of scopes.
static REQUIRED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static ENTERED: RefCell<Vec<Scope>> = const { RefCell::new(Vec::new()) };
}

/// Requires a scope for all memoized code: from now on, in the whole process, a memoized function that is
/// called outside of any scope panics. So does everything else that would use the caches of the process. This
/// finds a test, or a thread of a test, that has not entered its scope.
///
/// Call it in the function that makes the scopes of your tests, so that no test runs before it.
///
/// ```
/// use cache_core::{memoize, testing::{Scope, require_scope}};
///
/// #[memoize]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// fn scope() -> Scope {
///     require_scope();
///     Scope::new()
/// }
///
/// let scope = scope();
/// let _inside = scope.enter();
/// assert_eq!(square(7), 49);
/// assert!(std::thread::spawn(|| square(7)).join().is_err());
/// ```
pub fn require_scope() {
    REQUIRED.store(true, Ordering::Relaxed);
    USED.store(true, Ordering::Relaxed);
}

/// Separate caches, tags, registry and clock for memoized functions: see the [module](crate::testing). Clones
/// are the same scope.
#[derive(Clone)]
pub struct Scope {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: Arc<Runtime>,
    time: Arc<Manual>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The runtime keeps its memos, and they keep it.
        self.runtime.close();
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::new()
    }
}

impl Scope {
    /// Makes a scope without entries, whose time stands still.
    #[must_use]
    pub fn new() -> Self {
        USED.store(true, Ordering::Relaxed);
        let time = Arc::new(Manual::default());
        let runtime = Runtime::new(Clock::Manual(time.clone()));
        Self { inner: Arc::new(Inner { runtime, time }) }
    }

    /// Lets this thread work inside the scope until the guard is dropped. Scopes can be nested; the one that
    /// was entered last applies.
    #[must_use = "the scope is left when the guard is dropped"]
    pub fn enter(&self) -> Entered {
        ENTERED.with(|entered| entered.borrow_mut().push(self.clone()));
        Entered { _of_this_thread: PhantomData }
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.inner.runtime
    }

    pub(crate) fn time(&self) -> &Manual {
        &self.inner.time
    }
}

/// The guard of [`Scope::enter`]. The thread works inside the scope until it is dropped.
#[derive(Debug)]
#[must_use = "the scope is left when the guard is dropped"]
pub struct Entered {
    /// Scopes are entered by threads: the guard must not leave its own.
    _of_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let scope = ENTERED.with(|entered| entered.borrow_mut().pop());
        drop(scope);
    }
}

/// Wraps a future so that it is polled inside the scope in which this was called.
pub(crate) fn in_this_scope<F: Future>(future: F) -> impl Future<Output = F::Output> + use<F> {
    inside(current(), future)
}

pub(crate) async fn inside<F: Future>(scope: Option<Scope>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _inside = scope.as_ref().map(Scope::enter);
        future.as_mut().poll(cx)
    })
    .await
}

/// Whether this thread works in this runtime.
#[inline]
pub(crate) fn is_current(runtime: &Arc<Runtime>) -> bool {
    match current() {
        Some(scope) => Arc::ptr_eq(scope.runtime(), runtime),
        None => Arc::ptr_eq(Runtime::global(), runtime),
    }
}

/// Returns the scope this thread works in.
///
/// # Panics
///
/// If the thread is in no scope and one is required.
#[inline]
pub(crate) fn current() -> Option<Scope> {
    if USED.load(Ordering::Relaxed) { innermost() } else { None }
}

#[cold]
fn innermost() -> Option<Scope> {
    // A thread that ends, or unwinds, must not panic.
    let scope = ENTERED.try_with(|entered| entered.borrow().last().cloned()).ok()?;
    assert!(
        scope.is_some() || panicking() || !REQUIRED.load(Ordering::Relaxed),
        "memoized code is used outside of any scope, and `testing::require_scope` forbids that: on a thread, enter a scope, or spawn the thread by `Scope::spawn`; around a task, or the body of a `#[tokio::test]`, write `scope.within(async {{ .. }})`"
    );
    scope
}
