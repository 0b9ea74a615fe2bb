//! `quick_cache::sync::Cache`: bounded, without a time to live (it has none).

use std::convert::Infallible;
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::by_hand::{ByHand, looked_up};
use crate::harness::{Entrant, Role};
use crate::workload::{CAPACITY, Value, origin_str, origin_u64};

pub(crate) const NAME: &str = "quick_cache (no ttl)";

pub(crate) fn bounded<V: Value>(capacity: usize) -> Arc<Cache<u64, V>> {
    Arc::new(Cache::new(capacity))
}

pub(crate) fn by_u64() -> Entrant<u64> {
    looked_up(NAME, bounded::<u64>(CAPACITY))
}

impl<V: Value> ByHand<V> for Arc<Cache<u64, V>> {
    fn get(&self, key: u64) -> Option<V> {
        Cache::get(self, &key)
    }

    fn insert(&self, key: u64, value: V) {
        Cache::insert(self, key, value);
    }

    fn len(&self) -> usize {
        Cache::len(self)
    }

    fn clear(&self) {
        Cache::clear(self);
    }
}

/// It looks up and computes in one call: once for all who ask at the same time.
pub(crate) fn inserting(capacity: usize) -> Entrant<u64> {
    let cache = bounded::<u64>(capacity);
    Entrant::new("quick_cache get_or_insert_with (no ttl)", Role::Other, move || {
        let cache = Arc::clone(&cache);
        move |key| {
            let Ok(value) = cache.get_or_insert_with(&key, || Ok::<_, Infallible>(origin_u64(key)));
            value
        }
    })
}

pub(crate) fn by_str() -> Entrant<&'static str> {
    let cache = Arc::new(Cache::<Box<str>, u64>::new(CAPACITY));
    Entrant::new(NAME, Role::Other, move || {
        let cache = Arc::clone(&cache);
        move |key| {
            cache.get(key).unwrap_or_else(|| {
                let value = origin_str(key);
                cache.insert(key.into(), value);
                value
            })
        }
    })
}
