//! The entries of one shard: where they lie, a hash table that finds them, the order of eviction, and an index
//! by tag.
//!
//! Nothing here locks, compares keys by itself or runs user code; whoever holds the shard does.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;

use super::cell::CellType;
use super::entry_ref::{EntryRef, HitRef, Removed, StoredMetadata};
use super::hashes::long;
use super::slab::Slab;
use crate::erased::{Erased, ErasedRef};
use crate::policy::{Evictor, NONE, Policy, Rules, SlotId, SlotTable};
use crate::sync::RandomState;
use crate::tags::{TagSet, TagState};
use crate::time::{NEVER, Tick};

/// With fewer slots than this it is not worth giving any back.
const SMALL: usize = 64;

/// The entries of one shard. What a hit looks at comes first.
#[repr(C)]
pub(crate) struct Entries {
    /// Slots by the hashes of their keys.
    table: HashTable<SlotId>,
    slab: Slab,
    /// Who makes room; nobody, if nothing bounds them.
    policy: Option<Policy>,
    /// Made with the first entry.
    cold: Option<Box<ColdState>>,
}

/// What a hit does not look at.
struct ColdState {
    evictor: Evictor,
    /// Which entries carry a tag, by the tag's id.
    tagged: HashMap<u64, HashTable<SlotId>, RandomState>,
    last_id: u64,
    /// How often entries have moved to other slots.
    moves: u32,
    /// No entry is good for nothing before, by its times.
    earliest: Tick,
    /// Of all entries together.
    weight: usize,
}

/// An entry, to be found again when the shard was let go meanwhile, if it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryId {
    pub(crate) hash: u32,
    id: u64,
}

/// What a shard held, off it: entries to be gone through, and the rest, to be dropped.
pub(crate) struct DrainedEntries {
    slab: Slab,
    #[expect(dead_code, reason = "to be dropped")]
    cold: (HashTable<SlotId>, Option<Box<ColdState>>),
}

impl DrainedEntries {
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }
}

impl Iterator for DrainedEntries {
    type Item = Removed;

    fn next(&mut self) -> Option<Removed> {
        self.slab.pop()
    }
}

