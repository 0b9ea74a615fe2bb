//! The entrants: the limit, ours, and the peers, each set up as its own documentation does.
//!
//! Bounded ones get the capacity of the workload and those with a time to live its ttl, so that
//! entrants of the same options compare (attributes want literals, so theirs repeat `CAPACITY` and
//! `TTL_SECONDS`). Every one computes an absent key with the same function.

pub(crate) mod asynchronous;
mod cached;
mod cachelito;
pub(crate) mod limit;
mod memoize;
mod moka;
pub(crate) mod ours;
pub(crate) mod quick_cache;
mod scc;

use crate::harness::Entrant;

/// All entrants that answer `u64` keys.
pub(crate) fn by_u64() -> Vec<Entrant<u64>> {
    let mut entrants = vec![limit::by_u64(), ours::by_u64(), ours::tagged_by_u64(), quick_cache::by_u64()];
    entrants.extend(scc::by_u64());
    entrants.extend(moka::by_u64());
    entrants.extend(cached::by_u64());
    entrants.extend(memoize::by_u64());
    entrants.extend(cachelito::by_u64());
    entrants
}

/// All entrants that answer `&str` keys.
pub(crate) fn by_str() -> Vec<Entrant<&'static str>> {
    let mut entrants = vec![limit::by_str(), ours::by_str(), ours::tagged_by_str(), quick_cache::by_str()];
    entrants.extend(scc::by_str());
    entrants.extend(moka::by_str());
    entrants.extend(cached::by_str());
    entrants.extend(memoize::by_str());
    entrants.extend(cachelito::by_str());
    entrants
}
