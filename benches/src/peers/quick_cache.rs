//! `quick_cache::sync::Cache`: bounded, without a time to live (it has none).

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::harness::{Entrant, Role};
use crate::workload::{CAPACITY, origin_str, origin_u64};

const NAME: &str = "quick_cache (no ttl)";

pub(crate) fn by_u64() -> Entrant<u64> {
    let cache = Arc::new(Cache::<u64, u64>::new(CAPACITY));
    Entrant::new(NAME, Role::Other, move || {
        let cache = Arc::clone(&cache);
        move |key| {
            cache.get(&key).unwrap_or_else(|| {
                let value = origin_u64(key);
                cache.insert(key, value);
                value
            })
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
