//! The cache behind one memoized function, and what its users can do with it as a whole.

mod evicting;
mod flags;
#[cfg(all(unix, not(miri), not(loom)))]
mod forking;
mod freshness;
mod garbage;
mod handle;
mod hooks;
mod judging;
#[cfg(all(test, not(loom)))]
mod marks;
mod nesting;
mod shards;
mod sources;
mod storing;
mod sweep;
mod sweeping;
mod typed;
mod users;
mod usual;

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;

pub(crate) use flags::Flags;
pub(crate) use garbage::Garbage;
pub(crate) use handle::clear;
pub use handle::{AllMemos, AnyMemoRef, ZeroCapacity};
pub(crate) use hooks::{Describe, FallbackIf, MemoSpec, OnError, OnEvict, OnStore, ShareError, Weigh};
pub(crate) use judging::{Judging, invalidate_matching, invalidate_shown};
pub(crate) use sources::{Unstored, hand_up_miss};
pub use storing::When;
pub(crate) use sweep::{Sweep, Swept};
pub(crate) use typed::{Room, TypedMemo};
pub use users::Memo;
pub(crate) use users::{InField, Place};

use crate::address::AnyKey;
use crate::event::Stats;
use crate::invalidate::Applied;
#[cfg(all(unix, not(miri), not(loom)))]
use crate::sync::Locked;
use crate::tags::{Carrier, Decree, Form, Ids, TagName, each_public};
use crate::time::Tick;
use crate::world::World;

/// What keys and values are in the store: their `Clone` runs no user code.
pub trait Data: Clone + Send + Sync + 'static {}
impl<T: Clone + Send + Sync + 'static> Data for T {}

/// What a slot finds memos by; the first field of every memo.
pub(crate) struct Header {
    /// Instantiation, key and value.
    pub(crate) id: TypeId,
    /// The next memo of the same slot.
    pub(crate) next: AtomicPtr<Header>,
}

impl Header {
    fn new(id: TypeId) -> Self {
        Self { id, next: AtomicPtr::default() }
    }
}

/// A memo whose types are not known: what the registry and tags work with.
pub(crate) trait AnyMemo: Carrier {
    fn name(&self) -> &Arc<str>;
    fn slot(&self) -> usize;
    fn len(&self) -> usize;
    fn capacity(&self) -> Option<usize>;
    fn weight(&self) -> usize;
    fn set_capacity(&self, capacity: usize);
    fn set_enabled(&self, enabled: bool);
    fn is_enabled(&self) -> bool;
    fn world_switched(&self);
    fn stats(&self) -> Stats;
    fn tags(&self) -> Vec<TagName>;
    fn keys(&self) -> Vec<AnyKey>;
    /// Takes out, or marks, everything that an invalidation of the memo as a whole has hit.
    fn sweep_cleared(&self, decree: Decree) -> Applied;
    /// Invalidates keys by how they display.
    fn invalidate_shown(&self, is_meant: &dyn Fn(&str) -> bool, form: Form) -> Applied;
    /// Takes off what is being computed for keys that display so, or for any, and began before the last
    /// judgement.
    fn doom_shown(&self, is_meant: Option<&dyn Fn(&str) -> bool>);
    fn judging(&self) -> &Judging;
    fn world(&self) -> &Arc<World>;
    fn sweep(&self) -> usize;
    /// Whether a sweep would find something, and whether it ever could.
    fn sweep_due(&self, now: Tick) -> (bool, bool);
    /// Takes out, or marks, what an invalidation has hit: the entries of a tag, or all.
    fn sweep_after(&self, decree: Decree, tags: Option<Ids>) -> Swept;
    /// Does what invalidations have left for later.
    fn drain(&self);
    fn tagged_keys(&self, tags: &[u64], all: bool) -> Vec<AnyKey>;
    /// Keeps writers off its shards, around a `fork`; how many these are.
    #[cfg(all(unix, not(miri), not(loom)))]
    fn hold_shards(&self) -> usize;
    /// Lets them come again.
    #[cfg(all(unix, not(miri), not(loom)))]
    fn release_shards(&self, count: usize);
    /// How many shards were made.
    #[cfg(all(unix, not(miri), not(loom)))]
    fn shards_made(&self) -> usize;
    /// The lock of the source that stands for all keys.
    #[cfg(all(unix, not(miri), not(loom)))]
    fn hold_whole(self: Arc<Self>) -> Box<dyn Locked>;
    /// The locks that are taken under those of tags.
    #[cfg(all(unix, not(miri), not(loom)))]
    fn hold_rest(self: Arc<Self>) -> Vec<Box<dyn Locked>>;
    /// Forgets, in the child, what other threads had begun.
    ///
    /// # Safety
    ///
    /// There is one thread, which holds so many shards by [`hold_shards`](Self::hold_shards) and none in another
    /// way.
    #[cfg(all(unix, not(miri), not(loom)))]
    unsafe fn forked(&self, count: usize);
    #[cfg(feature = "json")]
    fn key_of_json(&self, arguments: &serde_json::Value) -> Result<AnyKey, String>;
}

impl<K: Data, V: Data> AnyMemo for TypedMemo<K, V> {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[cfg(all(unix, not(miri), not(loom)))]
    fn hold_shards(&self) -> usize {
        self.keep_writers_off()
    }

