//! What is filled, each through what it offers.

use std::time::Duration;

use cache_core::memoize;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::peers::by_hand::{self, ByHand, Gather};
use crate::workload::{CAPACITY, Key, TTL_SECONDS};

/// A cache, and what can be done with it.
pub(super) trait Subject {
    fn put(&self, key: u64);
    fn look(&self, key: u64);
    fn len(&self) -> usize;
    fn clear(&self);
}

/// A name, and what makes one of a capacity.
pub(super) type Made = (&'static str, Box<dyn Fn(usize) -> Box<dyn Subject>>);

impl<C: ByHand<u64>> Subject for C {
    fn put(&self, key: u64) {
        self.insert(key, key.value());
    }

    fn look(&self, key: u64) {
        let _ = self.get(key);
    }

    fn len(&self) -> usize {
        ByHand::len(self)
    }

    fn clear(&self) {
        ByHand::clear(self);
    }
}

/// A memoized function.
pub(super) struct Function {
    pub(super) call: fn(u64) -> u64,
    /// Looks for an entry without computing it.
    pub(super) look: fn(u64) -> Option<u64>,
    pub(super) len: fn() -> usize,
    pub(super) clear: fn(),
}

impl Subject for Function {
    fn put(&self, key: u64) {
        (self.call)(key);
    }

    fn look(&self, key: u64) {
        (self.look)(key);
    }

    fn len(&self) -> usize {
        (self.len)()
    }

    fn clear(&self) {
        (self.clear)();
    }
}

/// A memoized function of ours as a subject.
macro_rules! ours {
    ($name:ident) => {
        $crate::memory::subjects::Function {
            call: $name,
            look: |key| $name::entry(key).get(),
            len: || $name::memo().len(),
            clear: || {
                // Waits until they are gone.
                let _ = $name::memo().clear().count();
            },
        }
    };
}
pub(super) use ours;

/// A function of `memoize` as a subject: its name, and of what else there is of it.
macro_rules! memoized {
    ($name:ident, $size:ident, $flush:ident) => {
        // It cannot be looked at without computing.
        $crate::memory::subjects::Function { call: $name, look: |_| None, len: $size, clear: $flush }
    };
}
pub(super) use memoized;

#[memoize(ttl = 300, capacity = 100_000)]
fn ours_of_fewer(key: u64) -> u64 {
    key.value()
}

#[memoize(ttl = 300, capacity = 1_000_000)]
fn ours_of_more(key: u64) -> u64 {
    key.value()
}

#[memoize::memoize(SharedCache, Capacity: 100_000, TimeToLive: Duration::from_secs(TTL_SECONDS))]
fn memoized_of_fewer(key: u64) -> u64 {
    key.value()
}

#[memoize::memoize(SharedCache, Capacity: 1_000_000, TimeToLive: Duration::from_secs(TTL_SECONDS))]
fn memoized_of_more(key: u64) -> u64 {
    key.value()
}

/// No cache: a hash map, which grows as it needs to.
#[derive(Default)]
struct Map(Mutex<HashMap<u64, u64, RandomState>>);

impl Subject for Map {
    fn put(&self, key: u64) {
        self.0.lock().insert(key, key.value());
    }

    fn look(&self, key: u64) {
        let _ = self.0.lock().get(&key).copied();
    }

    fn len(&self) -> usize {
        self.0.lock().len()
    }

    fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Those of the peers that are used by hand.
struct Peers(Vec<Made>);

impl Gather<u64> for Peers {
    fn gather<C: ByHand<u64>>(&mut self, name: &'static str, make: fn(usize) -> C) {
        self.0.push((name, Box::new(move |capacity| Box::new(make(capacity)))));
    }
}

pub(super) const MAP: &str = "limit: hash map, unbounded";
pub(super) const OURS: &str = "ours: ttl, capacity";
pub(super) const MEMOIZE: &str = "memoize: shared, capacity, ttl";

pub(super) fn by_hand() -> Vec<Made> {
    let mut peers = Peers(Vec::new());
    by_hand::peers(&mut peers);
    peers.0
}

/// All of them, of either capacity that is measured. Functions keep what they have allocated when they are
/// made again: each is used once.
pub(super) fn all() -> Vec<Made> {
    let mut all: Vec<Made> = vec![
        (MAP, Box::new(|_| Box::<Map>::default())),
        (
            OURS,
            Box::new(|capacity| {
                Box::new(if capacity == CAPACITY { ours!(ours_of_fewer) } else { ours!(ours_of_more) })
            }),
        ),
    ];
    all.extend(by_hand());
    all.push((
        MEMOIZE,
        Box::new(|capacity| {
            Box::new(if capacity == CAPACITY {
                memoized!(
                    memoized_of_fewer,
                    memoized_size_memoized_of_fewer,
                    memoized_flush_memoized_of_fewer
                )
            } else {
                memoized!(memoized_of_more, memoized_size_memoized_of_more, memoized_flush_memoized_of_more)
            })
        }),
    ));
    all
}
