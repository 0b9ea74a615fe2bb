//! `quick_cache::sync::Cache`, whose asynchronous calls compute once for all who wait: bounded, without
//! a time to live (it has none).

use std::convert::Infallible;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::harness::{Entrant, Role, Waiting};
use crate::workload::{CAPACITY, origin_str, origin_u64};

const GUARD: &str = "quick_cache get_value_or_guard_async (no ttl)";
const INSERT: &str = "quick_cache get_or_insert_async (no ttl)";

pub(crate) fn by_u64(waiting: Waiting) -> [Entrant<u64>; 2] {
    let caches = [0; 2].map(|_| Arc::new(Cache::<u64, u64>::new(CAPACITY)));
    let [guarded, inserted] = caches;
    [
        Entrant::asynchronous(GUARD, Role::Other, waiting, move || {
            let cache = Arc::clone(&guarded);
            async move |key| match cache.get_value_or_guard_async(&key).await {
                Ok(value) => value,
                Err(guard) => {
                    let value = origin_u64(key);
                    // Refused when the key was removed meanwhile, which nobody does.
                    let _ = guard.insert(value);
                    value
                }
            }
        }),
        Entrant::asynchronous(INSERT, Role::Other, waiting, move || {
            let cache = Arc::clone(&inserted);
            async move |key| {
                let Ok(value) =
                    cache.get_or_insert_async(&key, async { Ok::<_, Infallible>(origin_u64(key)) }).await;
                value
            }
        }),
    ]
}

pub(crate) fn by_str(waiting: Waiting) -> [Entrant<&'static str>; 2] {
    // It makes the key by `ToOwned`.
    let caches = [0; 2].map(|_| Arc::new(Cache::<String, u64>::new(CAPACITY)));
    let [guarded, inserted] = caches;
    [
        Entrant::asynchronous(GUARD, Role::Other, waiting, move || {
            let cache = Arc::clone(&guarded);
            async move |key: &'static str| match cache.get_value_or_guard_async(key).await {
                Ok(value) => value,
                Err(guard) => {
                    let value = origin_str(key);
                    // As above.
                    let _ = guard.insert(value);
                    value
                }
            }
        }),
        Entrant::asynchronous(INSERT, Role::Other, waiting, move || {
            let cache = Arc::clone(&inserted);
            async move |key: &'static str| {
                let Ok(value) =
                    cache.get_or_insert_async(key, async { Ok::<_, Infallible>(origin_str(key)) }).await;
                value
            }
        }),
    ]
}
