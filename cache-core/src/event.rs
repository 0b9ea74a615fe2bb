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

/// What a memo has counted since it was made. The figures are read one by one while others count
/// on, so they need not add up to the last digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls and reads answered from the cache.
    pub hits: u64,
    /// Calls and reads that found no fresh entry, those that waited for another's computation
    /// included.
    pub misses: u64,
    /// Misses that waited for another caller's computation.
    pub waits: u64,
    /// Values stored.
    pub stores: u64,
    /// Values that were computed but not stored, since an invalidation or a write came between.
    pub overtaken: u64,
    /// Values that were not stored since they weigh more than the memo may hold.
    pub too_heavy: u64,
    /// Computations that returned an error that is not kept.
    pub errors: u64,
    /// Computations that panicked.
    pub panics: u64,
    /// Computations that were given up before their end: their task was dropped.
    pub cancelled: u64,
    /// Calls that neither read nor wrote (`bypass_if`, or caching switched off).
    pub bypasses: u64,
    /// Calls that did not read, but wrote (`refresh`, `refresh_if`, `origin_first`). Neither hits nor
    /// misses.
    pub refreshes: u64,
    /// Calls computed in place, since waiting for the computation under way could have been waiting
    /// for themselves: recursion, cycles, and one waiter for each `max_wait`.
    pub in_place: u64,
    /// Entries that made room for others.
    pub evictions: u64,
    /// Entries reclaimed after their time was up.
    pub expirations: u64,
    /// Entries removed by an invalidation, or ended by a newer answer that was not one to keep.
    pub invalidations: u64,
    /// Answers with a value past its ttl, within a stale window: hits, and fallbacks.
    pub stale: u64,
    /// Calls answered with an older value since their computation failed, or was late.
    pub fallbacks: u64,
    /// Computations begun in the background for entries that were still an answer
    /// (`stale_while_revalidate`, `refresh_ahead`).
    pub revalidations: u64,
    /// Computations that failed while an older value was there, which is therefore left alone for a while.
    pub backoffs: u64,
    /// Calls that have waited until their `timeout`, with nothing to return.
    pub timeouts: u64,
    /// Values that were found unchanged by their body ([`not_modified`](crate::Computing::not_modified)):
    /// their entries were given a new life.
    pub not_modified: u64,
    /// Hooks, weighers and conditions that panicked; the calls they served went on.
    pub hook_panics: u64,
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

impl std::ops::Add for Stats {
    type Output = Self;

    /// The figures of several memos.
    fn add(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            waits: self.waits + other.waits,
            stores: self.stores + other.stores,
            overtaken: self.overtaken + other.overtaken,
            too_heavy: self.too_heavy + other.too_heavy,
            errors: self.errors + other.errors,
            panics: self.panics + other.panics,
            cancelled: self.cancelled + other.cancelled,
            bypasses: self.bypasses + other.bypasses,
            refreshes: self.refreshes + other.refreshes,
            in_place: self.in_place + other.in_place,
            evictions: self.evictions + other.evictions,
            expirations: self.expirations + other.expirations,
            invalidations: self.invalidations + other.invalidations,
            stale: self.stale + other.stale,
            fallbacks: self.fallbacks + other.fallbacks,
            revalidations: self.revalidations + other.revalidations,
            backoffs: self.backoffs + other.backoffs,
            timeouts: self.timeouts + other.timeouts,
            not_modified: self.not_modified + other.not_modified,
            hook_panics: self.hook_panics + other.hook_panics,
        }
    }
}

/// The counters of a memo. Hits are counted without a shared line; the rest is rare.
#[repr(C)]
pub(crate) struct Counters {
    pub(crate) hits: Tally,
    pub(crate) misses: Counter,
    pub(crate) waits: Counter,
    pub(crate) stores: Counter,
    pub(crate) overtaken: Counter,
    pub(crate) too_heavy: Counter,
    pub(crate) errors: Counter,
    pub(crate) panics: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) bypasses: Counter,
    pub(crate) refreshes: Counter,
    pub(crate) in_place: Counter,
    pub(crate) evictions: Counter,
    pub(crate) expirations: Counter,
    pub(crate) invalidations: Counter,
    pub(crate) stale: Counter,
    pub(crate) fallbacks: Counter,
    pub(crate) revalidations: Counter,
    pub(crate) backoffs: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) not_modified: Counter,
    pub(crate) hook_panics: Counter,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            hits: Tally::new(),
            misses: Counter::default(),
            waits: Counter::default(),
            stores: Counter::default(),
            overtaken: Counter::default(),
            too_heavy: Counter::default(),
            errors: Counter::default(),
            panics: Counter::default(),
            cancelled: Counter::default(),
            bypasses: Counter::default(),
            refreshes: Counter::default(),
            in_place: Counter::default(),
            evictions: Counter::default(),
            expirations: Counter::default(),
            invalidations: Counter::default(),
            stale: Counter::default(),
            fallbacks: Counter::default(),
            revalidations: Counter::default(),
            backoffs: Counter::default(),
            timeouts: Counter::default(),
            not_modified: Counter::default(),
            hook_panics: Counter::default(),
        }
    }

    pub(crate) fn left(&self, cause: Cause) {
        match cause {
            Cause::Capacity => self.evictions.add(),
            Cause::Expired => self.expirations.add(),
            Cause::Invalidated => self.invalidations.add(),
            Cause::Replaced => {}
        }
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            hits: self.hits.sum(),
            misses: self.misses.read(),
            waits: self.waits.read(),
            stores: self.stores.read(),
            overtaken: self.overtaken.read(),
            too_heavy: self.too_heavy.read(),
            errors: self.errors.read(),
            panics: self.panics.read(),
            cancelled: self.cancelled.read(),
            bypasses: self.bypasses.read(),
            refreshes: self.refreshes.read(),
            in_place: self.in_place.read(),
            evictions: self.evictions.read(),
            expirations: self.expirations.read(),
            invalidations: self.invalidations.read(),
            stale: self.stale.read(),
            fallbacks: self.fallbacks.read(),
            revalidations: self.revalidations.read(),
            backoffs: self.backoffs.read(),
            timeouts: self.timeouts.read(),
            not_modified: self.not_modified.read(),
            hook_panics: self.hook_panics.read(),
        }
    }
}
