#![cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
#![doc = include_str!("../README.md")]
// Models leave out the clock and what only that uses; what is done around a `fork` is not done everywhere.
#![cfg_attr(any(loom, miri, not(unix)), allow(dead_code))]

mod address;
mod background;
mod blocking;
mod call;
mod computing;
mod engine;
mod entry;
mod erased;
mod event;
mod feed;
mod flight;
#[cfg(all(unix, not(miri), not(loom)))]
mod fork;
mod future;
mod invalidate;
mod invalidation;
mod key;
mod memo;
mod metadata;
#[cfg(all(test, loom))]
mod model;
mod node;
mod one_shot;
mod pending;
mod policy;
mod registry;
mod runtime;
mod slot;
mod spec;
mod store;
mod sweeper;
mod sync;
mod tags;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod time;
mod value;
mod writes;

#[cfg(any(doc, doctest))]
pub mod guide;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use address::{AnyKey, Key, Peek, Ttl};
pub use background::{Executor, ExecutorIsSet, Task, set_executor};
/// Makes a struct a node: see the [trait](trait@CacheKey) of the same name.
pub use cache_macros::CacheKey;
/// Makes a type a tag: its name is the path of the type, and its fields as they display.
///
/// It goes on structs and enums of any form; of an enum each variant is a tag of its own. Fields are
/// `Display`. Lifetimes are fine, so that a tag can be named without copying. Type and const parameters
/// are not: the name would not tell the types apart.
///
/// The path is that of the module: types within functions of one module that are called alike share
/// their tags. `#[tag(crate = path)]` says where `cache_core` is found, if it is re-exported.
///
/// ```
/// use cache_core::{Tag, memoize, tag};
///
/// #[derive(Tag)]
/// enum CatTag<'a> {
///     All,
///     Owner(u64),
///     Named { name: &'a str },
/// }
///
/// #[memoize(tags = [CatTag::All, CatTag::Named { name }, ..value.iter().copied().map(CatTag::Owner)])]
/// fn owners(name: &str) -> Vec<u64> {
///     vec![7, 8]
/// }
///
/// owners("tom");
/// assert_eq!(tag(CatTag::Owner(8)).len(), 1);
/// assert_eq!(tag(CatTag::Named { name: "tom" }).invalidate().count(), 1);
/// ```
pub use cache_macros::Tag;
/// Gives a function a cache. [Options](guide::options) tells what can be said in the attribute,
/// [companions](guide::companions) what stands beside the function afterwards.
///
/// It goes on functions, asynchronous or not, and on methods; on an `impl` or a `trait`, it carries out the
/// attributes of the functions there.
///
/// ```
/// use cache_core::memoize;
///
/// #[memoize(ttl = 300, tag = "cats")]
/// fn lives(name: &str) -> u32 {
///     9
/// }
///
/// assert_eq!(lives("tom"), 9);
/// assert_eq!(lives::entry("tom").invalidate().count(), 1);
/// ```
pub use cache_macros::memoize;
pub use call::{Calling, TimedOut};
pub use computing::{Computing, computing};
pub use entry::{Async, Blocking, Entry};
pub use event::{Cause, Stats};
pub use feed::{invalidate_on, invalidate_on_each};
pub use invalidate::{Applied, Tagged, tag};
pub use invalidation::Invalidation;
pub use key::KeyRef;
pub use memo::{AllMemos, AnyMemoRef, Memo, ZeroCapacity};
pub use node::CacheKey;
pub use pending::Pending;
pub use policy::Policy;
pub use registry::{LookupError, LookupErrorKind, Registry, registry};
pub use tags::{Tag, TagName};
pub use time::{ClockIsSet, set_clock};
pub use writes::invalidates;

/// Switches caching off or on for the whole process, or for the test scope this thread is in.
///
/// While it is off, calls run the body, reads find nothing and writes do nothing; what was stored is
/// still there afterwards. The environment variable `CACHE_CORE_DISABLE=1` (or `true`, `yes`, `on`, in
/// any case) switches it off from the start; what is neither that nor `0`, `false`, `no`, `off` or empty
/// is told on standard error, once, and switches nothing off.
pub fn set_enabled(enabled: bool) {
    runtime::Runtime::current().switch(enabled);
}

/// Whether caching is switched on for the process, or for the test scope this thread is in. A memo that is
/// switched off by itself is so all the same: see [`Memo::is_enabled`].
#[must_use]
pub fn is_enabled() -> bool {
    !runtime::Runtime::current().is_off()
}

/// Hands work to another thread as part of the computation under way: calls made by it count as made
/// from within that computation. So a circle of waits through that thread is noticed too, and with
/// `inherit_tags` the computation takes over the tags of these calls.
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
    let parent = flight::current();
    move || flight::with_context(parent.as_ref(), work)
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
    flight::polled_with_context(flight::current(), task)
}