    #[cfg(all(unix, not(miri), not(loom)))]
    fn release_shards(&self, count: usize) {
        self.let_writers_come(count);
    }

    #[cfg(all(unix, not(miri), not(loom)))]
    fn shards_made(&self) -> usize {
        self.shards.made().len()
    }

    #[cfg(all(unix, not(miri), not(loom)))]
    fn hold_whole(self: Arc<Self>) -> Box<dyn Locked> {
        crate::sync::held_in(self, |memo| memo.whole.lock(), |_| ())
    }

    #[cfg(all(unix, not(miri), not(loom)))]
    fn hold_rest(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        self.keep_from_the_rest()
    }

    #[cfg(all(unix, not(miri), not(loom)))]
    unsafe fn forked(&self, count: usize) {
        // SAFETY: as the caller says.
        unsafe { self.forget_other_threads(count) };
    }

    fn slot(&self) -> usize {
        self.slot
    }

    fn len(&self) -> usize {
        self.shards().map(|shard| shard.read().residents.iter().filter(|e| self.fresh(**e)).count()).sum()
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.capacity.load(std::sync::atomic::Ordering::Relaxed)).filter(|n| *n != usize::MAX)
    }

    fn weight(&self) -> usize {
        self.held.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn set_capacity(&self, capacity: usize) {
        self.bound(capacity);
    }

    fn set_enabled(&self, enabled: bool) {
        self.switch(enabled);
    }

    fn is_enabled(&self) -> bool {
        !self.is_disabled()
    }

    fn world_switched(&self) {
        self.follow_world();
    }

    fn stats(&self) -> Stats {
        self.counters.read()
    }

    fn tags(&self) -> Vec<TagName> {
        let mut names: Vec<TagName> = Vec::new();
        let mut live = false;
        let mut groups = HashSet::new();
        for shard in self.shards() {
            let room = shard.read();
            for entry in room.residents.iter().filter(|entry| self.fresh(**entry)) {
                live = true;
                each_public(entry.tags(), &mut groups, |name| names.push(TagName(name.clone())));
            }
            drop(room);
            names.sort_unstable();
            names.dedup();
        }
        if live {
            names.extend(self.fixed_tags().iter().map(|tag| TagName(tag.name.clone())));
            names.sort_unstable();
        }
        names
    }

    fn keys(&self) -> Vec<AnyKey> {
        self.any_keys(self.live_keys(None))
    }

    fn sweep_cleared(&self, decree: Decree) -> Applied {
        TypedMemo::sweep_cleared(self, decree)
    }

    fn invalidate_shown(&self, is_meant: &dyn Fn(&str) -> bool, form: Form) -> Applied {
        let matches = |key: &K| self.shows_as(key, is_meant);
        self.invalidate_where(matches, |key, _| matches(key), form)
    }

    fn doom_shown(&self, is_meant: Option<&dyn Fn(&str) -> bool>) {
        self.doom(|key| is_meant.is_none_or(|is_meant| self.shows_as(key, is_meant)), self.judged());
    }

    fn judging(&self) -> &Judging {
        &self.judging
    }

    fn world(&self) -> &Arc<World> {
        TypedMemo::world(self)
    }

    fn sweep(&self) -> usize {
        self.reclaim()
    }

    fn sweep_due(&self, now: Tick) -> (bool, bool) {
        TypedMemo::sweep_due(self, now)
    }

    fn sweep_after(&self, decree: Decree, tags: Option<Ids>) -> Swept {
        TypedMemo::sweep_after(self, decree, tags)
    }

    fn drain(&self) {
        TypedMemo::drain(self);
    }

    fn tagged_keys(&self, tags: &[u64], all: bool) -> Vec<AnyKey> {
        self.any_keys(self.live_keys((!all).then_some(tags)))
    }

    #[cfg(feature = "json")]
    fn key_of_json(&self, arguments: &serde_json::Value) -> Result<AnyKey, String> {
        let parts = self.spec.parts;
        let named = arguments.as_object();
        let listed = named.map(|named| self.in_order(named)).transpose()?;
        let parsed = (self.key_fns.parse)(listed.as_ref().unwrap_or(arguments));
        let key = parsed.map_err(|misfit| match misfit.part.and_then(|part| parts.get(part)) {
            // What was left out stands for `None`, where there is such a thing.
            Some(part) if named.is_some_and(|named| !named.contains_key(*part)) => {
                format!("argument `{part}` is missing")
            }
            Some(part) => format!("argument `{part}`: {}", misfit.why),
            None => misfit.why,
        })?;
        let hash = self.hash_owned(&key);
        Ok(AnyKey::new(self.arc(), key, hash))
    }
}

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Whether a key displays so. A user's `Debug` that panics does: dropping too much is only a miss.
    fn shows_as(&self, key: &K, is_meant: &dyn Fn(&str) -> bool) -> bool {
        self.run_hook(|| self.key_ref(key, |key| is_meant(&key.to_string()))).unwrap_or(true)
    }

    fn any_keys(&self, keys: Vec<(K, u32)>) -> Vec<AnyKey> {
        let memo = self.arc();
        keys.into_iter().map(|(key, hash)| AnyKey::new(memo.clone(), key, hash)).collect()
    }

    /// Arguments that were given by name, in the order of the key.
    #[cfg(feature = "json")]
    fn in_order(
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
