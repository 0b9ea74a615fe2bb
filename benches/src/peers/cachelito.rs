//! `cachelito`: its global scope, unbounded and with both options. First in, first out is the policy
//! that does least on a hit.

use cachelito::cache;

use crate::harness::{Entrant, Role};
use crate::workload::{origin_str, origin_u64};

const PLAIN: &str = "cachelito: global";
const BOTH: &str = "cachelito: global, fifo limit, ttl";

#[cache(scope = "global", policy = "fifo")]
fn plain(key: u64) -> u64 {
    origin_u64(key)
}

#[cache(scope = "global", policy = "fifo", limit = 100_000, ttl = 300)]
fn both(key: u64) -> u64 {
    origin_u64(key)
}

#[cache(scope = "global", policy = "fifo")]
fn plain_str(key: &str) -> u64 {
    origin_str(key)
}

#[cache(scope = "global", policy = "fifo", limit = 100_000, ttl = 300)]
fn both_str(key: &str) -> u64 {
    origin_str(key)
}

pub(crate) fn by_u64() -> [Entrant<u64>; 2] {
    [Entrant::function(PLAIN, Role::Other, plain), Entrant::function(BOTH, Role::Other, both)]
}

pub(crate) fn by_str() -> [Entrant<&'static str>; 2] {
    [Entrant::function(PLAIN, Role::Other, plain_str), Entrant::function(BOTH, Role::Other, both_str)]
}
