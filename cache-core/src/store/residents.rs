//! The entries of one shard: a hash table, the order of eviction, and an index by tag.
//!
//! Nothing here locks, compares keys by itself or runs user code; whoever holds the shard does.

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashTable;

use super::resident::{Lease, Resident, spread};
use crate::policy::{Entries, Evictor, Node, Rules};
use crate::sync::RandomState;
use crate::tags::{Mark, TagSet};
use crate::time::{NEVER, Tick};

/// Tables smaller than this are not worth shrinking.
const SMALL_TABLE: usize = 64;

/// The entries of one shard.
pub(crate) struct Residents<K, V> {
    table: HashTable<Resident<K, V>>,
    evictor: Evictor,
    /// Which entries carry a tag, by the tag's id.
    tagged: HashMap<u64, HashTable<Node>, RandomState>,
    next_id: u32,
    /// No entry is good for nothing before, by its times.
    earliest: Tick,
    /// Of all entries together.
    weight: usize,
}

/// What a shard held, off it.
pub(crate) struct Emptied<K, V> {
    pub(crate) entries: HashTable<Resident<K, V>>,
    /// Where entries of a tag were, and who came next: to be dropped.
    pub(crate) rest: Rest,
}

/// See [`Emptied`].
pub(crate) type Rest = (HashMap<u64, HashTable<Node>, RandomState>, Evictor);

struct View<'a, K, V>(&'a HashTable<Resident<K, V>>);

impl<K, V> Entries for View<'_, K, V> {
    fn reads(&self, node: Node) -> Option<u8> {
        self.0.find(spread(node.hash), |entry| entry.node == node).map(Resident::reads)
    }

    fn set_reads(&self, node: Node, reads: u8) {
        if let Some(entry) = self.0.find(spread(node.hash), |entry| entry.node == node) {
            entry.set_reads(reads);
        }
    }
}

impl<K, V> Residents<K, V> {
    pub(crate) fn new(evictor: Evictor) -> Self {
        Self {
            table: HashTable::new(),
            evictor,
            tagged: HashMap::default(),
            next_id: 0,
            earliest: NEVER,
            weight: 0,
        }
    }

