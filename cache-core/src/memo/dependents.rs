//! What entries elsewhere were computed from: the other end of `inherit_tags`.
//!
//! An entry that is read within a computation that inherits tags gets a tag of its own, its *source*,
//! which the computed entry carries like any other. It is made before the entry is looked up, so that
//! whoever invalidates the entry afterwards finds it; and it is invalidated after the entry was taken
//! out, so that whoever has seen that invalidation does not find the entry any more.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use hashbrown::HashTable;

use super::{MemoCore, MemoRef};
use crate::draft::Draft;
use crate::engine::Described;
use crate::erased::{Erased, ErasedRef};
use crate::flight::{Carried, Flight, current};
use crate::invalidate::Applied;
use crate::sync::{RandomState, ShardLock};
use crate::tags::{Form, Inherited, Mark, Name};

/// The sources among the keys of one shard.
pub(crate) struct Sources {
    /// Most memos have none.
    table: Option<Box<HashTable<Source>>>,
}

/// Keys by their hashes.
pub(crate) type Spared = HashMap<u32, Vec<Erased>, RandomState>;

struct Source {
    key: Erased,
    hash: u32,
    name: Name,
    /// It lives as long as something carries it.
    tag: Weak<Mark>,
    /// What has been read may be another value than what is there: it was stored in place of it, or has
    /// never been stored.
    mixed: bool,
}

impl Sources {
    pub(crate) fn new() -> Self {
        Self { table: None }
    }

    fn iter(&self) -> impl Iterator<Item = &Source> {
        self.table.iter().flat_map(|table| table.iter())
    }

    fn find(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<&Source> {
        let table = self.table.as_ref()?;
        table.find(u64::from(hash), |source| source.hash == hash && eq(source.key.by_ref()))
    }

    /// The source of a key; compares keys, so only shared access is needed.
    pub(crate) fn of(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<Name> {
        self.find(hash, eq).map(|source| source.name.clone())
    }

    /// A value of this hash leaves, or is not stored, though somebody may have read it. Compares no keys.
    pub(crate) fn mix(&mut self, hash: u32) {
        if let Some(table) = &mut self.table {
            for source in table.iter_hash_mut(u64::from(hash)) {
                source.mixed |= source.hash == hash;
            }
        }
    }

    /// Whether nothing carries some of them any more.
    pub(crate) fn has_dead(&self) -> bool {
        self.iter().any(|source| source.tag.strong_count() == 0)
    }

    /// All keys, of a memo that ends.
    pub(crate) fn end(&mut self) -> Vec<Erased> {
        self.table.take().map_or_else(Vec::new, |table| table.into_iter().map(|source| source.key).collect())
    }

    /// Forgets those that nothing carries any more. Hands their keys out: they may be the user's, to be
    /// dropped when the shard has been released.
    #[must_use]
    pub(crate) fn settle(&mut self) -> Vec<Erased> {
        let Some(table) = &mut self.table else { return Vec::new() };
        let dead = table.extract_if(|source| source.tag.strong_count() == 0);
        let dead = dead.map(|source| source.key).collect();
        table.shrink_to(table.len() * 2, |source| u64::from(source.hash));
        dead
    }

    #[must_use]
    fn insert(&mut self, source: Source) -> Vec<Erased> {
        let full = self.table.as_ref().is_some_and(|table| table.len() == table.capacity());
        let mut gone = if full { self.settle() } else { Vec::new() };
        let table = self.table.get_or_insert_default();
        if full {
            // It is not gone through again before as many have come as are there.
            table.reserve(table.len() + 1, |source| u64::from(source.hash));
        }
        let hash = u64::from(source.hash);
        // Those of the same key that nothing carries any more must not be found instead.
        while let Ok(dead) =
            table.find_entry(hash, |known| known.hash == source.hash && known.tag.strong_count() == 0)
        {
            gone.push(dead.remove().0.key);
        }
        table.insert_unique(hash, source, |source| u64::from(source.hash));
        gone
    }

    fn all(&self) -> impl Iterator<Item = (Erased, u32, Name, bool)> + '_ {
        self.iter().map(|source| (source.key.clone(), source.hash, source.name.clone(), source.mixed))
    }
}

impl MemoCore {
    /// Tells the computation that takes over the tags of what it reads, if this thread runs one, what it
    /// is about to read: an entry of this memo. Asked only where the memo is tracked, as are all of
    /// these; they are cold, so that a hit has as little to do with them as can be.
    #[cold]
    pub(crate) fn record_source(&self, hash: u32, key: impl FnOnce() -> Erased) {
        let Some(to) = inheriting() else { return };
        let Some(source) = self.source(&key(), hash) else {
            return to.miss();
        };
        let tags: Box<[_]> =
            [source, self.whole()].into_iter().chain(self.fixed_tags().iter().cloned()).collect();
        to.add(self.world().address(), &tags);
        // Whoever took them over holds them.
        self.world().tags.release(tags);
    }

