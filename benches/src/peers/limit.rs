//! The limit: a plain hash map that one thread has to itself. No bound, no expiry, no sharing.

use std::num::NonZeroUsize;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use lru::LruCache;

use crate::harness::{Entrant, Role};
use crate::workload::{Access, Key, SMALL, Value, origin, origin_str};

const NAME: &str = "limit: thread-private hash map";

pub(crate) fn by_u64() -> Entrant<u64> {
    of_value::<u64>()
}

/// Hands out copies, as caches do.
pub(crate) fn of_value<V: Value>() -> Entrant<u64> {
    Entrant::new(NAME, Role::Limit, || {
        let mut map: HashMap<u64, V, RandomState> = HashMap::default();
        move |key| {
            if let Some(value) = map.get(&key) {
                return value.clone().read();
            }
            let value: V = origin(key);
            let read = value.read();
            map.insert(key, value);
            read
        }
    })
}

/// The same, read or written as the call says.
pub(crate) fn accessed() -> Entrant<Access> {
    Entrant::new(NAME, Role::Limit, || {
        let mut map: HashMap<u64, u64, RandomState> = HashMap::default();
        move |access: Access| {
            let key = access.key();
            if !access.writes()
                && let Some(&value) = map.get(&key)
            {
                return value;
            }
            let value = if access.writes() { key.value() } else { origin(key) };
            map.insert(key, value);
            value
        }
    })
}

/// Where entries must be evicted: an exact LRU that one thread has to itself.
pub(crate) fn evicting() -> Entrant<u64> {
    Entrant::new("limit: thread-private lru", Role::Limit, || {
        let capacity = NonZeroUsize::new(SMALL).unwrap_or(NonZeroUsize::MIN);
        let mut cache: LruCache<u64, u64, RandomState> =
            LruCache::with_hasher(capacity, RandomState::default());
        move |key| *cache.get_or_insert(key, || origin(key))
    })
}

pub(crate) fn by_str() -> Entrant<&'static str> {
    Entrant::new(NAME, Role::Limit, || {
        let mut map: HashMap<Box<str>, u64, RandomState> = HashMap::default();
        move |key: &'static str| {
            if let Some(&value) = map.get(key) {
                return value;
            }
            let value = origin_str(key);
            map.insert(key.into(), value);
            value
        }
    })
}
