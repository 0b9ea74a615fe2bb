//! `scc::HashCache`: bounded, without a time to live. Its default hasher is the standard library's;
//! the second entrant has the limit's hasher, to see the cache apart from its hash.

use std::hash::BuildHasher;
use std::sync::Arc;

use scc::HashCache;

use super::by_hand::{ByHand, looked_up};
use crate::harness::{Entrant, Role};
use crate::workload::{CAPACITY, Value, origin_str};

const NAME: &str = "scc::HashCache (no ttl)";
pub(crate) const FOLDHASH: &str = "scc::HashCache (no ttl), foldhash";

pub(crate) fn by_u64() -> [Entrant<u64>; 2] {
    [
        looked_up(NAME, with_hasher::<u64, _>(CAPACITY, std::hash::RandomState::new())),
        looked_up(FOLDHASH, bounded::<u64>(CAPACITY)),
    ]
}

pub(crate) fn bounded<V: Value>(capacity: usize) -> Arc<HashCache<u64, V, foldhash::fast::RandomState>> {
    with_hasher(capacity, foldhash::fast::RandomState::default())
}

fn with_hasher<V, H: BuildHasher>(capacity: usize, hasher: H) -> Arc<HashCache<u64, V, H>> {
    Arc::new(HashCache::with_capacity_and_hasher(capacity, capacity, hasher))
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 2] {
    [
        str_with(NAME, std::hash::RandomState::new()),
        str_with(FOLDHASH, foldhash::fast::RandomState::default()),
    ]
}

// `get_sync` and not `read_sync`: only the former counts as a use when it comes to eviction.

impl<V: Value, H: BuildHasher + Send + Sync + 'static> ByHand<V> for Arc<HashCache<u64, V, H>> {
    fn get(&self, key: u64) -> Option<V> {
        self.get_sync(&key).map(|entry| entry.get().clone())
    }

    fn insert(&self, key: u64, value: V) {
        self.entry_sync(key).put_entry(value);
    }

    fn len(&self) -> usize {
        HashCache::len(self)
    }

    fn clear(&self) {
        self.clear_sync();
    }
}

fn str_with(name: &'static str, hasher: impl BuildHasher + Send + Sync + 'static) -> Entrant<&'static str> {
    let cache = HashCache::with_capacity_and_hasher(CAPACITY, CAPACITY, hasher);
    let cache: Arc<HashCache<Box<str>, u64, _>> = Arc::new(cache);
    Entrant::new(name, Role::Other, move || {
        let cache = Arc::clone(&cache);
        move |key: &'static str| {
            if let Some(entry) = cache.get_sync(key) {
                return *entry.get();
            }
            let value = origin_str(key);
            // Refused when another thread was first: the value is the same.
            let _ = cache.put_sync(key.into(), value);
            value
        }
    })
}
