//! Stores of bytes, and the caches of values that are built on them.

mod aliases;
mod answer;
mod cache;
mod canonical;
mod clock;
mod codec;
mod compression;
mod contract;
#[cfg(feature = "disk")]
mod disk;
mod duration;
mod envelope;
mod error;
mod fork;
pub(crate) mod function;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(all(test, not(loom)))]
mod golden;
mod key;
mod link;
mod memory;
mod null;
mod protocol;
mod reply;
pub(crate) mod rules;
pub(crate) mod schema;
mod secret;
mod signing;
mod tiered;

pub use aliases::{Caches, ConfigError, ConfigErrorKind, caches};
pub use answer::Answer;
/// Bytes that are shared without copying, of the crate `bytes`.
pub use bytes::Bytes;
pub use cache::{Cache, CacheBuilder, CacheStats, CacheTag, GetOrCompute, Lock, MissReason};
/// Describes the serialized form of a type. The [trait](trait@Schema) of the same name explains what counts, and the
/// options.
pub use cache_macros::Schema;
pub use codec::{Codec, CodecError, CustomCodec};
pub use compression::Compression;
pub use contract::{
    Action, Channel, Condition, Counter, Listener, Outcome, Scan, Store, Stored, Version, Write,
};
#[cfg(feature = "disk")]
pub use disk::{DiskBuilder, DiskEvent, DiskStore};
pub use duration::TimeToLive;
/// Traits of `serde` that can be objects, for a [`CustomCodec`].
pub use erased_serde;
pub use error::{StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub use null::NullStore;
pub use reply::{Reading, Reply, Writing};
pub use schema::{Schema, SchemaDescription};
pub use secret::Secret;
pub use signing::{SigningKeyError, SigningKeys};
pub use tiered::TieredStore;
