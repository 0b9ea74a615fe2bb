//! Work of a computation on another thread or in another task.

use std::future::Future;

use crate::flight::{current, polled_with_context, with_context};

/// Makes work that is passed to another thread a part of the running computation: its calls count as calls of
/// that computation. So a cycle of waits through that thread is detected, and with `inherit_tags` the
/// computation takes over the tags of these calls. In a test, the work runs in the same scope (feature `testing`).
///
/// ```
/// # use cache_core::memoize;
/// #[memoize]
/// fn total(n: u64) -> u64 {
///     let half = cache_core::inherit(move || (1..=n / 2).sum::<u64>());
///     let first = std::thread::spawn(half);
///     let second: u64 = (n / 2 + 1..=n).sum();
///     first.join().unwrap() + second
/// }
/// assert_eq!(total(100), 5050);
/// ```
pub fn inherit<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let parent = current();
    #[cfg(feature = "testing")]
    let scope = super::scope::current();
    move || {
        #[cfg(feature = "testing")]
        let _inside = scope.as_ref().map(super::scope::Scope::enter);
        with_context(parent.as_ref(), work)
    }
}

/// Makes a future that is spawned as another task a part of the running computation, as [`inherit`] does for
/// threads.
///
/// ```
/// # use cache_core::memoize;
/// # async fn spawn<T>(task: impl Future<Output = T>) -> T { task.await }
/// #[memoize]
/// async fn total(n: u64) -> u64 {
///     let half = cache_core::inherit_task(async move { (1..=n / 2).sum::<u64>() });
///     let first = spawn(half); // such as tokio::spawn
///     let second: u64 = (n / 2 + 1..=n).sum();
///     first.await + second
/// }
/// ```
pub fn inherit_task<F: Future>(task: F) -> impl Future<Output = F::Output> {
    let task = polled_with_context(current(), task);
    #[cfg(feature = "testing")]
    let task = super::scope::in_this_scope(task);
    task
}
