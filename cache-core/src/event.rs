//! What happens in a memo, as its users learn of it: causes of removal and statistics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::Tally;

/// Why an entry left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It made room for another.
    Capacity,
    /// Its time was up, stale windows included. Noticed when the entry's place is needed, when it is computed
    /// anew, or by a sweep; not at the deadline itself.
    Expired,
    /// It was invalidated: by key, tag, pattern, predicate or clear; or ended by a newer answer that was not
    /// one to keep.
    Invalidated,
    /// A newer value took its place.
    Replaced,
}

/// The table of counters: what each counts, and how it is kept. Their order is that in memory, where hits are first,
/// next to what a hit reads.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident: $counter:ty;)*) => {
        /// What a memo has counted since it was made. The figures are read one by one while others count
        /// on, so they need not add up to the last digit.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl std::ops::Add for Stats {
            type Output = Self;

            /// The figures of several memos.
            fn add(self, other: Self) -> Self {
                Self { $($name: self.$name + other.$name),* }
            }
        }

        /// The counters of a memo. What is frequent is counted without a shared line.
        #[repr(C)]
        pub(crate) struct Counters {
            $(pub(crate) $name: $counter,)*
        }

        impl Counters {
            pub(crate) fn new() -> Self {
                Self { $($name: <$counter>::new()),* }
            }

            pub(crate) fn read(&self) -> Stats {
                Stats { $($name: self.$name.sum()),* }
            }
        }
    };
}

counters! {
    /// Calls and reads answered from the cache.
    hits: Tally;
    /// Calls and reads that found no fresh entry, those that waited for another's computation
    /// included.
    misses: Tally;
    /// Misses that waited for another caller's computation.
    waits: Counter;
    /// Values stored.
    stores: Tally;
    /// Values that were computed but not stored, since an invalidation or a write came between.
    overtaken: Counter;
    /// Values that were not stored since they weigh more than the memo may hold.
    too_heavy: Counter;
    /// Computations that returned an error that is not kept.
    errors: Counter;
    /// Computations that panicked.
    panics: Counter;
    /// Computations that were given up before their end: their task was dropped.
    cancelled: Counter;
    /// Calls that neither read nor wrote (`bypass_if`, or caching switched off).
    bypasses: Counter;
    /// Calls that did not read, but wrote (`refresh`, `refresh_if`, `origin_first`). Neither hits nor
    /// misses.
    refreshes: Counter;
    /// Calls computed in place, since waiting for the computation under way could have been waiting
    /// for themselves: recursion, cycles, and one waiter for each `max_wait`.
    in_place: Counter;
    /// Entries that made room for others.
    evictions: Tally;
    /// Entries reclaimed after their time was up.
    expirations: Counter;
    /// Entries removed by an invalidation, or ended by a newer answer that was not one to keep.
    invalidations: Counter;
    /// Answers with a value past its ttl, within a stale window: hits, and fallbacks.
    stale: Counter;
    /// Calls answered with an older value since their computation failed, or was late.
    fallbacks: Counter;
    /// Computations begun in the background for entries that were still an answer
    /// (`stale_while_revalidate`, `refresh_ahead`).
    revalidations: Counter;
    /// Computations that failed while an older value was there, which is therefore left alone for a while.
    backoffs: Counter;
    /// Calls that have waited until their `timeout`, with nothing to return.
    timeouts: Counter;
    /// Values that were found unchanged by their body ([`not_modified`](crate::Computing::not_modified)):
    /// their entries were given a new life.
    not_modified: Counter;
    /// Hooks, weighers and conditions that panicked; the calls they served went on.
    hook_panics: Counter;
}

impl Stats {
    /// The part of reads answered from the cache, from 0 to 1; 0 before the first read.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no 64 bits")]
    pub fn hit_ratio(&self) -> f64 {
        let reads = self.hits + self.misses;
        if reads == 0 { 0.0 } else { self.hits as f64 / reads as f64 }
    }
}

pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn sum(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    #[inline]
    pub(crate) fn removed(&self, cause: Cause) {
        if cause == Cause::Capacity {
            self.evictions.add();
        } else {
            self.removed_otherwise(cause);
        }
    }

    fn removed_otherwise(&self, cause: Cause) {
        match cause {
            Cause::Expired => self.expirations.add(),
            Cause::Invalidated => self.invalidations.add(),
            Cause::Capacity | Cause::Replaced => {}
        }
    }
}
