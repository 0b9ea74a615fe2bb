//! The entrants: the limit, ours, and the peers, each set up as its own documentation does.
//!
//! Bounded ones get the capacity of the workload and those with a time to live its ttl, so that
//! entrants of the same options compare (attributes want literals, so theirs repeat `CAPACITY` and
//! `TTL_SECONDS`). Every one computes an absent key with the same function.

pub(crate) mod asynchronous;
pub(crate) mod by_hand;
mod cached;
mod cachelito;
mod foyer;
pub(crate) mod limit;
mod lru;
mod memoize;
mod moka;
pub(crate) mod ours;
pub(crate) mod quick_cache;
mod scc;

use self::by_hand::{Accessed, LookedUp, looked_up};
use crate::harness::Entrant;
use crate::workload::{Access, Block, CAPACITY, SMALL, Text, Value};

/// All entrants that answer `u64` keys.
pub(crate) fn by_u64() -> Vec<Entrant<u64>> {
    let mut entrants = vec![
        limit::by_u64(),
        ours::by_u64(),
        ours::tagged_by_u64(),
        ours::one_tag_by_u64(),
        ours::heard_by_u64(),
        quick_cache::by_u64(),
    ];
    entrants.extend(scc::by_u64());
    entrants.extend(moka::by_u64());
    entrants.push(looked_up(lru::NAME, lru::bounded::<u64>(CAPACITY)));
    entrants.push(looked_up(foyer::S3FIFO, foyer::s3fifo::<u64>(CAPACITY)));
    entrants.push(looked_up(foyer::LRU, foyer::lru::<u64>(CAPACITY)));
    entrants.extend(cached::by_u64());
    entrants.extend(memoize::by_u64());
    entrants.extend(cachelito::by_u64());
    entrants
}

/// Those whose values are larger.
pub(crate) fn of_blocks() -> Vec<Entrant<u64>> {
    of_value::<Block>(ours::of_blocks())
}

/// Those whose values are texts.
pub(crate) fn of_texts() -> Vec<Entrant<u64>> {
    of_value::<Text>(ours::of_texts())
}

fn of_value<V: Value>(ours: impl IntoIterator<Item = Entrant<u64>>) -> Vec<Entrant<u64>> {
    let mut all = LookedUp { capacity: CAPACITY, entrants: vec![limit::of_value::<V>()] };
    all.entrants.extend(ours);
    by_hand::peers::<V>(&mut all);
    all.entrants
}

/// Those whose capacity is small enough that they must evict.
pub(crate) fn small() -> Vec<Entrant<u64>> {
    let mut all = LookedUp {
        capacity: SMALL,
        entrants: vec![
            limit::evicting(),
            ours::small(),
            ours::looked_up(SMALL),
            quick_cache::inserting(SMALL),
            moka::getting_with(SMALL),
            memoize::small(),
        ],
    };
    by_hand::peers::<u64>(&mut all);
    all.entrants
}

/// Those that are read and written by hand.
pub(crate) fn accessed() -> Vec<Entrant<Access>> {
    let mut all =
        Accessed { capacity: CAPACITY, entrants: vec![limit::accessed(), ours::accessed(CAPACITY)] };
    by_hand::peers(&mut all);
    all.entrants
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
