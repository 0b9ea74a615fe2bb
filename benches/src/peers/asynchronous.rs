//! The asynchronous entrants: ours, ours without `async`, and the peers that have something of the kind.
//! Set up as their synchronous siblings are.

mod cached;
mod moka;
pub(crate) mod ours;
pub(crate) mod quick_cache;

pub(crate) use ours::NOT_ASYNC;

use super::limit;
use crate::harness::{Entrant, Waiting};

/// All entrants that answer `u64` keys.
pub(crate) fn by_u64(waiting: Waiting) -> Vec<Entrant<u64>> {
    let mut entrants = vec![limit::by_u64(), ours::not_async_by_u64()];
    entrants.extend([ours::by_u64(waiting), ours::by_caller_by_u64(waiting)]);
    entrants.extend(quick_cache::by_u64(waiting));
    entrants.extend(moka::by_u64(waiting));
    entrants.extend(cached::by_u64(waiting));
    entrants
}

/// All entrants that answer `&str` keys.
pub(crate) fn by_str(waiting: Waiting) -> Vec<Entrant<&'static str>> {
    let mut entrants = vec![limit::by_str(), ours::not_async_by_str()];
    entrants.push(ours::by_str(waiting));
    entrants.extend(quick_cache::by_str(waiting));
    entrants.extend(moka::by_str(waiting));
    entrants.extend(cached::by_str(waiting));
    entrants
}
