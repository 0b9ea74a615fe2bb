//! `moka::sync::Cache`: bounded, plain and with a time to live.

use std::time::Duration;

use moka::sync::{Cache, CacheBuilder};

use crate::harness::{Entrant, Role};
use crate::workload::{CAPACITY, TTL_SECONDS, origin_str, origin_u64};

const PLAIN: &str = "moka::sync: capacity";
const TTL: &str = "moka::sync: capacity, ttl";

type Builder<K> = CacheBuilder<K, u64, Cache<K, u64>>;

fn plain<K: Eq + std::hash::Hash + Send + Sync + 'static>() -> Builder<K> {
    Cache::builder().max_capacity(CAPACITY as u64)
}

pub(crate) fn by_u64() -> [Entrant<u64>; 2] {
    [u64_of(PLAIN, plain().build()), u64_of(TTL, plain().time_to_live(ttl()).build())]
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 2] {
    [str_of(PLAIN, plain().build()), str_of(TTL, plain().time_to_live(ttl()).build())]
}

fn ttl() -> Duration {
    Duration::from_secs(TTL_SECONDS)
}

// A moka cache is a handle already: each thread has a clone, as its documentation shows.

fn u64_of(name: &'static str, cache: Cache<u64, u64>) -> Entrant<u64> {
    Entrant::new(name, Role::Other, move || {
        let cache = cache.clone();
        move |key| {
            cache.get(&key).unwrap_or_else(|| {
                let value = origin_u64(key);
                cache.insert(key, value);
                value
            })
        }
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
