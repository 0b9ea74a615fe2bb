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

/// Tags that are filled when an entry is stored.
#[memoize(ttl = 300, capacity = 100_000, tags = ["one:{key}"])]
fn ours_one_tag(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, tags = ["one:{key}", "of:{value}", "all:{key}"])]
fn ours_three_tags(key: u64) -> u64 {
    origin_u64(key)
}

pub(crate) fn one_tag_by_u64() -> Entrant<u64> {
    Entrant::function("ours: 1 run-time tag", Role::Other, ours_one_tag)
}

pub(crate) fn three_tags_by_u64() -> Entrant<u64> {
    Entrant::function("ours: 3 run-time tags", Role::Other, ours_three_tags)
}

/// The same without tags, with a fixed one, and with some that are filled at run time.
pub(crate) fn by_tags() -> Vec<Entrant<u64>> {
    vec![super::limit::by_u64(), by_u64(), tagged_by_u64(), one_tag_by_u64(), three_tags_by_u64()]
}
