//! What users learn of the events in a memo: causes of removal, and statistics.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::Tally;

/// Why an entry was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The entry was evicted to make room for another.
    Capacity,
    /// The time of the entry was up, stale windows included. This is noticed when its place is needed, when
    /// it is computed anew, or by a sweep, and not at the deadline itself.
    Expired,
    /// The entry was invalidated, by key, tag, pattern, predicate or `clear`; or it was removed by a newer
    /// answer that was not to be stored.
    Invalidated,
    /// A newer value replaced it.
    Replaced,
}

/// Writes the table of counters: what each counts, and how it is kept. They lie in memory in this order; hits
/// are first, next to what a hit reads.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident: $counter:ty;)*) => {
        /// What a memo has counted since it was made. The figures are read one by one while other threads
        /// count, so they may not add up exactly.
        ///
        /// It displays as a short table: both ratios, hits, misses, waits and stores, and all other figures
        /// that are not 0. With the feature `json` it serializes as a map of both ratios and all figures by their
        /// names.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Stats {
            /// Calls `figure` with each name and figure, in the order of the fields.
            fn each(&self, mut figure: impl FnMut(&'static str, u64)) {
                $(figure(stringify!($name), self.$name);)*
            }
        }

        #[cfg(feature = "json")]
        impl serde::Serialize for Stats {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;

                let mut fields = serializer.serialize_struct("Stats", [$(stringify!($name)),*].len() + 2)?;
                fields.serialize_field("hit_ratio", &self.hit_ratio())?;
                fields.serialize_field("saved_ratio", &self.saved_ratio())?;
                $(fields.serialize_field(stringify!($name), &self.$name)?;)*
                fields.end()
            }
        }

        impl std::ops::Add for Stats {
            type Output = Self;

            /// Adds the figures of two memos.
            fn add(self, other: Self) -> Self {
                Self { $($name: self.$name + other.$name),* }
            }
        }

        impl std::ops::Sub for Stats {
            type Output = Self;

            /// Returns the figures of the time since `earlier`. Nothing resets figures.
            fn sub(self, earlier: Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name)),* }
            }
        }

        /// The counters of a memo. What is frequent is counted without a cache line that threads share.
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
    /// Calls and reads that were answered from the cache.
    hits: Tally;
    /// Calls and reads that the cache could not answer at once, including those that waited for another
    /// caller's computation.
    misses: Tally;
    /// Calls that waited for another caller's computation.
    waits: Counter;
    /// Misses that needed no body of their own, because another caller computed the value or the error meanwhile,
    /// and prefetches that found a computation under way.
    shared: Counter;
    /// Values that were stored.
    stores: Tally;
    /// Values that were computed but not stored, because an invalidation or a write came between.
    overtaken: Counter;
    /// Values that were not stored because they weigh more than the memo may hold.
    too_heavy: Counter;
    /// Computations that returned an error that is not kept.
    errors: Counter;
    /// Computations that panicked.
    panics: Counter;
    /// Computations that were dropped before their end, with their task.
    cancelled: Counter;
    /// Calls that neither read nor wrote (`bypass_if`, or caching switched off).
    bypasses: Counter;
    /// Calls that did not read, but wrote (`refresh`, `refresh_if`, `origin_first`). They are neither hits
    /// nor misses.
    refreshes: Counter;
    /// Calls that computed in place, without storing, because a wait for the computation under way might
    /// never have ended: in recursion and cycles, and one waiter for each `max_wait`.
    in_place: Counter;
    /// Entries that were evicted to make room for others.
    evictions: Tally;
    /// Entries that were removed because their time was up.
    expirations: Counter;
    /// Entries that were removed by an invalidation, or by a newer answer that was not to be stored.
    invalidations: Counter;
    /// Answers with a stale value. Each is also counted as a hit or as a fallback.
    stale: Counter;
    /// Calls that were answered with an older value because their computation failed or was late.
    fallbacks: Counter;
    /// Computations that were started in the background for entries that could still be returned
    /// (`stale_while_revalidate`, `refresh_ahead`).
    revalidations: Counter;
    /// Failed computations after which an older entry rests: for a while it answers, and nothing is computed
    /// for it.
    backoffs: Counter;
    /// Calls that waited until their `timeout` and had no older value to return.
    timeouts: Counter;
    /// Computations that found the stored value unchanged ([`not_modified`](crate::Computing::not_modified)).
    /// Its entry then starts a new ttl.
    not_modified: Counter;
    /// Hooks, weighers and conditions that panicked. Their calls went on.
    hook_panics: Counter;
    /// How many calls were answered by the store behind the function (feature `store`). They count as misses, too.
    store_hits: Counter;
    /// How many requests to that store have failed, or could not be made. The calls went on without it.
    store_errors: Counter;
}

