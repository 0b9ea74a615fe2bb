//! `cached`: its attribute behind one lock and its sharded one, each plain and with both options.
//! A `&str` argument is made a `String` key, the way its documentation shows.

use std::sync::Arc;
use std::time::Duration;

use cached::macros::{cached, concurrent_cached};
use cached::{Cached, ConcurrentCached, LruTtlCache, ShardedLruTtlCache};
use parking_lot::RwLock;

use super::by_hand::ByHand;
use crate::harness::{Entrant, Role};
use crate::workload::{TTL_SECONDS, Value, origin_str, origin_u64};

// Prefixed: the attribute names its static after the function, in capitals.
const NAME_PLAIN: &str = "#[cached]";
const NAME_BOTH: &str = "#[cached]: size, ttl";
const NAME_CONCURRENT: &str = "#[concurrent_cached]";
const NAME_CONCURRENT_BOTH: &str = "#[concurrent_cached]: size, ttl";
/// The stores behind the attributes, by hand.
pub(crate) const LOCKED: &str = "cached: size, ttl, one lock";
pub(crate) const SHARDED: &str = "cached: size, ttl, sharded";

#[cached]
fn plain(key: u64) -> u64 {
    origin_u64(key)
}

#[cached(max_size = 100_000, ttl_secs = 300)]
fn both(key: u64) -> u64 {
    origin_u64(key)
}

#[concurrent_cached]
fn concurrent(key: u64) -> u64 {
    origin_u64(key)
}

#[concurrent_cached(max_size = 100_000, ttl_secs = 300)]
fn concurrent_both(key: u64) -> u64 {
    origin_u64(key)
}

#[cached(key = "String", convert = { String::from(key) })]
fn plain_str(key: &str) -> u64 {
    origin_str(key)
}

#[cached(max_size = 100_000, ttl_secs = 300, key = "String", convert = { String::from(key) })]
fn both_str(key: &str) -> u64 {
    origin_str(key)
}

#[concurrent_cached(key = "String", convert = { String::from(key) })]
fn concurrent_str(key: &str) -> u64 {
    origin_str(key)
}

#[concurrent_cached(
    max_size = 100_000,
    ttl_secs = 300,
    key = "String",
    convert = { String::from(key) }
)]
fn concurrent_both_str(key: &str) -> u64 {
    origin_str(key)
}

pub(crate) fn by_u64() -> [Entrant<u64>; 4] {
    [
        Entrant::function(NAME_PLAIN, Role::Other, plain),
        Entrant::function(NAME_BOTH, Role::Other, both),
        Entrant::function(NAME_CONCURRENT, Role::Other, concurrent),
        Entrant::function(NAME_CONCURRENT_BOTH, Role::Other, concurrent_both),
    ]
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 4] {
    [
        Entrant::function(NAME_PLAIN, Role::Other, plain_str),
        Entrant::function(NAME_BOTH, Role::Other, both_str),
        Entrant::function(NAME_CONCURRENT, Role::Other, concurrent_str),
        Entrant::function(NAME_CONCURRENT_BOTH, Role::Other, concurrent_both_str),
    ]
}

pub(crate) fn locked<V: Value>(capacity: usize) -> Arc<RwLock<LruTtlCache<u64, V>>> {
    let store = LruTtlCache::builder().max_size(capacity).ttl(Duration::from_secs(TTL_SECONDS)).build();
    Arc::new(RwLock::new(store.expect("a capacity and a ttl that are not zero")))
}

pub(crate) fn sharded<V: Value>(capacity: usize) -> Arc<ShardedLruTtlCache<u64, V>> {
    let store =
        ShardedLruTtlCache::builder().max_size(capacity).ttl(Duration::from_secs(TTL_SECONDS)).build();
    Arc::new(store.expect("a capacity and a ttl that are not zero"))
}

impl<V: Value> ByHand<V> for Arc<RwLock<LruTtlCache<u64, V>>> {
    fn get(&self, key: u64) -> Option<V> {
        self.write().cache_get(&key).cloned()
    }

    fn insert(&self, key: u64, value: V) {
        self.write().cache_set(key, value);
    }

    fn len(&self) -> usize {
        self.read().cache_size()
    }

    fn clear(&self) {
        self.write().cache_clear();
    }
}

impl<V: Value> ByHand<V> for Arc<ShardedLruTtlCache<u64, V>> {
    fn get(&self, key: u64) -> Option<V> {
        let Ok(found) = ConcurrentCached::cache_get(&**self, &key);
        found
    }

    fn insert(&self, key: u64, value: V) {
        let Ok(_) = ConcurrentCached::cache_set(&**self, key, value);
    }

    fn len(&self) -> usize {
        ShardedLruTtlCache::len(self)
    }

    fn clear(&self) {
        ShardedLruTtlCache::clear(self);
    }
}
