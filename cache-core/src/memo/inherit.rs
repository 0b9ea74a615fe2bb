//! Work of a computation that is done on another thread, or by another task.

use std::future::Future;

use crate::flight::{current, polled_with_context, with_context};

/// Hands work to another thread as part of the computation under way: calls made by it count as made
/// from within that computation. So a circle of waits through that thread is noticed too, and with
/// `inherit_tags` the computation takes over the tags of these calls. In a test, the work is done in the
/// [scope](crate::testing) that this is called in.
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

/// The same for a future, to be spawned as a task of its own.
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
