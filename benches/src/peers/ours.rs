//! Ours, with the options of everyday use: a time to live and a capacity, then a fixed tag as well.

use cache_core::memoize;

use crate::harness::{Entrant, Role};
use crate::workload::{origin_str, origin_u64};

const NAME: &str = "ours: ttl, capacity";
const TAGGED: &str = "ours: ttl, capacity, tag";

#[memoize(ttl = 300, capacity = 100_000)]
fn ours(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, tag = "t")]
fn ours_tagged(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn ours_str(key: &str) -> u64 {
    origin_str(key)
}

#[memoize(ttl = 300, capacity = 100_000, tag = "t")]
fn ours_str_tagged(key: &str) -> u64 {
    origin_str(key)
}

pub(crate) fn by_u64() -> Entrant<u64> {
    Entrant::function(NAME, Role::Ours, ours)
}

pub(crate) fn tagged_by_u64() -> Entrant<u64> {
    Entrant::function(TAGGED, Role::Other, ours_tagged)
}

pub(crate) fn by_str() -> Entrant<&'static str> {
    Entrant::function(NAME, Role::Ours, ours_str)
}

pub(crate) fn tagged_by_str() -> Entrant<&'static str> {
    Entrant::function(TAGGED, Role::Other, ours_str_tagged)
}
