//! `foyer`, its part in memory: two of its policies, in 64 shards. It has no time to live.

use foldhash::fast::RandomState;
use foyer_memory::{Cache, CacheBuilder, EvictionConfig, LruConfig, S3FifoConfig};

use super::by_hand::ByHand;
use crate::workload::Value;

pub(crate) const S3FIFO: &str = "foyer: s3fifo (no ttl)";
pub(crate) const LRU: &str = "foyer: lru (no ttl)";

type Foyer<V> = Cache<u64, V, RandomState>;

pub(crate) fn s3fifo<V: Value>(capacity: usize) -> Foyer<V> {
    with(capacity, S3FifoConfig::default())
}

pub(crate) fn lru<V: Value>(capacity: usize) -> Foyer<V> {
    with(capacity, LruConfig::default())
}

fn with<V: Value>(capacity: usize, policy: impl Into<EvictionConfig>) -> Foyer<V> {
    CacheBuilder::new(capacity)
        .with_shards(64)
        .with_eviction_config(policy)
        .with_hash_builder(RandomState::default())
        .build()
}

impl<V: Value> ByHand<V> for Foyer<V> {
    fn get(&self, key: u64) -> Option<V> {
        Cache::get(self, &key).map(|entry| entry.value().clone())
    }

    fn insert(&self, key: u64, value: V) {
        Cache::insert(self, key, value);
    }

    fn len(&self) -> usize {
        self.entries()
    }

    fn clear(&self) {
        Cache::clear(self);
    }
}
