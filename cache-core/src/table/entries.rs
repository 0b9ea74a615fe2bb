//! The entries of one shard: where they lie, a hash table that finds them, the order of eviction, and an index
//! by tag.
//!
//! Nothing here locks, compares keys by itself or runs user code; whoever holds the shard does.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;

use super::cell::CellType;
use super::entry_ref::{EntryRef, HitRef, MetadataRef, Removed, StoredMetadata};
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
        self.slab.get(self.slot_of(hash, eq)?)
    }

    /// Where the entry of a key is.
    #[inline]
    pub(crate) fn slot_of(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<SlotId> {
        self.table.find(long(hash), |slot| self.slab.key(*slot, hash).is_some_and(&eq)).copied()
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

    /// What is noted about the entry in a slot, if there is one.
    #[inline]
    pub(crate) fn metadata_at(&self, slot: SlotId) -> Option<MetadataRef<'_>> {
        self.slab.metadata(slot)
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
        let is_plain = metadata.extra.is_none();
        let cold = self.cold.get_or_insert_with(|| Box::new(ColdState::new(self.policy)));
        cold.note_end(&metadata, rules);
        cold.weight += metadata.weight();
        let slot = self.slab.insert(key, value, hash, metadata);
        let slab = &self.slab;
        self.table.insert_unique(long(hash), slot, |slot| long(slab.hash(*slot)));
        cold.evictor.insert(slot, hash, &mut self.slab);
        if !is_plain {
            self.tag(slot);
        }
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
        let cold = self.cold.as_mut()?;
        cold.note_end(&metadata, rules);
        let weight = metadata.weight();
        let old = self.slab.replace(slot, key, value, metadata)?;
        cold.weight = cold.weight + weight - old.metadata().weight();
        cold.evictor.read(slot);
        self.untag(slot, old.metadata().tags());
        self.tag(slot);
        Some(old)
    }

    /// The same where nobody wants what was there: both are plain, and values need no drop. The key stays.
    #[inline]
    pub(crate) fn overwrite(
        &mut self,
        slot: SlotId,
        value: &Erased,
        metadata: &StoredMetadata,
        rules: &Rules,
    ) {
        let Some(cold) = &mut self.cold else { return };
        cold.note_end(metadata, rules);
        cold.evictor.read(slot);
        self.slab.overwrite(slot, value, metadata);
    }

    /// An entry was read; only for algorithms that move something then.
    #[inline]
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
            extra.renewing = renewing;
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
        let (Some(entry), Some(cold)) = (self.slab.get(slot), &mut self.cold) else {
            return metadata.extra.map(|mut extra| extra.take_tags()).unwrap_or_default();
        };
        // Its value is the same, and so is its name.
        let (id, weight) = (entry.id(), entry.weight());
        cold.note_end(&metadata, rules);
        let has_more = id > 0 || weight != 1 || metadata.extra.is_some();
        let old = self.slab.renew(slot, metadata);
        let tags = old.map(|mut extra| extra.take_tags()).unwrap_or_default();
        if has_more && let Some(extra) = self.slab.extra_mut(slot) {
            extra.id = id;
            extra.weight = weight;
        }
        self.untag(slot, &tags);
        self.tag(slot);
        tags
    }

    /// The entry to evict, by this policy. It is no longer in the order of eviction, so the caller takes it out at once,
    /// by one of the next two.
    #[inline]
    pub(crate) fn victim(&mut self, policy: Policy) -> Option<SlotId> {
        if self.policy.is_none() {
            // A bound set from within an `Eq` could not take the locks to begin keeping order.
            self.bound(policy);
        }
        self.cold.as_mut()?.evictor.victim(&mut self.slab)
    }

    pub(crate) fn take_victim(&mut self, slot: SlotId) -> Option<Removed> {
        let entry = self.take(slot);
        self.slab.free(slot);
        entry
    }

    /// The same where nobody wants it, it has no tags, and its types need not be dropped.
    #[inline]
    pub(crate) fn forget_victim(&mut self, slot: SlotId, hash: u32, weight: usize) {
        self.unlist(slot, hash, weight);
        self.slab.forget(slot);
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn evict(&mut self) -> Option<Removed> {
        let slot = self.victim(Policy::Adaptive)?;
        self.take_victim(slot)
    }

    fn take(&mut self, slot: SlotId) -> Option<Removed> {
        let entry = self.slab.take(slot)?;
        let metadata = entry.metadata();
        self.unlist(slot, metadata.hash, metadata.weight());
        self.untag(slot, metadata.tags());
        Some(entry)
    }

    /// An entry is found no more, nor does it weigh.
    #[inline]
    fn unlist(&mut self, slot: SlotId, hash: u32, weight: usize) {
        if let Ok(found) = self.table.find_entry(long(hash), |other| *other == slot) {
            found.remove();
        }
        if let Some(cold) = &mut self.cold {
            cold.weight -= weight;
        }
    }

    /// Notes which tags an entry carries.
    fn tag(&mut self, slot: SlotId) {
        if let (Some(entry), Some(cold)) = (self.slab.get(slot), &mut self.cold) {
            entry.tags().iter().for_each(|tag| cold.tag(slot, tag.id));
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
        if self.policy.replace(policy).is_none() {
            self.order(policy);
        }
    }

    #[cold]
    fn order(&mut self, policy: Policy) {
        let slots: Vec<(SlotId, u32)> = self.iter().map(|entry| (entry.slot, entry.hash)).collect();
        let Some(cold) = &mut self.cold else { return };
        cold.evictor = Evictor::new(Some(policy));
        for (slot, hash) in slots {
            cold.evictor.insert(slot, hash, &mut self.slab);
        }
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

impl ColdState {
    fn new(policy: Option<Policy>) -> Self {
        let evictor = Evictor::new(policy);
        Self { evictor, tagged: HashMap::default(), last_id: 0, moves: 0, earliest: NEVER, weight: 0 }
    }

    /// The same without entries. Names are not given twice.
    fn emptied(&self, policy: Option<Policy>) -> Self {
        Self { last_id: self.last_id, moves: self.moves.wrapping_add(1), ..Self::new(policy) }
    }

    /// An entry is about to be kept.
    #[inline]
    fn note_end(&mut self, metadata: &StoredMetadata, rules: &Rules) {
        // Unless it idles it is good for something until its deadline, or longer.
        if metadata.deadline < self.earliest || rules.idle.is_some() {
            let end = rules.end_since(metadata.deadline, || metadata.created, metadata.is_error);
            self.earliest = self.earliest.min(end);
        }
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
