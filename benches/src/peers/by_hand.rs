//! Caches that are looked up and filled by hand, all in the same way.

use super::{cached, foyer, lru, moka, quick_cache, scc};
use crate::harness::{Entrant, Role};
use crate::workload::{Access, Key, Value, origin};

/// A cache, through its own functions. A clone is another handle to it.
pub(crate) trait ByHand<V>: Clone + Send + Sync + 'static {
    fn get(&self, key: u64) -> Option<V>;
    /// Puts a value in, in the place of one that may be there.
    fn insert(&self, key: u64, value: V);
    /// How many entries it has, once whatever it puts off is done.
    fn len(&self) -> usize;
    fn clear(&self);
}

/// What becomes of each of the peers; they are of different types.
pub(crate) trait Gather<V> {
    /// `make` takes a capacity.
    fn gather<C: ByHand<V>>(&mut self, name: &'static str, make: fn(usize) -> C);
}

/// All peers that can be used by hand, those with a time to live with one.
pub(crate) fn peers<V: Value>(into: &mut impl Gather<V>) {
    into.gather(quick_cache::NAME, quick_cache::bounded::<V>);
    into.gather(scc::FOLDHASH, scc::bounded::<V>);
    into.gather(moka::TTL, moka::bounded_with_ttl::<V>);
    into.gather(lru::NAME, lru::bounded::<V>);
    into.gather(foyer::S3FIFO, foyer::s3fifo::<V>);
    into.gather(foyer::LRU, foyer::lru::<V>);
    into.gather(cached::LOCKED, cached::locked::<V>);
    into.gather(cached::SHARDED, cached::sharded::<V>);
}

/// Entrants that look up first, and on a miss compute and put in.
pub(crate) struct LookedUp {
    pub(crate) capacity: usize,
    pub(crate) entrants: Vec<Entrant<u64>>,
}

impl<V: Value> Gather<V> for LookedUp {
    fn gather<C: ByHand<V>>(&mut self, name: &'static str, make: fn(usize) -> C) {
        self.entrants.push(looked_up(name, make(self.capacity)));
    }
}

/// Entrants that read or write, as the call says.
pub(crate) struct Accessed {
    pub(crate) capacity: usize,
    pub(crate) entrants: Vec<Entrant<Access>>,
}

impl Gather<u64> for Accessed {
    fn gather<C: ByHand<u64>>(&mut self, name: &'static str, make: fn(usize) -> C) {
        self.entrants.push(accessed(name, Role::Other, make(self.capacity)));
    }
}

pub(crate) fn looked_up<V: Value>(name: &'static str, cache: impl ByHand<V>) -> Entrant<u64> {
    Entrant::new(name, Role::Other, move || {
        let cache = cache.clone();
        move |key| {
            if let Some(value) = cache.get(key) {
                return value.read();
            }
            let value: V = origin(key);
            cache.insert(key, value.clone());
            value.read()
        }
    })
}

pub(crate) fn accessed(name: &'static str, role: Role, cache: impl ByHand<u64>) -> Entrant<Access> {
    Entrant::new(name, role, move || {
        let cache = cache.clone();
        move |access: Access| {
            let key = access.key();
            if access.writes() {
                let value = key.value();
                cache.insert(key, value);
                return value;
            }
            cache.get(key).unwrap_or_else(|| {
                let value = origin(key);
                cache.insert(key, value);
                value
            })
        }
    })
}
