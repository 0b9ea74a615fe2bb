//! `lru`, in 64 shards behind a mutex each: what its users make of it when threads share it. No time to live.

use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::Arc;

use foldhash::fast::RandomState;
use lru::LruCache;
use parking_lot::Mutex;

use super::by_hand::ByHand;
use crate::workload::Value;

pub(crate) const NAME: &str = "lru in 64 mutexes (no ttl)";

/// A power of two, so that bits of the hash tell the shard.
const SHARDS: usize = 64;

pub(crate) struct Sharded<V> {
    hasher: RandomState,
    shards: [Shard<V>; SHARDS],
}

/// Alone on its cache lines, so that threads in different shards do not meet.
#[repr(align(128))]
struct Shard<V>(Mutex<LruCache<u64, V, RandomState>>);

pub(crate) fn bounded<V: Value>(capacity: usize) -> Arc<Sharded<V>> {
    let hasher = RandomState::default();
    let of_shard = NonZeroUsize::new(capacity.div_ceil(SHARDS)).unwrap_or(NonZeroUsize::MIN);
    let shards = std::array::from_fn(|_| Shard(Mutex::new(LruCache::with_hasher(of_shard, hasher.clone()))));
    Arc::new(Sharded { hasher, shards })
}

impl<V> Sharded<V> {
    fn shard(&self, key: u64) -> &Mutex<LruCache<u64, V, RandomState>> {
        // Not the bits by which the table finds its bucket, nor those that tell entries in it apart.
        let bits = self.hasher.hash_one(key) >> 40;
        &self.shards[usize::try_from(bits).unwrap_or_default() % SHARDS].0
    }
}

impl<V: Value> ByHand<V> for Arc<Sharded<V>> {
    fn get(&self, key: u64) -> Option<V> {
        self.shard(key).lock().get(&key).cloned()
    }

    fn insert(&self, key: u64, value: V) {
        self.shard(key).lock().put(key, value);
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.lock().len()).sum()
    }

    fn clear(&self) {
        self.shards.iter().for_each(|shard| shard.0.lock().clear());
    }
}
