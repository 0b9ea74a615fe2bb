//! What happens in a memo, as its users learn of it: causes of removal and statistics.

use std::fmt;
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
        ///
        /// Displays as a table of the figures that are not 0, and of hits, misses, waits and stores in any case. With
        /// the feature `json` it serializes as a map of both ratios and all figures by their names.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Stats {
            /// Each figure with its name, in the order of the fields.
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

            /// The figures of several memos.
            fn add(self, other: Self) -> Self {
                Self { $($name: self.$name + other.$name),* }
            }
        }

        impl std::ops::Sub for Stats {
            type Output = Self;

            /// The figures since an earlier time: nothing sets them back.
            fn sub(self, earlier: Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name)),* }
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
    /// Misses that needed no body of their own, since another caller computed the value, or the error, meanwhile; and
    /// prefetches that found a computation under way.
    shared: Counter;
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
    /// The part of reads answered from the cache, from 0 to 1; 0 before the first read. A read that waited for another
    /// caller's computation counts as a miss.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        self.part_of_reads(self.hits)
    }

    /// The part of reads that needed no body of their own, from 0 to 1; 0 before the first read: hits, and misses
    /// answered by another caller's computation. So it tells how much of the work the memo saves.
    #[must_use]
    pub fn saved_ratio(&self) -> f64 {
        self.part_of_reads(self.hits + self.shared)
    }

    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no 64 bits")]
    fn part_of_reads(&self, part: u64) -> f64 {
        let reads = self.hits + self.misses;
        // While others count on, a part may be read later than the whole.
        if reads == 0 { 0.0 } else { part.min(reads) as f64 / reads as f64 }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "hit ratio      {:5.1} %", self.hit_ratio() * 100.0)?;
        let mut written = write!(f, "saved ratio    {:5.1} %", self.saved_ratio() * 100.0);
        self.each(|name, figure| {
            if written.is_ok() && (figure > 0 || matches!(name, "hits" | "misses" | "waits" | "stores")) {
                written = write!(f, "\n{:14} {figure}", name.replace('_', " "));
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
        let table = "hit ratio       90.0 %\nsaved ratio     90.0 %\nhits           9\nmisses         1\n\
                     waits          0\nstores         1\nnot modified   12";
        assert_eq!(stats.to_string(), table);
    }

    #[test]
    #[cfg(feature = "json")]
    fn figures_serialize_by_their_names() {
        let stats = Stats { hits: 9, hook_panics: 2, ..Stats::default() };
        let json = serde_json::to_value(stats).unwrap();
        assert_eq!((&json["hits"], &json["hook_panics"], &json["waits"]), (&9.into(), &2.into(), &0.into()));
        assert_eq!(json["hit_ratio"], 1.0);
        assert_eq!(json.as_object().unwrap().len(), 25);
    }
}
