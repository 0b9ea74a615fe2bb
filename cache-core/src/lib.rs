#![cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
#![doc = include_str!("../README.md")]
// Models have no clock, so the code for it is unused there. The code for `fork` is unused on some platforms.
#![cfg_attr(any(loom, miri, not(unix)), allow(dead_code))]

mod argument;
mod background;
mod call;
mod computing;
mod done;
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
#[cfg(feature = "store")]
pub mod store;
mod sync;
mod table;
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
/// Makes a struct a node. The [trait](trait@CacheKey) of the same name explains nodes.
pub use cache_macros::CacheKey;
/// Makes a type a tag. The name of the tag consists of the path of the type and of its fields, as they
/// display.
///
/// It can be derived for structs and enums of any form. Each variant of an enum is a tag of its own. Fields
/// must be `Display`. Lifetimes are allowed, so that a tag can be named without copying. Type and const
/// parameters are not allowed, because the name would not tell the types apart.
///
/// The path is that of the module. So types of the same name, in different functions of one module, share
/// their tags. `#[tag(crate = path)]` sets the path of `cache_core`, if it is re-exported.
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
/// Gives a function a cache. The page [options](guide::options) explains what the attribute takes,
/// [companions](guide::companions) what it writes beside the function.
///
/// It can be put on functions, asynchronous or not, and on methods. On an `impl` or a `trait`, it carries out
/// the attributes of the functions inside.
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
