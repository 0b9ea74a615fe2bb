//! What entries elsewhere were computed from: the other end of `inherit_tags`.
//!
//! An entry that is read within a computation that inherits tags gets a tag of its own,
//! which the computed entry carries like any other. It is made before the entry is looked up, so that
//! whoever invalidates the entry afterwards finds it; and it is invalidated after the entry was taken
//! out, so that whoever has seen that invalidation does not find the entry any more.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use hashbrown::HashTable;

use super::Applied;
use super::{MemoCore, MemoRef};
use crate::erased::{Erased, ErasedRef};
use crate::flight::{CarriedTags, Flight, current};
use crate::metadata::{Described, EntryMetadata};
use crate::sync::{RandomState, ShardLock};
use crate::tags::{Inherited, Name, Severity, TagState};

/// The dependencies among the keys of one shard.
pub(crate) struct Dependencies {
    /// Most memos have none.
    table: Option<Box<HashTable<Dependency>>>,
}

/// Keys by their hashes.
pub(crate) type SparedKeys = HashMap<u32, Vec<Erased>, RandomState>;

#[derive(Clone)]
struct Dependency {
    key: Erased,
    hash: u32,
    name: Name,
    /// It lives as long as something carries it.
    tag: Weak<TagState>,
    /// A dependent may have read another value than the present one: it was replaced, or never stored.
    replaced: bool,
}

impl Dependencies {
    pub(crate) fn new() -> Self {
        Self { table: None }
    }

    fn iter(&self) -> impl Iterator<Item = &Dependency> {
        self.table.iter().flat_map(|table| table.iter())
    }

