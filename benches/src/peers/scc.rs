//! `scc::HashCache`: bounded, without a time to live. Its default hasher is the standard library's;
//! the second entrant has the limit's hasher, to see the cache apart from its hash.

use std::hash::BuildHasher;
use std::sync::Arc;

use scc::HashCache;

use crate::harness::{Entrant, Role};
use crate::workload::{CAPACITY, origin_str, origin_u64};

const NAME: &str = "scc::HashCache (no ttl)";
const FOLDHASH: &str = "scc::HashCache (no ttl), foldhash";

pub(crate) fn by_u64() -> [Entrant<u64>; 2] {
    [
        u64_with(NAME, std::hash::RandomState::new()),
        u64_with(FOLDHASH, foldhash::fast::RandomState::default()),
    ]
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 2] {
    [
        str_with(NAME, std::hash::RandomState::new()),
        str_with(FOLDHASH, foldhash::fast::RandomState::default()),
    ]
}

// `get_sync` and not `read_sync`: only the former counts as a use when it comes to eviction.

fn u64_with(name: &'static str, hasher: impl BuildHasher + Send + Sync + 'static) -> Entrant<u64> {
    let cache = HashCache::with_capacity_and_hasher(CAPACITY, CAPACITY, hasher);
    let cache: Arc<HashCache<u64, u64, _>> = Arc::new(cache);
    Entrant::new(name, Role::Other, move || {
        let cache = Arc::clone(&cache);
        move |key| {
            if let Some(entry) = cache.get_sync(&key) {
                return *entry.get();
            }
            let value = origin_u64(key);
            // Refused when another thread was first: the value is the same.
            let _ = cache.put_sync(key, value);
            value
        }
    })
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
            // As above.
            let _ = cache.put_sync(key.into(), value);
            value
        }
    })
}
