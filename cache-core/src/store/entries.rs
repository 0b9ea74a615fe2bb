//! The entries of one shard: where they lie, a hash table that finds them, the order of eviction, and an index
//! by tag.
//!
//! Nothing here locks, compares keys by itself or runs user code; whoever holds the shard does.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;

use super::cell::CellType;
use super::entry_ref::{EntryRef, Lease, Removed, Spot};
use super::hashes::long;
use super::slab::Slab;
use crate::erased::{Erased, ErasedRef};
use crate::policy::{Evictor, NONE, Policy, Rules, Slot, Slots};
use crate::sync::RandomState;
use crate::tags::{Mark, TagSet};
use crate::time::{NEVER, Tick};

/// With fewer slots than this it is not worth giving any back.
const SMALL: usize = 64;

/// The entries of one shard. What a hit looks at comes first.
#[repr(C)]
pub(crate) struct Entries {
    /// Slots by the hashes of their keys.
    table: HashTable<Slot>,
    slab: Slab,
    /// Who makes room; nobody, if nothing bounds them.
    policy: Option<Policy>,
    /// Made with the first entry.
    rest: Option<Box<Rest>>,
}

/// What a hit does not look at.
struct Rest {
    evictor: Evictor,
    /// Which entries carry a tag, by the tag's id.
    tagged: HashMap<u64, HashTable<Slot>, RandomState>,
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
pub(crate) struct Emptied {
    slab: Slab,
    #[expect(dead_code, reason = "to be dropped")]
    rest: (HashTable<Slot>, Option<Box<Rest>>),
}

impl Emptied {
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }
}

impl Iterator for Emptied {
    type Item = Removed;

    fn next(&mut self) -> Option<Removed> {
        self.slab.pop()
    }
}

