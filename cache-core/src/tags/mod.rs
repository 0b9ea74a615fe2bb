//! Revisions, stamps and tags: how an invalidation reaches entries without touching them.
//!
//! Invalidations of one runtime are numbered. Each raises the stamps of what it is about to its number
//! (a tag's stamp, or a memo's `cleared`), then publishes the number as the revision of every memo
//! that it may concern; all of it under one lock. An entry records the revision at which it was last
//! found valid: while the memo's revision is no later, it is valid at the cost of one load.
//! Otherwise its stamps are compared, and the revision that was loaded *before* them is recorded.
//!
//! Stamps come in two forms, of what is gone and of what is stale ([`Severity`]), numbered alike: an entry
//! that was hit by either is not taken for fresh.
//!
//! Two facts carry the proof (and are model-checked in `model/protocol.rs`): whoever sees a revision sees the
//! stamps behind it, since it is published after them with release; and stamps only grow, so a stamp
//! no later than the entry's record means that nothing has hit the entry since.

mod carriers;
mod group;
mod inherit;
mod list;
mod name;
mod reach;
mod stamps;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use carriers::Carriers;
#[cfg(all(test, loom))]
pub(crate) use group::IN_MODEL;
pub(crate) use group::each_public;
use group::{Group, few};
pub(crate) use inherit::Inherited;
pub use list::{IntoTag, TagList};
pub(crate) use name::Name;
pub use name::{Tag, TagField, TagName, typed_tag};
pub use reach::{ThroughOption, ThroughPlain, ThroughRef};
use stamps::Stamps;
pub(crate) use stamps::{Number, Revision, Severity, Stamp, Validity};

use crate::sync::{AtomicU64, Mutex, Ordering, RandomState};
use crate::time::Tick;

/// What a tag that nothing carries is remembered by: its last invalidation, by hash of its name.
/// Two names that collide only refuse a value that was being computed.
const FORGOTTEN: usize = 256;
/// Tables smaller than this are not worth shrinking.
const SMALL_TABLE: usize = 64;

/// A tag that something carries.
pub(crate) struct TagState {
    /// Tells tags apart without comparing names.
    pub(crate) id: u64,
    pub(crate) name: Name,
    stamps: Stamps,
    /// What it stands for, if that is other tags.
    group: Option<Box<Group>>,
}

impl TagState {
    fn new(id: u64, name: Name, stamp: Number, group: Option<Box<Group>>) -> Arc<Self> {
        Arc::new(Self { id, name, stamps: Stamps::new(stamp), group })
    }
}

/// The tags of one entry.
pub(crate) type TagSet = Box<[Arc<TagState>]>;

/// Tags that are held beyond an entry's life, by whoever may have to look at their stamps.
pub(crate) type SharedTags = Arc<dyn Deref<Target = [Arc<TagState>]> + Send + Sync>;

/// A memo, as tags know it.
pub(crate) trait Carrier: Send + Sync {
    fn revision(&self) -> &Revision;
}

struct TagRecord<C: ?Sized> {
    tag: Arc<TagState>,
    carriers: Carriers<C>,
    /// The groups that it is part of, by their ids. Most tags are in none.
    groups: Option<HashSet<u64, RandomState>>,
}

impl<C: ?Sized> TagRecord<C> {
    fn new(tag: Arc<TagState>) -> Self {
        Self { tag, carriers: Carriers::new(), groups: None }
    }
}

/// A tag and the groups that it is in, by their ids, in order.
pub(crate) type TagIds = Arc<[u64]>;

struct TagTable<C: ?Sized> {
    records: HashMap<Name, TagRecord<C>, RandomState>,
    forgotten: Box<[Number; FORGOTTEN]>,
    next_id: u64,
}

