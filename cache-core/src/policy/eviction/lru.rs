//! Exact LRU, through the `lru` crate.

use lru::LruCache;

use super::{Entries, Eviction, Node};

/// The order of use of one shard's entries.
pub(crate) struct Lru {
    order: LruCache<u32, u32, foldhash::fast::RandomState>,
}

impl Lru {
    pub(crate) fn new() -> Self {
        Self { order: LruCache::unbounded_with_hasher(foldhash::fast::RandomState::default()) }
    }

    /// The crate's map does not shrink: a new one is filled, the least recently used first.
    pub(crate) fn shrink(&mut self) {
        let old = std::mem::replace(self, Self::new());
        for (id, hash) in old.order.iter().rev() {
            self.order.push(*id, *hash);
        }
    }
}

impl Eviction for Lru {
    fn insert(&mut self, node: Node) {
        self.order.push(node.id, node.hash);
    }

    fn remove(&mut self, node: Node) {
        self.order.pop(&node.id);
    }

    fn read(&mut self, node: Node) {
        self.order.promote(&node.id);
    }

    fn victim(&mut self, _: &impl Entries) -> Option<Node> {
        self.order.pop_lru().map(|(id, hash)| Node { hash, id })
    }
}
