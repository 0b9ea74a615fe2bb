//! `cached`: its attribute behind one lock and its sharded one, each plain and with both options.
//! A `&str` argument is made a `String` key, the way its documentation shows.

use cached::macros::{cached, concurrent_cached};

use crate::harness::{Entrant, Role};
use crate::workload::{origin_str, origin_u64};

// Prefixed: the attribute names its static after the function, in capitals.
const NAME_PLAIN: &str = "#[cached]";
const NAME_BOTH: &str = "#[cached]: size, ttl";
const NAME_CONCURRENT: &str = "#[concurrent_cached]";
const NAME_CONCURRENT_BOTH: &str = "#[concurrent_cached]: size, ttl";

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