    pub(crate) fn earliest(&self) -> Tick {
        self.earliest
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    #[inline]
    pub(crate) fn find(&self, hash: u32, eq: impl Fn(&K) -> bool) -> Option<&Resident<K, V>> {
        self.table.find(spread(hash), |entry| eq(&entry.key))
    }

    pub(crate) fn at(&self, node: Node) -> Option<&Resident<K, V>> {
        self.table.find(spread(node.hash), |entry| entry.node == node)
    }

    pub(crate) fn at_mut(&mut self, node: Node) -> Option<&mut Resident<K, V>> {
        self.table.find_mut(spread(node.hash), |entry| entry.node == node)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Resident<K, V>> {
        self.table.iter()
    }

    /// A name for the next entry.
    pub(crate) fn next_node(&mut self, hash: u32) -> Node {
        self.next_id = self.next_id.wrapping_add(1);
        Node { hash, id: self.next_id }
    }

    pub(crate) fn insert(&mut self, entry: Resident<K, V>, rules: &Rules) {
        let node = entry.node;
        self.earliest = self.earliest.min(rules.end_unread(&entry.times()));
        self.weight += entry.weight as usize;
        self.tag(node, entry.tags().iter().map(|tag| tag.id));
        self.table.insert_unique(spread(node.hash), entry, |entry| spread(entry.node.hash));
        self.evictor.insert(node);
    }

    /// An entry was read; only for algorithms that move something then.
    pub(crate) fn read(&mut self, node: Node) {
        self.evictor.read(node);
    }

    /// The deadline of an entry was moved there.
    pub(crate) fn moved(&mut self, deadline: Tick, rules: &Rules) {
        self.earliest = self.earliest.min(rules.end(deadline));
    }

    pub(crate) fn remove(&mut self, node: Node) -> Option<Resident<K, V>> {
        let entry = self.take(node)?;
        self.evictor.remove(node, &View(&self.table));
        Some(entry)
    }

    /// Gives an entry a new life, and hands the tags out that it has carried so far.
    pub(crate) fn renew(&mut self, node: Node, lease: Lease, rules: &Rules) -> TagSet {
        let Some(entry) = self.at_mut(node) else { return lease.tags };
        let old = entry.renew(lease);
        let end = rules.end_unread(&entry.times());
        let new: Vec<u64> = entry.tags().iter().map(|tag| tag.id).collect();
        self.earliest = self.earliest.min(end);
        self.untag(node, &old);
        self.tag(node, new);
        old
    }

    /// Takes out the entry that makes room.
    pub(crate) fn evict(&mut self) -> Option<Resident<K, V>> {
        let node = self.evictor.victim(&View(&self.table))?;
        self.take(node)
    }

    fn take(&mut self, node: Node) -> Option<Resident<K, V>> {
        let found = self.table.find_entry(spread(node.hash), |entry| entry.node == node);
        let (entry, _) = found.ok()?.remove();
        self.weight -= entry.weight as usize;
        self.untag(node, entry.tags());
        Some(entry)
    }

    fn tag(&mut self, node: Node, tags: impl IntoIterator<Item = u64>) {
        for tag in tags {
            let nodes = self.tagged.entry(tag).or_default();
            nodes.insert_unique(spread(node.hash), node, |node| spread(node.hash));
        }
    }

    fn untag(&mut self, node: Node, tags: &[Arc<Mark>]) {
        for tag in tags {
            if let Some(nodes) = self.tagged.get_mut(&tag.id) {
                if let Ok(found) = nodes.find_entry(spread(node.hash), |known| *known == node) {
                    found.remove();
                }
                if nodes.is_empty() {
                    self.tagged.remove(&tag.id);
                }
            }
        }
    }

    /// Takes out everything, in constant time.
    pub(crate) fn take_all(&mut self, evictor: Evictor) -> Emptied<K, V> {
        (self.earliest, self.weight) = (NEVER, 0);
        let rest = (std::mem::take(&mut self.tagged), std::mem::replace(&mut self.evictor, evictor));
        Emptied { entries: std::mem::take(&mut self.table), rest }
    }

    /// How many entries carry a tag.
    pub(crate) fn tagged_len(&self, tag: u64) -> usize {
        self.tagged.get(&tag).map_or(0, HashTable::len)
    }

    /// The entries that carry a tag.
    pub(crate) fn tagged(&self, tag: u64) -> impl Iterator<Item = Node> + '_ {
        self.tagged.get(&tag).into_iter().flat_map(|nodes| nodes.iter().copied())
    }

    /// Begins to keep order, if nothing has been evicted so far since there was no bound.
    pub(crate) fn bound(&mut self, evictor: impl FnOnce() -> Evictor) {
        if matches!(self.evictor, Evictor::Unbounded) {
            self.evictor = evictor();
            for entry in &self.table {
                self.evictor.insert(entry.node);
            }
        }
    }

    /// After a sweep: when the next entry may end by its times, and no more memory than is of use.
    pub(crate) fn settle(&mut self, rules: &Rules) {
        let ends = self.table.iter().map(|entry| rules.end_unread(&entry.times()));
        self.earliest = ends.min().unwrap_or(NEVER);
        self.shrink();
    }

    /// Gives memory back that is of no use.
    pub(crate) fn shrink(&mut self) {
        if self.table.capacity() > SMALL_TABLE && self.table.len() < self.table.capacity() / 4 {
            let room = self.table.len() * 2;
            self.table.shrink_to(room, |entry| spread(entry.node.hash));
            self.evictor.shrink();
            self.tagged.shrink_to(self.tagged.len() * 2);
        }
    }
}