    /// Tells it by what a value that it has read is invalidated.
    #[cold]
    pub(crate) fn record_tags(&self, tags: &[Arc<Mark>]) {
        if let Some(to) = inheriting() {
            to.add(self.world().address(), tags);
        }
    }

    /// The same of a return that is not stored: what its value, or its error, would have carried.
    pub(crate) fn record_described(
        &self,
        key: &Erased,
        held: Option<&Erased>,
        describe: impl FnOnce(&mut Draft),
    ) {
        if !self.is_tracked() || inheriting().is_none() {
            return;
        }
        let mut draft = self.draft(key, held, describe);
        if let Some(tags) = self.attach(&mut draft, &[]) {
            self.record_tags(&tags);
        }
    }

    /// It has found nothing, or nothing fresh, which holds no longer than until any call stores it: what is
    /// computed from that is not kept.
    pub(crate) fn record_absence(&self) {
        if self.is_tracked() {
            record_unknown();
        }
    }

    /// The same of a value that it has waited for.
    #[cold]
    pub(crate) fn record_carried(&self, carried: &Carried) {
        match carried {
            Carried::Tags(seen) => self.record_tags(seen.as_ref().map_or(&[], |seen| seen)),
            Carried::Unknown => record_unknown(),
        }
    }

    /// The source of a key; none within an `Eq`, where the shard cannot be written.
    fn source(&self, key: &Erased, hash: u32) -> Option<Arc<Mark>> {
        if crate::sync::is_comparing() {
            return None;
        }
        let same = |other: ErasedRef<'_>| self.same(other, key);
        let tags = &self.world().tags;
        let room = self.shard(hash).upgradable();
        let known = room.sources.find(hash, same).and_then(|source| tags.hold(&source.tag));
        if known.is_some() {
            return known;
        }
        let tag = tags.source();
        let (name, weak) = (tag.name.clone(), Arc::downgrade(&tag));
        let gone = ShardLock::upgrade(room).sources.insert(Source {
            key: key.clone(),
            hash,
            name,
            tag: weak,
            mixed: false,
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

    /// The source that stands for all keys.
    fn whole(&self) -> Arc<Mark> {
        self.whole.lock().get_or_insert_with(|| self.world().tags.source()).clone()
    }

    /// Invalidates what was computed from any entry.
    pub(crate) fn invalidate_dependents_of_all(&self, form: Form) -> Applied {
        let whole = self.whole.lock().as_ref().map(|tag| tag.name.clone());
        whole.map_or_else(Applied::default, |name| self.world().invalidate_tag(&name, form))
    }

    /// Invalidates what was computed from entries whose key `doomed` picks, but for those that are
    /// spared.
    pub(crate) fn invalidate_dependents_where(
        &self,
        doomed: impl Fn(&Erased) -> bool,
        spared: &Spared,
        form: Form,
    ) -> Applied {
        if !self.is_tracked() {
            return Applied::default();
        }
        let is_spared = |key: &Erased, hash: u32| {
            spared.get(&hash).is_some_and(|keys| keys.iter().any(|other| self.same(other.by_ref(), key)))
        };
        let mut applied = Applied::default();
        for shard in self.shards() {
            let sources: Vec<_> = shard.read().sources.all().collect();
            for (key, hash, name, mixed) in sources {
                if doomed(&key) && (mixed || !is_spared(&key, hash)) {
                    applied += self.world().invalidate_tag(&name, form);
                }
            }
        }
        applied
    }

    /// A computation has ended: whoever is above it takes over what its value carries; all that it has taken over
    /// itself, if it has none.
    pub(crate) fn end_inheriting(&self, flight: &Flight, carried: Option<&[Arc<Mark>]>) {
        match (flight.context.inherited(), carried) {
            (Some(inherited), _) => self.world().tags.release(inherited.end(carried).into()),
            (None, Some(tags)) => {
                if let Some(above) = flight.context.inheriting() {
                    above.add(self.world().address(), tags);
                }
            }
            (None, None) => {}
        }
    }
}

/// A call whose return is not stored, and what is computed from that return depends on all the same.
pub(crate) struct UncachedCall {
    pub(crate) memo: MemoRef,
    pub(crate) key: Erased,
    pub(crate) hash: u32,
    /// The call touches nothing: the hook for errors does not run.
    pub(crate) bypass: bool,
}

impl UncachedCall {
    /// Its body has returned.
    pub(crate) fn returned(&self, call: &mut dyn Described) {
        let Self { memo, key, hash, bypass } = self;
        if !bypass {
            memo.on_error(key, call.returned().error());
        }
        if !memo.is_tracked() || inheriting().is_none() {
            return;
        }
        match call.returned().take_value() {
            Some(held) => {
                // Within an `Eq` the shard may be held, and no source was noted.
                if !crate::sync::is_comparing() {
                    memo.shard(*hash).write().sources.mix(*hash);
                }
                memo.record_described(key, Some(&held), |draft| call.describe(Some(&held), draft));
                call.returned().set_value(held);
            }
            None => memo.record_described(key, None, |draft| call.describe(None, draft)),
        }
    }
}

/// Tells a computation that takes over tags, if this thread runs one, that it has read something of which
/// nobody can say that it was invalidated.
#[cold]
pub(crate) fn record_unknown() {
    if let Some(to) = inheriting() {
        to.miss();
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
    use crate::time::Clock;
    use crate::world::World;

    #[test]
    fn sources_are_gone_through_seldom_however_many_there_are() {
        let world = World::new(Clock::System);
        let mut sources = Sources::new();
        let mut alive = VecDeque::new();
        let add = |sources: &mut Sources, key: u32, alive: &mut VecDeque<Arc<Mark>>| {
            let tag = world.tags.source();
            let hash = key.wrapping_mul(0x9E37_79B9);
            let (key, name) = (Erased::new(key), tag.name.clone());
            let source = Source { key, hash, name, tag: Arc::downgrade(&tag), mixed: false };
            alive.push_back(tag);
            sources.insert(source).len()
        };
        let table = |sources: &Sources| sources.table.as_ref().map(|table| (table.len(), table.capacity()));
        let mut key = 0;
        // As many as fit.
        while key < 1_000 || table(&sources).is_some_and(|(len, capacity)| len < capacity) {
            key += 1;
            add(&mut sources, key, &mut alive);
        }
        let (count, mut times) = (key, 0);
        for _ in 0..4 * count {
            world.tags.release(alive.pop_front().into_iter().collect());
            key += 1;
            times += usize::from(add(&mut sources, key, &mut alive) > 0);
        }
        assert!((1..=8).contains(&times), "{times} times");
        assert!(table(&sources).is_some_and(|(_, capacity)| capacity < 8 * count as usize));
    }
}
