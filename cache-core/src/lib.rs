#![cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
#![doc = include_str!("../README.md")]
// Models leave out the clock and what only that uses; what is done around a `fork` is not done everywhere.
#![cfg_attr(any(loom, miri, not(unix)), allow(dead_code))]

mod argument;
mod background;
mod call;
mod computing;
mod engine;
mod entry;
mod erased;
mod event;
mod feed;
mod flight;
mod handles;
mod invalidation;
mod key;
mod memo;
mod metadata;
mod mode;
#[cfg(all(test, loom))]
mod model;
mod one_shot;
mod pending;
mod policy;
mod spec;
mod store;
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

pub use background::{Executor, ExecutorIsSet, Task};
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
pub use call::Calling;
pub use call::node::CacheKey;
pub use computing::{Computing, computing};
pub use entry::Entry;
pub use event::{Cause, Stats};
pub use feed::{invalidate_on, invalidate_on_each};
pub use flight::TimedOut;
pub use handles::{
    AllMemos, AnyKey, AnyMemoRef, Key, LookupError, LookupErrorKind, Memo, Peek, Registry, Tagged, Ttl,
    ZeroCapacity, registry, tag,
};
pub use invalidation::Invalidation;
pub use key::KeyRef;
pub use memo::Applied;
pub use memo::inherit::{inherit, inherit_task};
pub use memo::runtime::{is_enabled, set_enabled, set_executor};
pub use mode::{Async, Blocking};
pub use pending::Pending;
pub use policy::Policy;
pub use tags::{Tag, TagName};
pub use time::{ClockIsSet, set_clock};
pub use writes::invalidates;
