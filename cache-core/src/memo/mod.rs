//! The cache behind one memoized function, and what its users can do with it as a whole.

mod applied;
#[cfg(feature = "store")]
mod backing;
mod backlog;
mod core;
mod dependents;
mod effects;
mod evicting;
mod flags;
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) mod fork;
mod freshness;
mod hooks;
pub(crate) mod inherit;
mod invalidating;
mod memo_ref;
mod nesting;
mod plain;
mod predicate_removal;
pub(crate) mod runtime;
#[cfg(feature = "testing")]
pub(crate) mod scope;
mod shards;
pub(crate) mod slot;
mod storing;
mod sweeper;
mod typed;
mod typical_duration;
mod updating;

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::atomic::AtomicPtr;

pub use applied::Applied;
#[cfg(feature = "store")]
pub use backing::Fetched;
#[cfg(feature = "store")]
pub(crate) use backing::{
    Acknowledgement, Backing, Fetching, Found, Later, Publication, Published, Publisher, Stores, Tier,
    TtlBounds,
};
pub(crate) use core::{MemoCore, Shard, ShardState, Types};
pub(crate) use dependents::{UnstoredCall, record_unknown};
pub(crate) use effects::Effects;
pub(crate) use flags::Flags;
pub(crate) use hooks::{MakesSpec, MemoSpec};
pub(crate) use memo_ref::MemoRef;
pub(crate) use predicate_removal::{Predicate, invalidate_where};
pub(crate) use runtime::{HeldTags, Runtime};
pub use storing::When;
pub(crate) use storing::{Candidate, Claim, StoreOutcome};
pub(crate) use typed::TypedMemo;

use crate::erased::Erased;
use crate::tags::{TagName, each_public};

/// What a slot finds memos by.
pub(crate) struct Header {
    /// Instantiation, key and value.
    pub(crate) id: TypeId,
    /// The next memo of the same slot.
    pub(crate) next: AtomicPtr<MemoCore>,
}

impl Header {
    pub(crate) fn new(id: TypeId) -> Self {
        Self { id, next: AtomicPtr::default() }
    }
}

/// What the registry and tags ask of a memo.
impl MemoCore {
    pub(crate) fn len(&self) -> usize {
        self.shards().map(|shard| shard.read().entries.iter().filter(|e| self.is_fresh(**e)).count()).sum()
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        Some(self.capacity.load(std::sync::atomic::Ordering::Relaxed)).filter(|n| *n != usize::MAX)
    }

    pub(crate) fn tags(&self) -> Vec<TagName> {
        let mut names: Vec<TagName> = Vec::new();
        let mut live = false;
        let mut groups = HashSet::new();
        for shard in self.shards() {
            let guard = shard.read();
            for entry in guard.entries.iter().filter(|entry| self.is_fresh(**entry)) {
                live = true;
                each_public(entry.tags(), &mut groups, |name| names.push(TagName(name.clone())));
            }
            drop(guard);
            names.sort_unstable();
            names.dedup();
        }
        if live {
            names.extend(self.fixed_tags().iter().map(|tag| TagName(tag.name.clone())));
            names.sort_unstable();
        }
        names
    }

    /// The keys of live entries, those first that were read most of late. At most `count`.
    #[cfg(feature = "store")]
    pub(crate) fn most_read(&self, count: usize) -> Vec<Erased> {
        let mut keys: Vec<(u8, Erased)> = Vec::new();
        for shard in self.shards() {
            let guard = shard.read();
            let live = guard.entries.iter().filter(|entry| self.is_fresh(**entry));
            keys.extend(live.map(|entry| (entry.reads(), entry.key.to_owned())));
            drop(guard);
            keys.sort_by_key(|(reads, _)| std::cmp::Reverse(*reads));
            keys.truncate(count);
        }
        keys.into_iter().map(|(_, key)| key).collect()
    }

    #[cfg(feature = "json")]
    pub(crate) fn key_of_json(&self, arguments: &serde_json::Value) -> Result<(Erased, u32), String> {
        let parts = self.spec.parts;
        let named = arguments.as_object();
        let listed = named.map(|named| self.in_order(named)).transpose()?;
        let parsed = (self.types.key_fns.parse)(listed.as_ref().unwrap_or(arguments));
        let key = parsed.map_err(|mismatch| match mismatch.part.and_then(|part| parts.get(part)) {
            // What was left out stands for `None`, where there is such a thing.
            Some(part) if named.is_some_and(|named| !named.contains_key(*part)) => {
                format!("argument `{part}` is missing")
            }
            Some(part) => format!("argument `{part}`: {}", mismatch.why),
            None => mismatch.why,
        })?;
        let hash = self.hash_owned(&key);
        Ok((key, hash))
    }

    /// Whether a key displays so. A user's `Debug` that panics does: dropping too much is only a miss.
    pub(crate) fn shows_as(&self, key: &Erased, is_selected: &dyn Fn(&str) -> bool) -> bool {
        self.run_hook(|| self.key_ref(key, |key| is_selected(&key.to_string()))).unwrap_or(true)
    }

    /// Arguments that were given by name, in the order of the key.
    #[cfg(feature = "json")]
    pub(crate) fn in_order(
        &self,
        named: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Value, String> {
        let parts = self.spec.parts;
        if let Some(unknown) = named.keys().find(|name| !parts.contains(&name.as_str())) {
            return Err(format!("no argument `{unknown}` in the key; it has {}", parts.join(", ")));
        }
        let value = |part: &&str| named.get(*part).cloned().unwrap_or(serde_json::Value::Null);
        Ok(serde_json::Value::Array(parts.iter().map(value).collect()))
    }
}