impl Stats {
    /// Returns the part of reads that were answered from the cache, from 0 to 1; it is 0 before the first
    /// read. A read that waited for another caller's computation counts as a miss.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        self.part_of_reads(self.hits)
    }

    /// Returns the part of reads that needed no body of their own, from 0 to 1; it is 0 before the first read.
    /// These are the hits, and the misses that another caller's computation answered ([`shared`](Self::shared)).
    /// So it is the part of the work that the memo saves.
    #[must_use]
    pub fn saved_ratio(&self) -> f64 {
        self.part_of_reads(self.hits + self.shared)
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no 64 bits")]
    fn part_of_reads(&self, part: u64) -> f64 {
        let reads = self.hits + self.misses;
        // While other threads count, a part may be read later than the whole.
        if reads == 0 { 0.0 } else { part.min(reads) as f64 / reads as f64 }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |ratio: f64| format!("{:.1} %", ratio * 100.0);
        writeln!(f, "{:14} {:>12}", "hit ratio", percent(self.hit_ratio()))?;
        let mut written = write!(f, "{:14} {:>12}", "saved ratio", percent(self.saved_ratio()));
        self.each(|name, figure| {
            if written.is_ok() && (figure > 0 || matches!(name, "hits" | "misses" | "waits" | "stores")) {
                written = write!(f, "\n{:14} {figure:>12}", name.replace('_', " "));
            }
        });
        written
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
        match cause {
            Cause::Capacity => self.evictions.add(),
            Cause::Expired => self.expirations.add(),
            Cause::Invalidated => self.invalidations.add(),
            Cause::Replaced => {}
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_another_has_computed_is_no_hit_but_saves_a_computation() {
        let stats = Stats { hits: 5, misses: 5, waits: 5, shared: 4, ..Stats::default() };
        assert_eq!((stats.hit_ratio(), stats.saved_ratio()), (0.5, 0.9));
        assert_eq!((Stats::default().hit_ratio(), Stats::default().saved_ratio()), (0.0, 0.0));
    }

    #[test]
    fn figures_of_a_time_are_a_difference() {
        let (before, after) =
            (Stats { hits: 5, misses: 1, ..Stats::default() }, Stats { hits: 9, ..Stats::default() });
        assert_eq!(after - before, Stats { hits: 4, ..Stats::default() });
    }

    #[test]
    fn figures_print_as_a_short_table() {
        let stats = Stats { hits: 9, misses: 1, stores: 1, not_modified: 12, ..Stats::default() };
        let table = [
            "hit ratio            90.0 %",
            "saved ratio          90.0 %",
            "hits                      9",
            "misses                    1",
            "waits                     0",
            "stores                    1",
            "not modified             12",
        ];
        assert_eq!(stats.to_string(), table.join("\n"));
    }

    #[test]
    #[cfg(feature = "json")]
    fn figures_serialize_by_their_names() {
        let stats = Stats { hits: 9, hook_panics: 2, ..Stats::default() };
        let json = serde_json::to_value(stats).unwrap();
        assert_eq!((&json["hits"], &json["hook_panics"], &json["waits"]), (&9.into(), &2.into(), &0.into()));
        assert_eq!(json["hit_ratio"], 1.0);
        assert_eq!(json.as_object().unwrap().len(), 27);
    }
}
