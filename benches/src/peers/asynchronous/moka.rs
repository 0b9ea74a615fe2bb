//! `moka::future::Cache`, bounded and with a time to live: its bare `get`, and the `get_with` that
//! computes once for all who wait.

use std::hash::Hash;
use std::time::Duration;

use moka::future::Cache;

use crate::harness::{Entrant, Role, Waiting};
use crate::workload::{CAPACITY, TTL_SECONDS, origin_str, origin_u64};

const GET: &str = "moka::future get: capacity, ttl";
const GET_WITH: &str = "moka::future get_with: capacity, ttl";

fn new<K: Eq + Hash + Send + Sync + 'static>() -> Cache<K, u64> {
    Cache::builder().max_capacity(CAPACITY as u64).time_to_live(Duration::from_secs(TTL_SECONDS)).build()
}

pub(crate) fn by_u64(waiting: Waiting) -> [Entrant<u64>; 2] {
    let (bare, with) = (new::<u64>(), new::<u64>());
    [
        Entrant::asynchronous(GET, Role::Other, waiting, move || {
            let cache = bare.clone();
            async move |key| {
                if let Some(value) = cache.get(&key).await {
                    return value;
                }
                let value = origin_u64(key);
                cache.insert(key, value).await;
                value
            }
        }),
        Entrant::asynchronous(GET_WITH, Role::Other, waiting, move || {
            let cache = with.clone();
            async move |key| cache.get_with(key, async { origin_u64(key) }).await
        }),
    ]
}

pub(crate) fn by_str(waiting: Waiting) -> [Entrant<&'static str>; 2] {
    let (bare, with) = (new::<String>(), new::<String>());
    [
        Entrant::asynchronous(GET, Role::Other, waiting, move || {
            let cache = bare.clone();
            async move |key: &'static str| {
                if let Some(value) = cache.get(key).await {
                    return value;
                }
                let value = origin_str(key);
                cache.insert(key.to_owned(), value).await;
                value
            }
        }),
        Entrant::asynchronous(GET_WITH, Role::Other, waiting, move || {
            let cache = with.clone();
            // By reference, so that a hit need not own its key.
            async move |key: &'static str| cache.get_with_by_ref(key, async { origin_str(key) }).await
        }),
    ]
}
