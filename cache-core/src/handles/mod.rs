//! The handles that users hold, besides calls: memos, keys of entries, tags and the registry.

mod address;
mod any_memo;
mod members;
mod memo;
mod registry;
mod tagged;

pub use address::{AnyKey, Key, Peek, Ttl};
#[cfg(feature = "store")]
pub(crate) use any_memo::clear_here;
pub use any_memo::{AllMemos, AnyMemoRef, ZeroCapacity};
pub(crate) use any_memo::{clear, clear_stores, invalidate_key_text, invalidate_matching};
pub use memo::Memo;
pub use registry::{LookupError, LookupErrorKind, Registry, registry};
#[cfg(all(test, not(loom)))]
pub(crate) use tagged::keys_of_tag;
pub use tagged::{Tagged, tag};
