//! The tags that something carries, by name, and what is remembered of those that nothing carries.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Weak};

use super::carriers::Carriers;
use super::group::Group;
use super::{Name, Number, TagState};
use crate::sync::RandomState;

/// What a tag that nothing carries is remembered by: its last invalidation, by hash of its name.
/// Two names that collide only refuse a value that was being computed.
const FORGOTTEN: usize = 256;
/// Tables smaller than this are not worth shrinking.
pub(super) const SMALL_TABLE: usize = 64;

pub(super) struct TagRecord<C> {
    pub(super) tag: Arc<TagState>,
    pub(super) carriers: Carriers<C>,
    /// The groups that it is part of, by their ids. Most tags are in none.
    pub(super) groups: HashSet<u64, RandomState>,
}

impl<C> TagRecord<C> {
    fn new(tag: Arc<TagState>) -> Self {
        Self { tag, carriers: Carriers::new(), groups: HashSet::default() }
    }
}

pub(super) struct TagTable<C> {
    pub(super) records: HashMap<Name, TagRecord<C>, RandomState>,
    forgotten: Box<[Number; FORGOTTEN]>,
    next_id: u64,
}

impl<C> TagTable<C> {
    pub(super) fn new() -> Self {
        Self { records: HashMap::default(), forgotten: Box::new([0; FORGOTTEN]), next_id: 1 }
    }

    /// When a tag of this name was last invalidated while nothing carried it; or one with a like hash.
    pub(super) fn forgotten(&mut self, name: &Name) -> &mut Number {
        let hash = self.records.hasher().hash_one(name);
        &mut self.forgotten[usize::try_from(hash % FORGOTTEN as u64).unwrap_or(0)]
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// The tag of a name, which is made if nothing carries it.
    pub(super) fn named(&mut self, name: &Name) -> &mut TagRecord<C> {
        if !self.records.contains_key(name) {
            let stamp = *self.forgotten(name);
            let tag = TagState::new(self.next_id(), name.clone(), stamp, None);
            return self.records.entry(name.clone()).or_insert(TagRecord::new(tag));
        }
        self.records.get_mut(name).expect("it is there")
    }

    /// A tag of its own: a dependency, or a group.
    pub(super) fn unnamed(&mut self, group: Option<Box<Group>>) -> Arc<TagState> {
        let id = self.next_id();
        let tag = TagState::new(id, Name::Unnamed(id), 0, group);
        for part in tag.parts() {
            if let Some(record) = self.records.get_mut(&part.name) {
                record.groups.insert(id);
            }
        }
        self.records.insert(tag.name.clone(), TagRecord::new(tag.clone()));
        tag
    }

    /// From here on a memo is told of invalidations of a tag, and of its parts if it is a group: whoever carries a
    /// group carries its parts. So where it is known nothing is left to do.
    pub(super) fn carry(&mut self, tag: &Arc<TagState>, memo: &Weak<C>) {
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
    pub(super) fn forget(&mut self, name: &Name) -> Box<[Arc<TagState>]> {
        let Some(TagRecord { tag, .. }) = self.records.remove(name) else { return Box::default() };
        let (id, stamp) = (tag.id, tag.stamps.last());
        let group = Arc::into_inner(tag).and_then(|mut tag| tag.group.take());
        let parts = group.map(|group| group.parts).unwrap_or_default();
        for part in &parts {
            if let Some(record) = self.records.get_mut(&part.name)
                && record.groups.remove(&id)
                && record.groups.is_empty()
            {
                record.groups.shrink_to_fit();
            }
        }
        if parts.is_empty() {
            let forgotten = self.forgotten(name);
            *forgotten = stamp.max(*forgotten);
        }
        self.shrink();
        parts
    }

    /// Gives memory back after many tags were forgotten.
    fn shrink(&mut self) {
        let (len, capacity) = (self.records.len(), self.records.capacity());
        if capacity > SMALL_TABLE && len < capacity / 4 {
            self.records.shrink_to(len * 2);
        }
    }
}