/// The hash of a slot, for tables of slots. They are dense, so their own bits are as good as any but for the highest.
fn spread_slot(slot: SlotId) -> u64 {
    u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Entries {
    pub(crate) fn new(policy: Option<Policy>, cell: &'static CellType) -> Self {
        Self { table: HashTable::new(), slab: Slab::new(cell), policy, cold: None }
    }

    fn cold(&mut self) -> &mut ColdState {
        self.cold.get_or_insert_with(|| Box::new(ColdState::new(self.policy)))
    }

    pub(crate) fn earliest(&self) -> Tick {
        self.cold.as_ref().map_or(NEVER, |cold| cold.earliest)
    }

    pub(crate) fn weight(&self) -> usize {
        self.cold.as_ref().map_or(0, |cold| cold.weight)
    }

    /// How often entries have moved to other slots: who goes over them begins anew then.
    pub(crate) fn moves(&self) -> u32 {
        self.cold.as_ref().map_or(0, |cold| cold.moves)
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether no more fit, for want of numbers.
    pub(crate) fn is_full(&self) -> bool {
        self.slab.is_full()
    }

    /// The entry of a key.
    pub(crate) fn find(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<EntryRef<'_>> {
        let is = |slot: &SlotId| self.slab.key(*slot).is_some_and(&eq);
        self.slab.get(*self.table.find(long(hash), is)?)
    }

    /// Whether there may be one: of a key of this hash.
    #[inline]
    pub(crate) fn has(&self, hash: u32) -> bool {
        self.table.find(long(hash), |slot| self.slab.hash(*slot) == hash).is_some()
    }

    /// The same, for a hit, by the long form of the hash.
    ///
    /// # Safety
    ///
    /// These are the types of its keys and values.
    #[inline]
    pub(crate) unsafe fn find_hit<K: 'static, V: 'static>(
        &self,
        hash: u64,
        eq: impl Fn(&K) -> bool,
    ) -> Option<HitRef<'_, V>> {
        // SAFETY: `insert`, `take`, `forget_victim`, `take_all` and `shrink` see to it that the slots in the table
        // are those that are live. The types are as the caller says.
        let key = |slot: SlotId| unsafe { self.slab.find_hit::<K, V>(slot).0 };
        let slot = self.table.find(hash, |slot| eq(key(*slot)))?;
        // SAFETY: likewise.
        Some(unsafe { self.slab.find_hit::<K, V>(*slot).1 })
    }

    /// Those of a hash.
    pub(crate) fn of_hash(&self, hash: u32) -> impl Iterator<Item = EntryRef<'_>> {
        let found = self.table.iter_hash(long(hash)).filter_map(|slot| self.slab.get(*slot));
        found.filter(move |entry| entry.hash == hash)
    }

    /// The entry in a slot, if there is one.
    pub(crate) fn at(&self, slot: SlotId) -> Option<EntryRef<'_>> {
        self.slab.get(slot)
    }

    /// A name by which an entry is found again.
    pub(crate) fn id_of(&mut self, slot: SlotId) -> Option<EntryId> {
        let (cold, extra) = (self.cold.as_mut()?, self.slab.extra_mut(slot)?);
        if extra.id == 0 {
            cold.last_id += 1;
            extra.id = cold.last_id;
        }
        let id = extra.id;
        Some(EntryId { hash: self.slab.hash(slot), id })
    }

    /// The entry of a name, if it is still there.
    pub(crate) fn by_id(&self, id: EntryId) -> Option<EntryRef<'_>> {
        self.of_hash(id.hash).find(|entry| entry.has_id(id))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.slab.range(0, usize::MAX)
    }

    /// The entries in so many slots from one on, and whether there are more slots.
    pub(crate) fn range(&self, from: usize, count: usize) -> (impl Iterator<Item = EntryRef<'_>>, bool) {
        let more = from.saturating_add(count) < self.slab.slots();
        (self.slab.range(from, count), more)
    }

    #[inline]
    pub(crate) fn insert(
        &mut self,
        key: &Erased,
        value: &Erased,
        hash: u32,
        metadata: StoredMetadata,
        rules: &Rules,
    ) {
        let new_entry = NewEntry::of(&metadata, rules);
        self.cold().weight += metadata.weight();
        let slot = self.slab.insert(key, value, hash, metadata);
        let slab = &self.slab;
        self.table.insert_unique(long(hash), slot, |slot| long(slab.hash(*slot)));
        if let Some(cold) = &mut self.cold {
            cold.evictor.insert(slot, &mut self.slab);
        }
        self.note_new(slot, &new_entry);
    }

    /// Puts another entry of the same key in the place of one: it keeps its slot and its place in the order, but not
    /// its name. What was there.
    #[inline]
    pub(crate) fn replace(
        &mut self,
        slot: SlotId,
        key: &Erased,
        value: &Erased,
        metadata: StoredMetadata,
        rules: &Rules,
    ) -> Option<Removed> {
        let (new_entry, weight) = (NewEntry::of(&metadata, rules), metadata.weight());
        let old = self.slab.replace(slot, key, value, metadata)?;
        let cold = self.cold();
        cold.weight = cold.weight + weight - old.metadata().weight();
        self.untag(slot, old.metadata().tags());
        self.read(slot);
        self.note_new(slot, &new_entry);
        Some(old)
    }

    /// The same where nobody wants what was there: both are plain, and the types of key and value need no drop.
    #[inline]
    pub(crate) fn overwrite(
        &mut self,
        slot: SlotId,
        key: &Erased,
        value: &Erased,
        metadata: &StoredMetadata,
        rules: &Rules,
    ) {
        self.slab.overwrite(slot, key, value, metadata);
        self.read(slot);
        self.note_new(slot, &NewEntry::of(metadata, rules));
    }

    /// An entry has begun a life.
    #[inline]
    fn note_new(&mut self, slot: SlotId, new_entry: &NewEntry) {
        let Some(cold) = &mut self.cold else { return };
        cold.earliest = cold.earliest.min(new_entry.end);
        if new_entry.is_tagged
            && let Some(entry) = self.slab.get(slot)
        {
            entry.tags().iter().for_each(|tag| cold.tag(slot, tag.id));
        }
    }

    /// An entry was read; only for algorithms that move something then.
    pub(crate) fn read(&mut self, slot: SlotId) {
        if let Some(cold) = &mut self.cold {
            cold.evictor.read(slot);
        }
    }

    /// Moves the deadline of an entry.
    pub(crate) fn set_deadline(&mut self, slot: SlotId, deadline: Tick, rules: &Rules) {
        if let (Some(entry), Some(cold)) = (self.slab.get(slot), &mut self.cold) {
            entry.packed.set_deadline(deadline);
            cold.earliest = cold.earliest.min(rules.end(deadline));
        }
    }

    /// Marks an entry stale: it is fresh until then at most.
    pub(crate) fn mark(&mut self, slot: SlotId, at: Tick, rules: &Rules) {
        if let Some(entry) = self.slab.get(slot) {
            entry.packed.mark();
            self.set_deadline(slot, entry.deadline().min(at), rules);
        }
    }

    /// Notes that computing an entry anew has failed.
    pub(crate) fn note_failure(&mut self, slot: SlotId, now: Tick) {
        if let Some(extra) = self.slab.extra_mut(slot) {
            extra.note_failure(now);
        }
    }

    /// Notes that an entry is being computed anew in the background, or no longer is.
    pub(crate) fn note_renewal(&mut self, slot: SlotId, renewing: bool) {
        let renews = self.at(slot).is_some_and(|entry| entry.times().renewing);
        if renews != renewing
            && let Some(extra) = self.slab.extra_mut(slot)
        {
            extra.note_renewal(renewing);
        }
    }

    pub(crate) fn remove(&mut self, slot: SlotId) -> Option<Removed> {
        let entry = self.take(slot)?;
        if let Some(cold) = &mut self.cold {
            cold.evictor.remove(slot, &mut self.slab);
        }
        Some(entry)
    }

    /// Gives an entry a new life, and hands the tags out that it has carried so far.
    pub(crate) fn renew(&mut self, slot: SlotId, metadata: StoredMetadata, rules: &Rules) -> TagSet {
        let Some(entry) = self.slab.get(slot) else {
            return metadata.extra.map(|mut extra| extra.take_tags()).unwrap_or_default();
        };
        // Its value is the same, and so is its name.
        let (id, weight) = (entry.id(), entry.weight());
        let new_entry = NewEntry::of(&metadata, rules);
        let has_more = id > 0 || weight != 1 || metadata.extra.is_some();
        let old = self.slab.renew(slot, metadata);
        let tags = old.map(|mut extra| extra.take_tags()).unwrap_or_default();
        if has_more && let Some(extra) = self.slab.extra_mut(slot) {
            extra.id = id;
            extra.set_weight(weight);
        }
        self.untag(slot, &tags);
        self.note_new(slot, &new_entry);
        tags
    }

    /// The entry that makes room. It has its place in the order no more: it is to be taken out at once, by one of
    /// the next two.
    #[inline]
    pub(crate) fn victim(&mut self) -> Option<SlotId> {
        self.cold.as_mut()?.evictor.victim(&mut self.slab)
    }

    pub(crate) fn take_victim(&mut self, slot: SlotId) -> Option<Removed> {
        let entry = self.take(slot);
        self.slab.free(slot);
        entry
    }

    /// The same where nobody wants it, it has no tags, and its types need not be dropped.
    #[inline]
    pub(crate) fn forget_victim(&mut self, slot: SlotId) {
        self.unlist(slot);
        self.slab.forget(slot);
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn evict(&mut self) -> Option<Removed> {
        let slot = self.victim()?;
        self.take_victim(slot)
    }

    fn take(&mut self, slot: SlotId) -> Option<Removed> {
        self.unlist(slot);
        let entry = self.slab.take(slot)?;
        self.untag(slot, entry.metadata().tags());
        Some(entry)
    }

    /// An entry is found no more, nor does it weigh.
    #[inline]
    fn unlist(&mut self, slot: SlotId) {
        let Some(entry) = self.slab.get(slot) else { return };
        let (hash, weight) = (entry.hash, entry.weight());
        if let Ok(found) = self.table.find_entry(long(hash), |other| *other == slot) {
            found.remove();
        }
        if let Some(cold) = &mut self.cold {
            cold.weight -= weight;
        }
    }

    #[inline]
    fn untag(&mut self, slot: SlotId, tags: &[Arc<TagState>]) {
        if tags.is_empty() {
            return;
        }
        let Some(cold) = &mut self.cold else { return };
        for tag in tags {
            cold.untag(slot, tag.id);
        }
    }

    /// Takes out everything, in constant time. From here on there is, or is no, order kept.
    pub(crate) fn take_all(&mut self, policy: Option<Policy>) -> DrainedEntries {
        self.policy = policy;
        let cell = self.slab.cell();
        let new = self.cold.as_ref().map(|cold| Box::new(cold.emptied(policy)));
        let cold = (std::mem::take(&mut self.table), std::mem::replace(&mut self.cold, new));
        DrainedEntries { slab: std::mem::replace(&mut self.slab, Slab::new(cell)), cold }
    }

    /// How many entries carry these tags; one counts for each that it carries.
    pub(crate) fn tagged_len(&self, tags: &[u64]) -> usize {
        tags.iter().filter_map(|tag| self.slots_of(*tag)).map(HashTable::len).sum()
    }

    /// The entries that carry these tags, each once for each that it carries.
    pub(crate) fn tagged(&self, tags: &[u64]) -> impl Iterator<Item = EntryRef<'_>> {
        let slots = tags.iter().filter_map(|tag| self.slots_of(*tag)).flat_map(HashTable::iter);
        slots.filter_map(|slot| self.slab.get(*slot))
    }

    fn slots_of(&self, tag: u64) -> Option<&HashTable<SlotId>> {
        self.cold.as_ref()?.tagged.get(&tag)
    }

    /// Begins to keep order, if there was no bound so far.
    #[inline]
    pub(crate) fn bound(&mut self, policy: Policy) {
        if self.policy.replace(policy).is_none() && self.cold.is_some() {
            self.order(policy);
        }
    }

    fn order(&mut self, policy: Policy) {
        let mut evictor = Evictor::new(Some(policy));
        let slots: Vec<SlotId> = self.iter().map(|entry| entry.slot).collect();
        for slot in slots {
            evictor.insert(slot, &mut self.slab);
        }
        self.cold().evictor = evictor;
    }

    /// After a sweep: when the next entry may end by its times, and no more memory than is of use.
    pub(crate) fn settle(&mut self, rules: &Rules) {
        let ends = self.iter().map(|entry| entry.end_unread(rules));
        let earliest = ends.min().unwrap_or(NEVER);
        if let Some(cold) = &mut self.cold {
            cold.earliest = earliest;
        }
        self.shrink();
    }

    /// Gives memory back that is of no use: entries move together if they are few among their slots.
    pub(crate) fn shrink(&mut self) {
        if self.slab.slots() <= SMALL || self.slab.len() >= self.slab.slots() / 4 {
            return;
        }
        let mut slab = Slab::new(self.slab.cell());
        let mut to = vec![NONE; self.slab.slots()];
        let slots: Vec<SlotId> = self.iter().map(|entry| entry.slot).collect();
        for slot in slots {
            to[slot as usize] = self.slab.move_to(slot, &mut slab).unwrap_or(NONE);
        }
        let Some(cold) = &mut self.cold else { return };
        cold.evictor.renumber(&self.slab, &mut slab, &to);
        cold.moves = cold.moves.wrapping_add(1);
        self.slab = slab;
        (self.table, cold.tagged) = (HashTable::with_capacity(self.slab.len()), HashMap::default());
        for entry in self.slab.range(0, usize::MAX) {
            let slab = &self.slab;
            self.table.insert_unique(long(entry.hash), entry.slot, |slot| long(slab.hash(*slot)));
            for tag in entry.tags() {
                cold.tag(entry.slot, tag.id);
            }
        }
    }
}

