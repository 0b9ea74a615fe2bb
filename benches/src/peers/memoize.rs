//! `memoize`: one cache for all threads, plain and with both options. Its functions take what they
//! keep, so a `&str` caller hands over a `String`.

#![expect(clippy::needless_pass_by_value, reason = "what `memoize` asks for")]

use std::time::Duration;

use memoize::memoize;

use crate::harness::{Entrant, Role};
use crate::workload::{TTL_SECONDS, origin_str, origin_u64};

const PLAIN: &str = "memoize: shared";
const BOTH: &str = "memoize: shared, capacity, ttl";

#[memoize(SharedCache)]
fn plain(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(SharedCache, Capacity: 100_000, TimeToLive: Duration::from_secs(TTL_SECONDS))]
fn both(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(SharedCache, Capacity: 10_000, TimeToLive: Duration::from_secs(TTL_SECONDS))]
fn both_small(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(SharedCache)]
fn plain_str(key: String) -> u64 {
    origin_str(&key)
}

#[memoize(SharedCache, Capacity: 100_000, TimeToLive: Duration::from_secs(TTL_SECONDS))]
fn both_str(key: String) -> u64 {
    origin_str(&key)
}

pub(crate) fn by_u64() -> [Entrant<u64>; 2] {
    [Entrant::function(PLAIN, Role::Other, plain), Entrant::function(BOTH, Role::Other, both)]
}

/// With a capacity that evicts.
pub(crate) fn small() -> Entrant<u64> {
    Entrant::function(BOTH, Role::Other, both_small)
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 2] {
    [
        Entrant::function(PLAIN, Role::Other, |key: &'static str| plain_str(key.to_owned())),
        Entrant::function(BOTH, Role::Other, |key: &'static str| both_str(key.to_owned())),
    ]
}