    fn find(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<&Dependency> {
        let table = self.table.as_ref()?;
        table.find(u64::from(hash), |dependency| dependency.hash == hash && eq(dependency.key.by_ref()))
    }

    /// The dependency of a key; compares keys, so only shared access is needed.
    pub(crate) fn of(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<Name> {
        self.find(hash, eq).map(|dependency| dependency.name.clone())
    }

    /// A value of this hash leaves, or is not stored, though somebody may have read it. Compares no keys.
    #[cold]
    pub(crate) fn note_replaced(&mut self, hash: u32) {
        if let Some(table) = &mut self.table {
            for dependency in table.iter_hash_mut(u64::from(hash)) {
                dependency.replaced |= dependency.hash == hash;
            }
        }
    }

    /// Whether nothing carries some of them any more.
    pub(crate) fn has_dead(&self) -> bool {
        self.iter().any(|dependency| dependency.tag.strong_count() == 0)
    }

    /// All keys, of a memo that ends.
    pub(crate) fn end(&mut self) -> Vec<Erased> {
        self.table
            .take()
            .map_or_else(Vec::new, |table| table.into_iter().map(|dependency| dependency.key).collect())
    }

    /// Forgets those that nothing carries any more. Hands their keys out: they may be the user's, to be
    /// dropped when the shard has been released.
    #[must_use]
    pub(crate) fn remove_dead(&mut self) -> Vec<Erased> {
        let Some(table) = &mut self.table else { return Vec::new() };
        let dead = table.extract_if(|dependency| dependency.tag.strong_count() == 0);
        let dead = dead.map(|dependency| dependency.key).collect();
        table.shrink_to(table.len() * 2, |dependency| u64::from(dependency.hash));
        dead
    }

    #[must_use]
    fn insert(&mut self, dependency: Dependency) -> Vec<Erased> {
        let full = self.table.as_ref().is_some_and(|table| table.len() == table.capacity());
        let mut gone = if full { self.remove_dead() } else { Vec::new() };
        let table = self.table.get_or_insert_default();
        if full {
            // The table is searched for dead ones again only after it has doubled.
            table.reserve(table.len() + 1, |dependency| u64::from(dependency.hash));
        }
        let hash = u64::from(dependency.hash);
        // Those of the same key that nothing carries any more must not be found instead.
        while let Ok(dead) =
            table.find_entry(hash, |known| known.hash == dependency.hash && known.tag.strong_count() == 0)
        {
            gone.push(dead.remove().0.key);
        }
        table.insert_unique(hash, dependency, |dependency| u64::from(dependency.hash));
        gone
    }
}

impl MemoCore {
    /// Notes that the computation on this thread, if it inherits tags, is about to read an entry of this
    /// memo. Called only if the memo is tracked; cold, so that it costs a hit as little as possible.
    #[cold]
    pub(crate) fn record_dependency(&self, hash: u32, key: impl FnOnce() -> Erased) {
        let Some(to) = inheriting() else { return };
        let Some(dependency) = self.dependency(&key(), hash) else {
            return to.note_unknown();
        };
        let tags: Box<[_]> =
            [dependency, self.memo_tag()].into_iter().chain(self.fixed_tags().iter().cloned()).collect();
        to.add(self.runtime().address(), &tags);
        // Whoever took them over holds them.
        self.runtime().tags.release(tags);
    }

    /// Tells it by what a value that it has read is invalidated.
    #[cold]
    pub(crate) fn record_tags(&self, tags: &[Arc<TagState>]) {
        if let Some(to) = inheriting() {
            to.add(self.runtime().address(), tags);
        }
    }

    /// The same of a return that is not stored: what its value, or its error, would have carried.
    pub(crate) fn record_described(
        &self,
        key: &Erased,
        stored: Option<&Erased>,
        describe: impl FnOnce(&mut EntryMetadata),
    ) {
        if !self.is_tracked() || inheriting().is_none() {
            return;
        }
        let mut metadata = self.metadata(key, stored, describe);
        if let Some(tags) = self.attach(&mut metadata, &[]) {
            self.record_tags(&tags);
        }
    }

    /// The computation has found no fresh entry. Any call may store one, and no tag tells of that, so what
    /// is computed from it is not stored.
    pub(crate) fn record_absence(&self) {
        if self.is_tracked() {
            record_unknown();
        }
    }

    /// The same of a value that it has waited for.
    #[cold]
    pub(crate) fn record_carried(&self, carried: &CarriedTags) {
        match carried.known() {
            Some(tags) => self.record_tags(tags),
            None => record_unknown(),
        }
    }

    /// The dependency of a key; none within an `Eq`, where the shard cannot be written.
    fn dependency(&self, key: &Erased, hash: u32) -> Option<Arc<TagState>> {
        if crate::sync::is_comparing() {
            return None;
        }
        let same = |other: ErasedRef<'_>| self.same(other, key);
        let tags = &self.runtime().tags;
        let guard = self.shard(hash).upgradable();
        let known = guard.dependencies.find(hash, same).and_then(|dependency| tags.hold(&dependency.tag));
        if known.is_some() {
            return known;
        }
        let tag = tags.dependency();
        let (name, weak) = (tag.name.clone(), Arc::downgrade(&tag));
        let gone = ShardLock::upgrade(guard).dependencies.insert(Dependency {
            key: key.clone(),
            hash,
            name,
            tag: weak,
            replaced: false,
        });
        self.drop_keys(gone);
        Some(tag)
    }

    /// No lock is held.
    pub(crate) fn drop_keys(&self, keys: Vec<Erased>) {
        for key in keys {
            self.run_hook(|| drop(key));
        }
    }

    /// The tag that stands for all keys.
    fn memo_tag(&self) -> Arc<TagState> {
        self.memo_tag.lock().get_or_insert_with(|| self.runtime().tags.dependency()).clone()
    }

    /// Invalidates what was computed from any entry.
    pub(crate) fn invalidate_dependents_of_all(&self, severity: Severity) -> Applied {
        let memo_tag = self.memo_tag.lock().as_ref().map(|tag| tag.name.clone());
        memo_tag.map_or_else(Applied::default, |name| self.runtime().invalidate_tag(&name, severity))
    }

    /// Invalidates what was computed from entries whose key `doomed` picks, but for those that are
    /// spared.
    pub(crate) fn invalidate_dependents_where(
        &self,
        doomed: impl Fn(&Erased) -> bool,
        spared: &SparedKeys,
        severity: Severity,
    ) -> Applied {
        if !self.is_tracked() {
            return Applied::default();
        }
        let is_spared = |key: &Erased, hash: u32| {
            spared.get(&hash).is_some_and(|keys| keys.iter().any(|other| self.same(other.by_ref(), key)))
        };
        let mut applied = Applied::default();
        for shard in self.shards() {
            let dependencies: Vec<Dependency> = shard.read().dependencies.iter().cloned().collect();
            for Dependency { key, hash, name, replaced, .. } in dependencies {
                if doomed(&key) && (replaced || !is_spared(&key, hash)) {
                    applied += self.runtime().invalidate_tag(&name, severity);
                }
            }
        }
        applied
    }

    /// A computation has ended. The one above it inherits the tags of its value, or, if there is no value,
    /// all tags that it has inherited.
    pub(crate) fn end_inheriting(&self, flight: &Flight, carried: Option<&[Arc<TagState>]>) {
        match (flight.context.inherited(), carried) {
            (Some(inherited), _) => self.runtime().tags.release(inherited.end(carried).into()),
            (None, Some(tags)) => {
                if let Some(above) = flight.context.inheriting() {
                    above.add(self.runtime().address(), tags);
                }
            }
            (None, None) => {}
        }
    }
}

/// A call whose return is not stored, and what is computed from that return depends on all the same.
pub(crate) struct UnstoredCall {
    pub(crate) memo: MemoRef,
    pub(crate) key: Erased,
    pub(crate) hash: u32,
    /// The call touches nothing: the hook for errors does not run.
    pub(crate) bypass: bool,
}

impl UnstoredCall {
    /// Its body has returned.
    pub(crate) fn returned(&self, call: &mut dyn Described) {
        let Self { memo, key, hash, bypass } = self;
        if !bypass {
            memo.on_error(key, call.returned().error());
        }
        if !memo.is_tracked() || inheriting().is_none() {
            return;
        }
        let mut stored = Erased::default();
        match call.returned().take_value(&mut stored) {
            Some(_) => {
                // Within an `Eq` the shard may be held, and no dependency was noted.
                if !crate::sync::is_comparing() {
                    memo.shard(*hash).write().dependencies.note_replaced(*hash);
                }
                memo.record_described(key, Some(&stored), |metadata| call.describe(Some(&stored), metadata));
                call.returned().set_value(&mut stored);
            }
            None => memo.record_described(key, None, |metadata| call.describe(None, metadata)),
        }
    }
}

/// Tells a computation that takes over tags, if this thread runs one, that it has read something of which
/// nobody can say that it was invalidated.
#[cold]
pub(crate) fn record_unknown() {
    if let Some(to) = inheriting() {
        to.note_unknown();
    }
}

/// What takes over the tags of what this thread reads, if anything does.
fn inheriting() -> Option<Arc<Inherited>> {
    current()?.inheriting().cloned()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::memo::Runtime;
    use crate::time::Clock;

    #[test]
    fn sources_are_gone_through_seldom_however_many_there_are() {
        let runtime = Runtime::new(Clock::System);
        let mut dependencies = Dependencies::new();
        let mut alive = VecDeque::new();
        let add = |dependencies: &mut Dependencies, key: u32, alive: &mut VecDeque<Arc<TagState>>| {
            let tag = runtime.tags.dependency();
            let hash = key.wrapping_mul(0x9E37_79B9);
            let (key, name) = (Erased::new(key), tag.name.clone());
            let dependency = Dependency { key, hash, name, tag: Arc::downgrade(&tag), replaced: false };
            alive.push_back(tag);
            dependencies.insert(dependency).len()
        };
        let table = |dependencies: &Dependencies| {
            dependencies.table.as_ref().map(|table| (table.len(), table.capacity()))
        };
        let mut key = 0;
        // As many as fit.
        while key < 1_000 || table(&dependencies).is_some_and(|(len, capacity)| len < capacity) {
            key += 1;
            add(&mut dependencies, key, &mut alive);
        }
        let (count, mut times) = (key, 0);
        for _ in 0..4 * count {
            runtime.tags.release(alive.pop_front().into_iter().collect());
            key += 1;
            times += usize::from(add(&mut dependencies, key, &mut alive) > 0);
        }
        assert!((1..=8).contains(&times), "{times} times");
        assert!(table(&dependencies).is_some_and(|(_, capacity)| capacity < 8 * count as usize));
    }
}