/// The hash of a slot, for tables of slots. They are dense, so their own bits are as good as any but for the highest.
fn spread_slot(slot: Slot) -> u64 {
    u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Entries {
    pub(crate) fn new(policy: Option<Policy>, cell: &'static CellType) -> Self {
        Self { table: HashTable::new(), slab: Slab::new(cell), policy, rest: None }
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_with(|| Box::new(Rest::new(self.policy)))
    }

    pub(crate) fn earliest(&self) -> Tick {
        self.rest.as_ref().map_or(NEVER, |rest| rest.earliest)
    }

    pub(crate) fn weight(&self) -> usize {
        self.rest.as_ref().map_or(0, |rest| rest.weight)
    }

    /// How often entries have moved to other slots: who goes over them begins anew then.
    pub(crate) fn moves(&self) -> u32 {
        self.rest.as_ref().map_or(0, |rest| rest.moves)
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
        let is = |slot: &Slot| self.slab.key(*slot).is_some_and(&eq);
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
    pub(crate) unsafe fn spot<K: 'static, V: 'static>(
        &self,
        hash: u64,
        eq: impl Fn(&K) -> bool,
    ) -> Option<Spot<'_, V>> {
        // SAFETY: `insert`, `take`, `forget_victim`, `take_all` and `shrink` see to it that the slots in the table
        // are those that are live. The types are as the caller says.
        let key = |slot: Slot| unsafe { self.slab.spot::<K, V>(slot).0 };
        let slot = self.table.find(hash, |slot| eq(key(*slot)))?;
        // SAFETY: likewise.
        Some(unsafe { self.slab.spot::<K, V>(*slot).1 })
    }

    /// Those of a hash.
    pub(crate) fn of_hash(&self, hash: u32) -> impl Iterator<Item = EntryRef<'_>> {
        let found = self.table.iter_hash(long(hash)).filter_map(|slot| self.slab.get(*slot));
        found.filter(move |entry| entry.hash == hash)
    }

    /// The entry in a slot, if there is one.
    pub(crate) fn at(&self, slot: Slot) -> Option<EntryRef<'_>> {
        self.slab.get(slot)
    }

    /// A name by which an entry is found again.
    pub(crate) fn name(&mut self, slot: Slot) -> Option<EntryId> {
        let (rest, more) = (self.rest.as_mut()?, self.slab.more_mut(slot)?);
        if more.id == 0 {
            rest.last_id += 1;
            more.id = rest.last_id;
        }
        let id = more.id;
        Some(EntryId { hash: self.slab.hash(slot), id })
    }

    /// The entry of a name, if it is still there.
    pub(crate) fn named(&self, id: EntryId) -> Option<EntryRef<'_>> {
        self.of_hash(id.hash).find(|entry| entry.is(id))
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
    pub(crate) fn insert(&mut self, key: &Erased, value: &Erased, hash: u32, lease: Lease, rules: &Rules) {
        let begun = Begun::of(&lease, rules);
        self.rest().weight += lease.weight();
        let slot = self.slab.insert(key, value, hash, lease);
        let slab = &self.slab;
        self.table.insert_unique(long(hash), slot, |slot| long(slab.hash(*slot)));
        if let Some(rest) = &mut self.rest {
            rest.evictor.insert(slot, &mut self.slab);
        }
        self.has_begun(slot, &begun);
    }

    /// Puts another entry of the same key in the place of one: it keeps its slot and its place in the order, but not
    /// its name. What was there.
    #[inline]
    pub(crate) fn replace(
        &mut self,
        slot: Slot,
        key: &Erased,
        value: &Erased,
        lease: Lease,
        rules: &Rules,
    ) -> Option<Removed> {
        let (begun, weight) = (Begun::of(&lease, rules), lease.weight());
        let old = self.slab.replace(slot, key, value, lease)?;
        let rest = self.rest();
        rest.weight = rest.weight + weight - old.record().weight();
        self.untag(slot, old.record().tags());
        self.read(slot);
        self.has_begun(slot, &begun);
        Some(old)
    }

    /// The same where nobody wants what was there: both are plain, and the types of key and value need no drop.
    #[inline]
    pub(crate) fn overwrite(
        &mut self,
        slot: Slot,
        key: &Erased,
        value: &Erased,
        lease: &Lease,
        rules: &Rules,
    ) {
        self.slab.overwrite(slot, key, value, lease);
        self.read(slot);
        self.has_begun(slot, &Begun::of(lease, rules));
    }

    /// An entry has begun a life.
    #[inline]
    fn has_begun(&mut self, slot: Slot, begun: &Begun) {
        let Some(rest) = &mut self.rest else { return };
        rest.earliest = rest.earliest.min(begun.end);
        if begun.is_tagged
            && let Some(entry) = self.slab.get(slot)
        {
            entry.tags().iter().for_each(|tag| rest.tag(slot, tag.id));
        }
    }

    /// An entry was read; only for algorithms that move something then.
    pub(crate) fn read(&mut self, slot: Slot) {
        if let Some(rest) = &mut self.rest {
            rest.evictor.read(slot);
        }
    }

    /// Moves the deadline of an entry.
    pub(crate) fn set_deadline(&mut self, slot: Slot, deadline: Tick, rules: &Rules) {
        if let (Some(entry), Some(rest)) = (self.slab.get(slot), &mut self.rest) {
            entry.life.set_deadline(deadline);
            rest.earliest = rest.earliest.min(rules.end(deadline));
        }
    }

    /// Marks an entry stale: it is fresh until then at most.
    pub(crate) fn mark(&mut self, slot: Slot, at: Tick, rules: &Rules) {
        if let Some(entry) = self.slab.get(slot) {
            entry.life.mark();
            self.set_deadline(slot, entry.deadline().min(at), rules);
        }
    }

    /// Notes that computing an entry anew has failed.
    pub(crate) fn note_failure(&mut self, slot: Slot, now: Tick) {
        if let Some(more) = self.slab.more_mut(slot) {
            more.note_failure(now);
        }
    }

    /// Notes that an entry is being computed anew in the background, or no longer is.
    pub(crate) fn note_renewal(&mut self, slot: Slot, renewing: bool) {
        let renews = self.at(slot).is_some_and(|entry| entry.times().renewing);
        if renews != renewing
            && let Some(more) = self.slab.more_mut(slot)
        {
            more.note_renewal(renewing);
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Removed> {
        let entry = self.take(slot)?;
        if let Some(rest) = &mut self.rest {
            rest.evictor.remove(slot, &mut self.slab);
        }
        Some(entry)
    }

    /// Gives an entry a new life, and hands the tags out that it has carried so far.
    pub(crate) fn renew(&mut self, slot: Slot, lease: Lease, rules: &Rules) -> TagSet {
        let Some(entry) = self.slab.get(slot) else {
            return lease.more.map(|mut more| more.take_tags()).unwrap_or_default();
        };
        // Its value is the same, and so is its name.
        let (id, weight) = (entry.id(), entry.weight());
        let begun = Begun::of(&lease, rules);
        let has_more = id > 0 || weight != 1 || lease.more.is_some();
        let old = self.slab.renew(slot, lease);
        let tags = old.map(|mut more| more.take_tags()).unwrap_or_default();
        if has_more && let Some(more) = self.slab.more_mut(slot) {
            more.id = id;
            more.set_weight(weight);
        }
        self.untag(slot, &tags);
        self.has_begun(slot, &begun);
        tags
    }

    /// The entry that makes room. It has its place in the order no more: it is to be taken out at once, by one of
    /// the next two.
    #[inline]
    pub(crate) fn victim(&mut self) -> Option<Slot> {
        self.rest.as_mut()?.evictor.victim(&mut self.slab)
    }

    pub(crate) fn take_victim(&mut self, slot: Slot) -> Option<Removed> {
        let entry = self.take(slot);
        self.slab.free(slot);
        entry
    }

    /// The same where nobody wants it, it has no tags, and its types need not be dropped.
    #[inline]
    pub(crate) fn forget_victim(&mut self, slot: Slot) {
        self.unlist(slot);
        self.slab.forget(slot);
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn evict(&mut self) -> Option<Removed> {
        let slot = self.victim()?;
        self.take_victim(slot)
    }

    fn take(&mut self, slot: Slot) -> Option<Removed> {
        self.unlist(slot);
        let entry = self.slab.take(slot)?;
        self.untag(slot, entry.record().tags());
        Some(entry)
    }

    /// An entry is found no more, nor does it weigh.
    #[inline]
    fn unlist(&mut self, slot: Slot) {
        let Some(entry) = self.slab.get(slot) else { return };
        let (hash, weight) = (entry.hash, entry.weight());
        if let Ok(found) = self.table.find_entry(long(hash), |other| *other == slot) {
            found.remove();
        }
        if let Some(rest) = &mut self.rest {
            rest.weight -= weight;
        }
    }

    #[inline]
    fn untag(&mut self, slot: Slot, tags: &[Arc<Mark>]) {
        if tags.is_empty() {
            return;
        }
        let Some(rest) = &mut self.rest else { return };
        for tag in tags {
            rest.untag(slot, tag.id);
        }
    }

    /// Takes out everything, in constant time. From here on there is, or is no, order kept.
    pub(crate) fn take_all(&mut self, policy: Option<Policy>) -> Emptied {
        self.policy = policy;
        let cell = self.slab.cell();
        let new = self.rest.as_ref().map(|rest| Box::new(rest.anew(policy)));
        let rest = (std::mem::take(&mut self.table), std::mem::replace(&mut self.rest, new));
        Emptied { slab: std::mem::replace(&mut self.slab, Slab::new(cell)), rest }
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

    fn slots_of(&self, tag: u64) -> Option<&HashTable<Slot>> {
        self.rest.as_ref()?.tagged.get(&tag)
    }

    /// Begins to keep order, if there was no bound so far.
    #[inline]
    pub(crate) fn bound(&mut self, policy: Policy) {
        if self.policy.replace(policy).is_none() && self.rest.is_some() {
            self.order(policy);
        }
    }

    fn order(&mut self, policy: Policy) {
        let mut evictor = Evictor::new(Some(policy));
        let slots: Vec<Slot> = self.iter().map(|entry| entry.slot).collect();
        for slot in slots {
            evictor.insert(slot, &mut self.slab);
        }
        self.rest().evictor = evictor;
    }

    /// After a sweep: when the next entry may end by its times, and no more memory than is of use.
    pub(crate) fn settle(&mut self, rules: &Rules) {
        let ends = self.iter().map(|entry| entry.end_unread(rules));
        let earliest = ends.min().unwrap_or(NEVER);
        if let Some(rest) = &mut self.rest {
            rest.earliest = earliest;
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
        let slots: Vec<Slot> = self.iter().map(|entry| entry.slot).collect();
        for slot in slots {
            to[slot as usize] = self.slab.move_to(slot, &mut slab).unwrap_or(NONE);
        }
        let Some(rest) = &mut self.rest else { return };
        rest.evictor.renumber(&self.slab, &mut slab, &to);
        rest.moves = rest.moves.wrapping_add(1);
        self.slab = slab;
        (self.table, rest.tagged) = (HashTable::with_capacity(self.slab.len()), HashMap::default());
        for entry in self.slab.range(0, usize::MAX) {
            let slab = &self.slab;
            self.table.insert_unique(long(entry.hash), entry.slot, |slot| long(slab.hash(*slot)));
            for tag in entry.tags() {
                rest.tag(entry.slot, tag.id);
            }
        }
    }
}

/// What has to be known of a life that begins, when its lease was given away.
struct Begun {
    end: Tick,
    is_tagged: bool,
}

impl Begun {
    fn of(lease: &Lease, rules: &Rules) -> Self {
        let end = rules.end_since(lease.deadline, || lease.created, lease.is_error);
        Self { end, is_tagged: lease.more.as_ref().is_some_and(|more| !more.tags().is_empty()) }
    }
}

impl Rest {
    fn new(policy: Option<Policy>) -> Self {
        let evictor = Evictor::new(policy);
        Self { evictor, tagged: HashMap::default(), last_id: 0, moves: 0, earliest: NEVER, weight: 0 }
    }

    /// The same without entries. Names are not given twice.
    fn anew(&self, policy: Option<Policy>) -> Self {
        Self { last_id: self.last_id, moves: self.moves.wrapping_add(1), ..Self::new(policy) }
    }

    fn tag(&mut self, slot: Slot, tag: u64) {
        let slots = self.tagged.entry(tag).or_default();
        slots.insert_unique(spread_slot(slot), slot, |slot| spread_slot(*slot));
    }

    fn untag(&mut self, slot: Slot, tag: u64) {
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
        self.record.more.map_or(0, |more| more.id)
    }

    /// Whether it is the entry of a name.
    pub(crate) fn is(&self, id: EntryId) -> bool {
        self.hash == id.hash && self.id() == id.id
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashMap as Map;
    use std::sync::Arc;

    use super::super::tests::lease;
    use super::*;

    const RULES: Rules = Rules::new();

    type Value = (u64, Arc<()>);

    fn hash(key: u64) -> u32 {
        // Few of them, so that keys collide.
        u32::try_from(key % 500).unwrap().wrapping_mul(0x9E37_79B9)
    }

    fn slot_of(entries: &Entries, key: u64) -> Option<Slot> {
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
                        entries.insert(&Erased::new(key), &value, hash(key), lease(weight), &RULES);
                        map.insert(key, (step, weight, None));
                    }
                    (Some(slot), 0..=1) => {
                        let id = entries.name(slot).unwrap();
                        let known = map.get_mut(&key).unwrap().2.replace(id);
                        assert!(known.is_none_or(|known| known == id), "an entry has one name");
                    }
                    (Some(slot), 2) => entries.read(slot),
                    (Some(slot), 3) => drop(entries.renew(slot, lease(9), &RULES)),
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
                assert_eq!(entries.named(*id).map(|entry| *entry.key.get()), Some(*key));
            }
        }
    }

    #[test]
    fn a_name_is_that_of_one_entry_for_ever() {
        let mut entries = Entries::new(None, CellType::of::<u64, u64>());
        entries.insert(&Erased::new(1_u64), &Erased::new(1_u64), hash(1), lease(1), &RULES);
        let slot = slot_of(&entries, 1).unwrap();
        let id = entries.name(slot).unwrap();
        entries.remove(slot).unwrap();
        entries.insert(&Erased::new(1_u64), &Erased::new(1_u64), hash(1), lease(1), &RULES);
        assert_eq!(slot_of(&entries, 1), Some(slot), "slots are used again");
        assert!(entries.named(id).is_none());
        assert_ne!(entries.name(slot), Some(id));
    }
}