/// What has to be known of a life that begins, when its metadata was given away.
struct NewEntry {
    end: Tick,
    is_tagged: bool,
}

impl NewEntry {
    fn of(metadata: &StoredMetadata, rules: &Rules) -> Self {
        let end = rules.end_since(metadata.deadline, || metadata.created, metadata.is_error);
        Self { end, is_tagged: metadata.extra.as_ref().is_some_and(|extra| !extra.tags().is_empty()) }
    }
}

impl ColdState {
    fn new(policy: Option<Policy>) -> Self {
        let evictor = Evictor::new(policy);
        Self { evictor, tagged: HashMap::default(), last_id: 0, moves: 0, earliest: NEVER, weight: 0 }
    }

    /// The same without entries. Names are not given twice.
    fn emptied(&self, policy: Option<Policy>) -> Self {
        Self { last_id: self.last_id, moves: self.moves.wrapping_add(1), ..Self::new(policy) }
    }

    fn tag(&mut self, slot: SlotId, tag: u64) {
        let slots = self.tagged.entry(tag).or_default();
        slots.insert_unique(spread_slot(slot), slot, |slot| spread_slot(*slot));
    }

    fn untag(&mut self, slot: SlotId, tag: u64) {
        let Some(slots) = self.tagged.get_mut(&tag) else { return };
        if let Ok(found) = slots.find_entry(spread_slot(slot), |known| *known == slot) {
            found.remove();
        }
        if slots.is_empty() {
            self.tagged.remove(&tag);
        }
    }
}

