//! Ours, with the options of everyday use: a time to live and a capacity, then a fixed tag as well.

use std::cell::Cell;

use cache_core::memoize;

use super::by_hand::{self, ByHand};
use crate::harness::{Entrant, Role};
use crate::workload::{Access, Block, Text, Value, origin, origin_str, origin_u64};

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

thread_local! {
    static HEARD: Cell<u64> = const { Cell::new(0) };
}

#[memoize(ttl = 300, capacity = 100_000, on_hit = |_key, value| HEARD.set(HEARD.get() + value))]
fn ours_heard(key: u64) -> u64 {
    origin_u64(key)
}

pub(crate) fn heard_by_u64() -> Entrant<u64> {
    Entrant::function("ours: ttl, capacity, on_hit", Role::Other, ours_heard)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn ours_block(key: u64) -> Block {
    origin(key)
}

#[memoize(ttl = 300, capacity = 100_000, tag = "t")]
fn ours_block_tagged(key: u64) -> Block {
    origin(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn ours_text(key: u64) -> Text {
    origin(key)
}

#[memoize(ttl = 300, capacity = 100_000, tag = "t")]
fn ours_text_tagged(key: u64) -> Text {
    origin(key)
}

pub(crate) fn of_blocks() -> [Entrant<u64>; 2] {
    [
        Entrant::function(NAME, Role::Ours, |key| ours_block(key).read()),
        Entrant::function(TAGGED, Role::Other, |key| ours_block_tagged(key).read()),
    ]
}

pub(crate) fn of_texts() -> [Entrant<u64>; 2] {
    [
        Entrant::function(NAME, Role::Ours, |key| ours_text(key).read()),
        Entrant::function(TAGGED, Role::Other, |key| ours_text_tagged(key).read()),
    ]
}

/// With a capacity that evicts.
#[memoize(ttl = 300, capacity = 10_000)]
fn ours_small(key: u64) -> u64 {
    origin_u64(key)
}

/// Emptied: there is one memo, whoever asks for it.
pub(crate) fn small() -> Entrant<u64> {
    ours_small::memo().clear();
    Entrant::function(NAME, Role::Ours, ours_small)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn ours_by_hand(key: u64) -> u64 {
    origin_u64(key)
}

const BY_HAND: &str = "ours by hand: ttl, capacity";

/// One memo, used through its entries.
#[derive(Clone, Copy)]
struct Entries;

/// As above.
fn entries(capacity: usize) -> Entries {
    let memo = ours_by_hand::memo();
    memo.clear();
    memo.set_capacity(capacity).expect("a capacity that is not zero");
    Entries
}

impl ByHand<u64> for Entries {
    fn get(&self, key: u64) -> Option<u64> {
        ours_by_hand::entry(key).get()
    }

    fn insert(&self, key: u64, value: u64) {
        ours_by_hand::entry(key).insert(value);
    }

    fn len(&self) -> usize {
        ours_by_hand::memo().len()
    }

    fn clear(&self) {
        ours_by_hand::memo().clear();
    }
}

pub(crate) fn accessed(capacity: usize) -> Entrant<Access> {
    by_hand::accessed(BY_HAND, Role::Ours, entries(capacity))
}

pub(crate) fn looked_up(capacity: usize) -> Entrant<u64> {
    by_hand::looked_up(BY_HAND, entries(capacity))
}
