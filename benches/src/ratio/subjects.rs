//! The caches whose hits are counted. All compute a missing key with the same function, which counts.

use cache_core::{Memo, memoize};
use foyer_memory::{
    Cache, CacheBuilder, CacheProperties, EvictionConfig, LfuConfig, LruConfig, S3FifoConfig,
};

use crate::workload::{computed, origin_u64};

/// A cache to be replayed a trace on.
pub(super) struct Subject {
    pub(super) name: &'static str,
    make: fn(usize) -> Box<dyn Replay>,
}

/// A cache of one size.
trait Replay {
    /// Asks for a key; computes and stores it if it is missing.
    fn ask(&mut self, key: u64);
    /// How many entries it holds.
    fn held(&mut self) -> usize;
}

/// What came of a trace.
pub(super) struct Replayed {
    pub(super) hits: u64,
    /// How many entries were held in the end.
    pub(super) held: usize,
}

impl Subject {
    pub(super) fn replay(&self, keys: &[u64], size: usize) -> Replayed {
        let mut cache = (self.make)(size);
        let before = computed();
        for &key in keys {
            cache.ask(key);
        }
        let misses = computed() - before;
        Replayed { hits: keys.len() as u64 - misses, held: cache.held() }
    }
}

pub(super) const ALL: &[Subject] = &[
    Subject { name: "ours", make: |size| Box::new(Ours::of(size)) },
    Subject { name: "ours, policy = Lru", make: |size| Box::new(OursLru::of(size)) },
    Subject { name: "quick_cache", make: |size| Box::new(quick_cache::sync::Cache::new(size)) },
    Subject { name: "moka", make: |size| Box::new(moka::sync::Cache::new(size as u64)) },
    Subject { name: "lru", make: |size| Box::new(lru(size)) },
    Subject { name: "foyer, s3fifo", make: |size| Box::new(foyer(size, S3FifoConfig::default())) },
    Subject { name: "foyer, lfu", make: |size| Box::new(foyer(size, LfuConfig::default())) },
    Subject { name: "foyer, lru", make: |size| Box::new(foyer(size, LruConfig::default())) },
];

/// A memo in a field is made anew for each size; one of a function would be cleared and resized.
macro_rules! ours {
    ($ours:ident: $($options:tt)*) => {
        struct $ours {
            values: Memo<u64>,
        }

        impl $ours {
            fn of(size: usize) -> Self {
                let values = Memo::new();
                // Before the first call: the memo is made for this size.
                values.set_capacity(size).expect("sizes are not 0");
                Self { values }
            }

            #[memoize(memo = self.values, $($options)*)]
            fn value(&self, key: u64) -> u64 {
                origin_u64(key)
            }
        }

        impl Replay for $ours {
            fn ask(&mut self, key: u64) {
                self.value(key);
            }

            fn held(&mut self) -> usize {
                self.values.len()
            }
        }
    };
}

ours!(Ours: policy = Adaptive);
ours!(OursLru: policy = Lru);

impl Replay for quick_cache::sync::Cache<u64, u64> {
    fn ask(&mut self, key: u64) {
        if self.get(&key).is_none() {
            self.insert(key, origin_u64(key));
        }
    }

    fn held(&mut self) -> usize {
        self.len()
    }
}

impl Replay for moka::sync::Cache<u64, u64> {
    fn ask(&mut self, key: u64) {
        if self.get(&key).is_none() {
            self.insert(key, origin_u64(key));
            // It evicts in batches, of some hundred entries: between them it would be larger than asked.
            self.run_pending_tasks();
        }
    }

    fn held(&mut self) -> usize {
        usize::try_from(self.entry_count()).unwrap_or(usize::MAX)
    }
}

fn lru(size: usize) -> lru::LruCache<u64, u64> {
    lru::LruCache::new(size.try_into().expect("sizes are not 0"))
}

impl Replay for lru::LruCache<u64, u64> {
    fn ask(&mut self, key: u64) {
        self.get_or_insert(key, || origin_u64(key));
    }

    fn held(&mut self) -> usize {
        self.len()
    }
}

/// In one shard: by default it has eight, whatever its size, and each of them its part of it.
fn foyer(size: usize, policy: impl Into<EvictionConfig>) -> Cache<u64, u64> {
    CacheBuilder::new(size).with_shards(1).with_eviction_config(policy).build::<CacheProperties>()
}

impl Replay for Cache<u64, u64> {
    fn ask(&mut self, key: u64) {
        if self.get(&key).is_none() {
            self.insert(key, origin_u64(key));
        }
    }

    fn held(&mut self) -> usize {
        self.usage()
    }
}