impl<C: ?Sized> TagTable<C> {
    fn slot(&self, name: &Name) -> usize {
        usize::try_from(self.records.hasher().hash_one(name) % FORGOTTEN as u64).unwrap_or(0)
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// The tag of a name, which is made if nothing carries it.
    fn named(&mut self, name: &Name) -> &mut TagRecord<C> {
        if !self.records.contains_key(name) {
            let stamp = self.forgotten[self.slot(name)];
            let tag = TagState::new(self.next_id(), name.clone(), stamp, None);
            return self.records.entry(name.clone()).or_insert(TagRecord::new(tag));
        }
        self.records.get_mut(name).expect("it is there")
    }

    /// A tag of its own: a dependency, or a group.
    fn unnamed(&mut self, group: Option<Box<Group>>) -> Arc<TagState> {
        let id = self.next_id();
        let tag = TagState::new(id, Name::Unnamed(id), 0, group);
        for part in tag.parts() {
            if let Some(record) = self.records.get_mut(&part.name) {
                record.groups.get_or_insert_default().insert(id);
            }
        }
        self.records.insert(tag.name.clone(), TagRecord::new(tag.clone()));
        tag
    }

    /// From here on a memo is told of invalidations of a tag, and of its parts if it is a group: whoever carries a
    /// group carries its parts. So where it is known nothing is left to do.
    fn carry(&mut self, tag: &Arc<TagState>, memo: &Weak<C>) {
        let mut next = vec![tag];
        while let Some(tag) = next.pop() {
            if let Some(record) = self.records.get_mut(&tag.name)
                && record.carriers.add(memo, false)
            {
                next.extend(tag.parts());
            }
        }
    }

    /// Forgets a tag that nothing carries any more. Its parts, if it was a group, to be let go of.
    fn forget(&mut self, name: &Name) -> Box<[Arc<TagState>]> {
        let Some(TagRecord { tag, .. }) = self.records.remove(name) else { return Box::default() };
        let (id, stamp) = (tag.id, tag.stamps.last());
        let group = Arc::into_inner(tag).and_then(|mut tag| tag.group.take());
        if let Some(group) = group {
            for part in &group.parts {
                let groups = self.records.get_mut(&part.name).map(|record| &mut record.groups);
                if let Some(place) = groups
                    && let Some(groups) = place
                {
                    groups.remove(&id);
                    if groups.is_empty() {
                        *place = None;
                    }
                }
            }
            self.shrink();
            return group.parts;
        }
        let slot = self.slot(name);
        self.forgotten[slot] = stamp.max(self.forgotten[slot]);
        self.shrink();
        Box::default()
    }

    /// Gives memory back after many tags were forgotten.
    fn shrink(&mut self) {
        let (len, capacity) = (self.records.len(), self.records.capacity());
        if capacity > SMALL_TABLE && len < capacity / 4 {
            self.records.shrink_to(len * 2);
        }
    }
}

/// The tags of one runtime, and the numbering of its invalidations.
pub(crate) struct Tags<C: ?Sized> {
    state: Mutex<TagTable<C>>,
    now: AtomicU64,
}

/// What an invalidation by tag has yet to sweep.
pub(crate) struct PendingRemoval<C: ?Sized> {
    pub(crate) stamp: Stamp,
    pub(crate) tag: Arc<TagState>,
    pub(crate) carriers: Vec<(Arc<C>, bool)>,
}

impl<C: Carrier + ?Sized> Tags<C> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(TagTable {
                records: HashMap::default(),
                forgotten: Box::new([0; FORGOTTEN]),
                next_id: 1,
            }),
            now: AtomicU64::new(0),
        }
    }

    /// Keeps others from them, around a `fork`.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(crate) fn hold_all(&self) -> impl Sized + use<'_, C> {
        self.state.lock()
    }

    /// The last invalidation that has taken effect: what is computed from here on has seen it.
    pub(crate) fn now(&self) -> Number {
        self.now.load(Ordering::Acquire)
    }

    /// Numbers an invalidation. `raise` gives its number to what it is about.
    pub(crate) fn bump(&self, raise: impl FnOnce(Number)) -> Number {
        let state = self.state.lock();
        let number = self.number(raise);
        drop(state);
        number
    }

    /// The lock is held.
    fn number(&self, raise: impl FnOnce(Number)) -> Number {
        let number = self.now.load(Ordering::Relaxed) + 1;
        raise(number);
        self.now.store(number, Ordering::Release);
        number
    }

    /// Invalidates a tag: from here on nothing that carries it is valid. The number of this, and `None` if
    /// nothing does.
    pub(crate) fn invalidate(
        &self,
        name: &Name,
        severity: Severity,
        at: Tick,
    ) -> (Number, Option<PendingRemoval<C>>) {
        let mut state = self.state.lock();
        let slot = state.slot(name);
        let TagTable { records, forgotten, .. } = &mut *state;
        let mut pending = None;
        let number = self.number(|number| match records.get_mut(name) {
            Some(record) => {
                let stamp = Stamp { number, severity, at };
                record.tag.stamps.raise(&stamp);
                record.carriers.settle();
                let carriers = record.carriers.living();
                for (memo, all) in &carriers {
                    if *all {
                        memo.revision().raise_whole(&stamp);
                    } else {
                        memo.revision().raise(number);
                    }
                }
                pending = Some(PendingRemoval { stamp, tag: record.tag.clone(), carriers });
            }
            // Nothing is there to be marked; what is being computed is refused all the same.
            None => forgotten[slot] = number,
        });
        (number, pending)
    }

    /// A tag that something carries, and who does, and whether all their entries do.
    pub(crate) fn carriers(&self, name: &Name) -> Option<(Arc<TagState>, Vec<(Arc<C>, bool)>)> {
        let state = self.state.lock();
        let record = state.records.get(name)?;
        Some((record.tag.clone(), record.carriers.living()))
    }

    /// The tags of these names for an entry of `memo`, which from here on is told of their
    /// invalidations. Must come before the store that checks their stamps. `all`: every entry of the
    /// memo carries them.
    pub(crate) fn attach<'n>(
        &self,
        names: impl IntoIterator<Item = &'n Name>,
        memo: &Weak<C>,
        all: bool,
    ) -> TagSet {
        self.attach_all(names, &[], memo, all)
    }

    /// The same with tags that the entry has inherited: those, or if they are many, a group of them.
    pub(crate) fn attach_all<'n>(
        &self,
        names: impl IntoIterator<Item = &'n Name>,
        inherited: &[Arc<TagState>],
        memo: &Weak<C>,
        all: bool,
    ) -> TagSet {
        debug_assert!(memo.strong_count() > 0, "taken for a memo that has ended");
        let mut set: Vec<Arc<TagState>> = Vec::new();
        let mut state = self.state.lock();
        for name in names {
            let record = state.named(name);
            record.carriers.add(memo, all);
            set.push(record.tag.clone());
        }
        if inherited.len() > few() {
            let group = state.unnamed(Some(Box::new(Group::of(inherited.into()))));
            state.carry(&group, memo);
            set.push(group);
        } else {
            for tag in inherited {
                state.carry(tag, memo);
                set.push(tag.clone());
            }
        }
        drop(state);
        set.sort_unstable_by_key(|tag| tag.id);
        set.dedup_by_key(|tag| tag.id);
        set.into_boxed_slice()
    }

    /// A tag of its own, for what others are computed from.
    pub(crate) fn dependency(&self) -> Arc<TagState> {
        self.state.lock().unnamed(None)
    }

    /// A tag, which is held, and the groups that it is in.
    pub(crate) fn ids(&self, tag: &TagState) -> TagIds {
        let mut ids = vec![tag.id];
        let mut next = self.groups_of(&tag.name);
        if next.is_empty() {
            return ids.into();
        }
        // One by one, since there may be many and the lock is the runtime's.
        let mut seen: HashSet<u64> = HashSet::new();
        while let Some(id) = next.pop() {
            if seen.insert(id) {
                next.extend(self.groups_of(&Name::Unnamed(id)));
            }
        }
        ids.extend(seen);
        ids.sort_unstable();
        ids.into()
    }

    fn groups_of(&self, name: &Name) -> Vec<u64> {
        let state = self.state.lock();
        let groups = state.records.get(name).and_then(|record| record.groups.as_ref());
        groups.into_iter().flat_map(|groups| groups.iter().copied()).collect()
    }

    /// Has the stamps of these tags tell of all invalidations so far, of the memo with this revision too: to be
    /// asked before they are compared.
    #[inline]
    pub(crate) fn catch_up(&self, tags: &[Arc<TagState>], revision: &Revision) {
        group::catch_up(tags, || self.now().max(revision.current()));
    }

    /// The same tag once more, if something still carries it.
    pub(crate) fn hold(&self, tag: &Weak<TagState>) -> Option<Arc<TagState>> {
        // Under the lock: it is forgotten there, and then must not come back.
        let state = self.state.lock();
        let held = tag.upgrade().filter(|tag| state.records.contains_key(&tag.name));
        drop(state);
        held
    }

    /// Lets go of an entry's tags, and forgets those that nothing carries any more.
    #[inline]
    pub(crate) fn release(&self, set: TagSet) {
        if !set.is_empty() {
            self.release_each(set);
        }
    }

    fn release_each(&self, set: TagSet) {
        let mut next = set.into_vec();
        while let Some(tag) = next.pop() {
            let name = tag.name.clone();
            let left = Arc::downgrade(&tag);
            drop(tag);
            if left.strong_count() > 1 {
                continue;
            }
            let mut state = self.state.lock();
            let Some(record) = state.records.get(&name) else { continue };
            if Weak::as_ptr(&left) == Arc::as_ptr(&record.tag) && Arc::strong_count(&record.tag) == 1 {
                next.extend(state.forget(&name));
            }
        }
    }

    /// How many tags are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.state.lock().records.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::group::FEW;
    use super::*;

    struct Memo(Revision);

    impl Carrier for Memo {
        fn revision(&self) -> &Revision {
            &self.0
        }
    }

    fn name(name: u32) -> Name {
        Name::Text(name.to_string().into())
    }

    fn names(names: impl IntoIterator<Item = u32>) -> Vec<Name> {
        names.into_iter().map(name).collect()
    }

    #[test]
    fn tags_that_nothing_carries_take_no_memory() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let many = tags.attach(&names(0..10_000), &Arc::downgrade(&memo), false);
        let again = tags.attach(&names(0..10), &Arc::downgrade(&memo), false);
        assert_eq!(tags.len(), 10_000);
        tags.release(many);
        assert_eq!(tags.len(), 10);
        tags.release(again);
        assert_eq!(tags.len(), 0);
        assert!(tags.state.lock().records.capacity() <= SMALL_TABLE);
    }

    #[test]
    fn a_tag_that_comes_back_remembers_when_it_was_invalidated() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let attach = || tags.attach(&names([1]), &Arc::downgrade(&memo), false);
        tags.bump(|_| {});
        let before = tags.now();
        let carried = attach();
        assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_some());
        tags.release(carried);
        assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_none());
        let carried = attach();
        assert_eq!(carried[0].stamps.last(), tags.now());
        assert_eq!(memo.0.validity_since(before, &carried), Validity::Invalid);
        assert_eq!(memo.0.validity_since(tags.now(), &carried), Validity::Valid);
    }

    /// Those that are taken for it have their values refused for nothing.
    #[test]
    fn what_is_forgotten_is_seldom_taken_for_another() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        assert!(tags.invalidate(&name(0), Severity::Hard, 0).1.is_none());
        let others = tags.attach(&names(1..=1_000), &Arc::downgrade(&memo), false);
        let taken = others.iter().filter(|tag| tag.stamps.last() > 0).count();
        assert!(taken < 50, "{taken}");
    }

    #[test]
    fn a_name_given_twice_is_one_tag() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let set = tags.attach(&names([1, 1, 2]), &Arc::downgrade(&memo), false);
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn memos_that_have_ended_are_not_told() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let set = tags.attach(&names([1]), &Arc::downgrade(&memo), false);
        drop(memo);
        assert!(
            tags.invalidate(&name(1), Severity::Hard, 0).1.is_some_and(|pending| pending.carriers.is_empty())
        );
        tags.release(set);
    }

    #[test]
    fn memos_that_have_ended_take_no_memory() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let carried = tags.attach(&names([1]), &Arc::downgrade(&memo), false);
        let carriers = || tags.state.lock().records[&name(1)].carriers.len();
        for _ in 0..1_000 {
            let passing = Arc::new(Memo(Revision::new()));
            tags.release(tags.attach(&names([1]), &Arc::downgrade(&passing), false));
        }
        assert!(carriers() < 10, "{}", carriers());
        assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_some());
        assert_eq!(carriers(), 1);
        tags.release(carried);
    }

    #[test]
    fn what_all_entries_of_a_memo_carry_they_all_carry_from_then_on() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let attach = |all| tags.attach(&names([1]), &Arc::downgrade(&memo), all);
        let all = || tags.carriers(&name(1)).is_some_and(|(_, carriers)| carriers[0].1);
        let held = attach(false);
        assert!(!all());
        tags.release(attach(true));
        assert!(all());
        tags.release(attach(false));
        assert!(all());
        let before = tags.now();
        assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_some());
        assert_eq!(memo.0.validity_since(before, &[]), Validity::Invalid);
        tags.release(held);
    }

    #[test]
    fn a_source_is_held_while_something_carries_it() {
        let tags: Tags<Memo> = Tags::new();
        let dependency = tags.dependency();
        let known = Arc::downgrade(&dependency);
        let again = tags.hold(&known).unwrap();
        assert!(Arc::ptr_eq(&again, &dependency));
        tags.release(Box::new([dependency]));
        tags.release(Box::new([again]));
        assert!(tags.hold(&known).is_none());
        assert_eq!(tags.len(), 0);
    }

    /// A chain of entries, each of which was computed from the one before, and so from all before.
    fn chain(tags: &Tags<Memo>, memo: &Arc<Memo>, length: usize) -> Vec<TagSet> {
        let mut chain: Vec<TagSet> = vec![Box::default()];
        for _ in 0..length {
            let dependency = tags.dependency();
            let mut inherited = chain.last().unwrap().to_vec();
            inherited.push(dependency);
            chain.push(tags.attach_all(&[], &inherited, &Arc::downgrade(memo), false));
        }
        chain
    }

    const LENGTH: usize = if cfg!(miri) { 100 } else { 5_000 };

    #[test]
    fn what_a_long_chain_carries_takes_memory_as_its_length() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let chain = chain(&tags, &memo, LENGTH);
        let carried: usize = chain.iter().map(|set| set.len()).sum();
        let parts = |tag: &Arc<TagState>| tag.parts().len();
        let shared: usize = chain.iter().flat_map(|set| set.iter().map(parts)).max().unwrap();
        assert!(carried <= LENGTH * FEW && shared <= FEW + 1, "{carried}, {shared}");
        assert!(tags.len() < LENGTH * 2);
        // Whoever goes last takes all along, one by one.
        for set in chain {
            tags.release(set);
        }
        assert_eq!(tags.len(), 0);
        let again = self::chain(&tags, &memo, LENGTH);
        for set in again.into_iter().rev() {
            tags.release(set);
        }
        assert_eq!(tags.len(), 0);
        assert!(tags.state.lock().records.capacity() <= SMALL_TABLE);
        // A runtime may end before what is in it.
        drop((self::chain(&tags, &memo, LENGTH), tags));
    }

    #[test]
    fn a_group_is_invalid_when_a_part_is_at_any_depth() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let chain = chain(&tags, &memo, LENGTH);
        let touch = |at: usize, since| {
            tags.catch_up(&chain[at], &memo.0);
            memo.0.validity_since(since, &chain[at])
        };
        let last = chain.len() - 1;
        assert_eq!(touch(last, 0), Validity::Valid);
        let mut before = 0;
        for at in [last / 2, 1, last] {
            let name = chain[at].last().map(|tag| {
                if tag.group.is_none() { tag.name.clone() } else { tag.parts()[FEW].name.clone() }
            });
            assert!(
                tags.invalidate(&name.unwrap(), Severity::Hard, 0)
                    .1
                    .is_some_and(|pending| pending.carriers.len() == 1)
            );
            assert_eq!((touch(at - 1, before), touch(at, before)), (Validity::Valid, Validity::Invalid));
            assert_eq!(touch(last, before), Validity::Invalid);
            before = tags.now();
            assert_eq!(touch(last, before), Validity::Valid);
        }
    }

    /// There are more ways through them than could ever be gone.
    #[test]
    fn a_group_is_looked_at_once_however_many_lead_to_it() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let memo_ref = Arc::downgrade(&memo);
        let dependencies: Vec<_> = (0..=FEW).map(|_| tags.dependency()).collect();
        let first = dependencies[0].clone();
        let mut pair =
            [dependencies.clone(), dependencies].map(|each| tags.attach_all(&[], &each, &memo_ref, false));
        let mut held = Vec::new();
        for _ in 0..100 {
            let both: Vec<_> =
                pair.iter().flatten().cloned().chain((0..FEW).map(|_| tags.dependency())).collect();
            held.push(std::mem::replace(
                &mut pair,
                [0, 1].map(|_| tags.attach_all(&[], &both, &memo_ref, false)),
            ));
        }
        let pending = tags.invalidate(&first.name, Severity::Hard, 0).1.unwrap();
        assert_eq!(tags.ids(&pending.tag).len(), 1 + 2 * 101);
        tags.catch_up(&pair[0], &memo.0);
        assert_eq!(memo.0.validity_since(0, &pair[0]), Validity::Invalid);
    }
}
