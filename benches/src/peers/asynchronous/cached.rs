//! `cached`: its attributes on asynchronous functions, each plain and with both options. A `&str`
//! argument is made a `String` key, the way its documentation shows.

#![expect(clippy::unused_async, reason = "what is measured is a hit, which never gets to the body")]

use cached::macros::{cached, concurrent_cached};

use crate::harness::{Entrant, Role, Waiting};
use crate::workload::{origin_str, origin_u64};

// Prefixed: the attribute names its static after the function, in capitals.
const NAME_PLAIN: &str = "#[cached]";
const NAME_BOTH: &str = "#[cached]: size, ttl";
const NAME_CONCURRENT: &str = "#[concurrent_cached]";
const NAME_CONCURRENT_BOTH: &str = "#[concurrent_cached]: size, ttl";

#[cached]
async fn plain(key: u64) -> u64 {
    origin_u64(key)
}

#[cached(max_size = 100_000, ttl_secs = 300)]
async fn both(key: u64) -> u64 {
    origin_u64(key)
}

#[concurrent_cached]
async fn concurrent(key: u64) -> u64 {
    origin_u64(key)
}

#[concurrent_cached(max_size = 100_000, ttl_secs = 300)]
async fn concurrent_both(key: u64) -> u64 {
    origin_u64(key)
}

#[cached(key = "String", convert = { String::from(key) })]
async fn plain_str(key: &str) -> u64 {
    origin_str(key)
}

#[cached(max_size = 100_000, ttl_secs = 300, key = "String", convert = { String::from(key) })]
async fn both_str(key: &str) -> u64 {
    origin_str(key)
}

#[concurrent_cached(key = "String", convert = { String::from(key) })]
async fn concurrent_str(key: &str) -> u64 {
    origin_str(key)
}

#[concurrent_cached(
    max_size = 100_000,
    ttl_secs = 300,
    key = "String",
    convert = { String::from(key) }
)]
async fn concurrent_both_str(key: &str) -> u64 {
    origin_str(key)
}

pub(crate) fn by_u64(waiting: Waiting) -> [Entrant<u64>; 4] {
    [
        Entrant::asynchronous(NAME_PLAIN, Role::Other, waiting, || plain),
        Entrant::asynchronous(NAME_BOTH, Role::Other, waiting, || both),
        Entrant::asynchronous(NAME_CONCURRENT, Role::Other, waiting, || concurrent),
        Entrant::asynchronous(NAME_CONCURRENT_BOTH, Role::Other, waiting, || concurrent_both),
    ]
}

pub(crate) fn by_str(waiting: Waiting) -> [Entrant<&'static str>; 4] {
    [
        Entrant::asynchronous(NAME_PLAIN, Role::Other, waiting, || plain_str),
        Entrant::asynchronous(NAME_BOTH, Role::Other, waiting, || both_str),
        Entrant::asynchronous(NAME_CONCURRENT, Role::Other, waiting, || concurrent_str),
        Entrant::asynchronous(NAME_CONCURRENT_BOTH, Role::Other, waiting, || concurrent_both_str),
    ]
}
