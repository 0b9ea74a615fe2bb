//! `moka::sync::Cache`: bounded, plain and with a time to live.

use std::time::Duration;

use moka::sync::{Cache, CacheBuilder};

use super::by_hand::{ByHand, looked_up};
use crate::harness::{Entrant, Role};
use crate::workload::{CAPACITY, TTL_SECONDS, Value, origin_str, origin_u64};

const PLAIN: &str = "moka::sync: capacity";
pub(crate) const TTL: &str = "moka::sync: capacity, ttl";

type Builder<K, V> = CacheBuilder<K, V, Cache<K, V>>;

fn plain<K: Eq + std::hash::Hash + Send + Sync + 'static, V: Value>(capacity: usize) -> Builder<K, V> {
    Cache::builder().max_capacity(capacity as u64)
}

pub(crate) fn bounded_with_ttl<V: Value>(capacity: usize) -> Cache<u64, V> {
    plain(capacity).time_to_live(ttl()).build()
}

pub(crate) fn by_u64() -> [Entrant<u64>; 2] {
    let plain: Cache<u64, u64> = plain(CAPACITY).build();
    [looked_up(PLAIN, plain), looked_up(TTL, bounded_with_ttl::<u64>(CAPACITY))]
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 2] {
    [str_of(PLAIN, plain(CAPACITY).build()), str_of(TTL, plain(CAPACITY).time_to_live(ttl()).build())]
}

fn ttl() -> Duration {
    Duration::from_secs(TTL_SECONDS)
}

// A moka cache is a handle already: each thread has a clone, as its documentation shows.

impl<V: Value> ByHand<V> for Cache<u64, V> {
    fn get(&self, key: u64) -> Option<V> {
        Cache::get(self, &key)
    }

    fn insert(&self, key: u64, value: V) {
        Cache::insert(self, key, value);
    }

    fn len(&self) -> usize {
        self.run_pending_tasks();
        usize::try_from(self.entry_count()).unwrap_or(usize::MAX)
    }

    fn clear(&self) {
        self.invalidate_all();
    }
}

/// It looks up and computes in one call: once for all who ask at the same time.
pub(crate) fn getting_with(capacity: usize) -> Entrant<u64> {
    let cache = bounded_with_ttl::<u64>(capacity);
    Entrant::new("moka::sync get_with: capacity, ttl", Role::Other, move || {
        let cache = cache.clone();
        move |key| cache.get_with(key, || origin_u64(key))
    })
}

fn str_of(name: &'static str, cache: Cache<Box<str>, u64>) -> Entrant<&'static str> {
    Entrant::new(name, Role::Other, move || {
        let cache = cache.clone();
        move |key| {
            cache.get(key).unwrap_or_else(|| {
                let value = origin_str(key);
                cache.insert(key.into(), value);
                value
            })
        }
    })
}