impl EntryRef<'_> {
    fn id(&self) -> u64 {
        self.metadata.extra.map_or(0, |extra| extra.id)
    }

    /// Whether it is the entry of a name.
    pub(crate) fn has_id(&self, id: EntryId) -> bool {
        self.hash == id.hash && self.id() == id.id
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashMap as Map;
    use std::sync::Arc;

    use super::super::tests::metadata;
    use super::*;

    const RULES: Rules = Rules::new();

    type Value = (u64, Arc<()>);

    fn hash(key: u64) -> u32 {
        // Few of them, so that keys collide.
        u32::try_from(key % 500).unwrap().wrapping_mul(0x9E37_79B9)
    }

    fn slot_of(entries: &Entries, key: u64) -> Option<SlotId> {
        entries.find(hash(key), |other| *other.get::<u64>() == key).map(|entry| entry.slot)
    }

    /// Everything that is kept agrees with a map, whatever happens in whatever order, and each value is
    /// dropped once.
    #[test]
    fn entries_are_what_was_put_in_and_not_taken_out() {
        let (turn, turns, looks) = if cfg!(miri) { (800, 2, 2) } else { (10_000, 6, 20) };
        let policies = [Some(Policy::Adaptive), Some(Policy::Lru), None];
        for policy in policies.into_iter().take(if cfg!(miri) { 1 } else { 3 }) {
            let mut random = fastrand::Rng::with_seed(7);
            let alive = Arc::new(());
            let mut entries = Entries::new(policy, CellType::of::<u64, Value>());
            let mut map: Map<u64, (u64, usize, Option<EntryId>)> = Map::new();
            for step in 0..turns * turn {
                // By turns more comes than leaves, and the other way.
                let growing = step % (2 * turn) < turn;
                let key = random.u64(..turn / 4);
                let slot = slot_of(&entries, key);
                assert_eq!(slot.is_some(), map.contains_key(&key));
                match (slot, random.u8(..10)) {
                    (None, 0..=7) if growing => {
                        let weight = random.usize(1..3);
                        let value = Erased::new((step, alive.clone()));
                        entries.insert(&Erased::new(key), &value, hash(key), metadata(weight), &RULES);
                        map.insert(key, (step, weight, None));
                    }
                    (Some(slot), 0..=1) => {
                        let id = entries.id_of(slot).unwrap();
                        let known = map.get_mut(&key).unwrap().2.replace(id);
                        assert!(known.is_none_or(|known| known == id), "an entry has one name");
                    }
                    (Some(slot), 2) => entries.read(slot),
                    (Some(slot), 3) => drop(entries.renew(slot, metadata(9), &RULES)),
                    (Some(slot), 4..=8) if !growing => {
                        assert_eq!(entries.remove(slot).unwrap().key.into::<u64>(), key);
                        map.remove(&key);
                    }
                    (_, 9) if !growing || step % 5 == 0 => {
                        if let Some(evicted) = entries.evict() {
                            assert!(map.remove(evicted.key.get::<u64>()).is_some());
                        }
                    }
                    _ => {}
                }
                if step % (turn / 10) == 0 {
                    entries.settle(&RULES);
                }
                if step % (turn / looks) == 0 {
                    check(&entries, &map);
                    assert_eq!(Arc::strong_count(&alive), map.len() + 1);
                }
            }
            assert!(entries.moves() > 0, "nothing was moved together");
            let emptied = entries.take_all(policy);
            assert_eq!((emptied.len(), entries.len(), entries.weight()), (map.len(), 0, 0));
            let mut half = emptied;
            for entry in half.by_ref().take(map.len() / 2) {
                assert_eq!(map.remove(entry.key.get::<u64>()).unwrap().0, entry.value.get::<Value>().0);
            }
            drop(half);
            assert_eq!(Arc::strong_count(&alive), 1, "what was not gone through is dropped as well");
        }
    }

    fn check(entries: &Entries, map: &Map<u64, (u64, usize, Option<EntryId>)>) {
        let there: Map<u64, u64> =
            entries.iter().map(|entry| (*entry.key.get(), entry.value.get::<Value>().0)).collect();
        assert_eq!(there, map.iter().map(|(key, (value, ..))| (*key, *value)).collect());
        assert_eq!(entries.len(), map.len());
        assert_eq!(entries.weight(), map.values().map(|(_, weight, _)| *weight).sum::<usize>());
        for (key, (_, weight, id)) in map {
            let entry = entries.at(slot_of(entries, *key).unwrap()).unwrap();
            assert_eq!((entry.weight(), entry.hash), (*weight, hash(*key)));
            if let Some(id) = id {
                assert_eq!(entries.by_id(*id).map(|entry| *entry.key.get()), Some(*key));
            }
        }
    }

    #[test]
    fn a_name_is_that_of_one_entry_for_ever() {
        let mut entries = Entries::new(None, CellType::of::<u64, u64>());
        entries.insert(&Erased::new(1_u64), &Erased::new(1_u64), hash(1), metadata(1), &RULES);
        let slot = slot_of(&entries, 1).unwrap();
        let id = entries.id_of(slot).unwrap();
        entries.remove(slot).unwrap();
        entries.insert(&Erased::new(1_u64), &Erased::new(1_u64), hash(1), metadata(1), &RULES);
        assert_eq!(slot_of(&entries, 1), Some(slot), "slots are used again");
        assert!(entries.by_id(id).is_none());
        assert_ne!(entries.id_of(slot), Some(id));
    }
}
