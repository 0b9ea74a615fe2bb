//! Invalidation by pattern or predicate. It takes effect in one piece, though the predicate is asked entry
//! by entry.
//!
//! Meanwhile computations go on. One may read an entry that is yet to be removed, and store a value made of
//! it in a shard that was gone through already. So while a predicate is at work, computed values are not
//! stored in its memos. At the end the removal gets a number, and matching flights are taken off: what
//! began before that number is not stored, nor given to callers that come after it.

use std::sync::Arc;

use super::Applied;
use super::dependents::SparedKeys;
use super::{MemoCore, ShardState};
use crate::erased::Erased;
use crate::flight::Flight;
use crate::policy::Freshness;
use crate::sync::{AtomicU64, AtomicUsize, Ordering, fence};
use crate::tags::{Number, Severity};

/// The removals by predicate that are at work in a memo.
pub(crate) struct PredicateRemovals {
    running: AtomicUsize,
    /// The number of the last removal that has ended.
    last: AtomicU64,
}

impl PredicateRemovals {
    pub(crate) fn new() -> Self {
        Self { running: AtomicUsize::new(0), last: AtomicU64::new(0) }
    }

    /// In a child of `fork` no removal is at work.
    pub(super) fn forget_other_threads(&self) {
        self.running.store(0, Ordering::Relaxed);
    }

    /// Asked under exclusive access to a shard. A removal looks at the shard after it has registered, so a
    /// store either finds it registered or is seen by it.
    pub(crate) fn is_under_way(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }
}

/// A removal by predicate in some memos, at work until it is dropped.
pub(crate) struct PredicateRemoval<'m>(Vec<&'m MemoCore>);

impl<'m> PredicateRemoval<'m> {
    pub(crate) fn of(memos: Vec<&'m MemoCore>) -> Self {
        for memo in &memos {
            memo.predicate_removals.running.fetch_add(1, Ordering::AcqRel);
        }
        // Whoever finds no shards to look at is ordered with whoever makes them by this.
        fence(Ordering::SeqCst);
        Self(memos)
    }

    /// The predicate was asked about all entries: gives the removal its number. All memos get the same one,
    /// since a computation of one may wait for another.
    pub(crate) fn finish(&self) {
        let Some(first) = self.0.first() else { return };
        first.runtime().bump(|number| {
            for memo in &self.0 {
                memo.predicate_removals.last.store(number, Ordering::Release);
            }
        });
    }
}

impl Drop for PredicateRemoval<'_> {
    fn drop(&mut self) {
        for memo in &self.0 {
            // In a child of `fork` it was forgotten.
            let less = |running: usize| running.checked_sub(1);
            let _ = memo.predicate_removals.running.fetch_update(Ordering::AcqRel, Ordering::Relaxed, less);
        }
    }
}

/// Picks entries of a memo by key and value.
pub(crate) type Predicate<'a> = Box<dyn Fn(&Erased, &Erased) -> bool + 'a>;

/// Invalidates the entries that these predicates pick, each of its memo. In one piece, since what is computed for one
/// memo may be made of an entry of another. Flights are taken off if their key displays as `is_selected` says; if that
/// is none, all are.
pub(crate) fn invalidate_where(
    memos: &[(&MemoCore, Predicate<'_>)],
    is_selected: Option<&dyn Fn(&str) -> bool>,
    severity: Severity,
) -> Applied {
    if crate::sync::is_comparing() {
        // Without user code it is not known which entries match: all are removed.
        let invalidate = |(memo, _): &(&MemoCore, _)| {
            memo.bump_whole(severity);
            memo.invalidate_dependents_of_all(severity)
        };
        return memos.iter().map(invalidate).sum();
    }
    let doomed =
        |memo: &MemoCore, key: &Erased| is_selected.is_none_or(|is_selected| memo.shows_as(key, is_selected));
    let removal = PredicateRemoval::of(memos.iter().map(|(memo, _)| *memo).collect());
    let mut applied = Applied::default();
    let mut spared = Vec::new();
    for (memo, predicate) in memos {
        let deregistered = memo.deregister_doomed(&|key| doomed(memo, key), Number::MAX);
        spared.push(memo.invalidate_picked(predicate, &deregistered, severity, &mut applied));
    }
    let finish = || {
        removal.finish();
        for (memo, _) in memos {
            memo.deregister_doomed(&|key| doomed(memo, key), memo.last_predicate_removal());
        }
    };
    finish();
    for ((memo, _), spared) in memos.iter().zip(spared) {
        applied += memo.invalidate_dependents_where(|key| doomed(memo, key), &spared, severity);
    }
    // What began since may have read one of the dependents before that was invalidated.
    finish();
    applied
}

impl MemoCore {
    /// The number of the last removal by pattern or predicate that has ended.
    pub(crate) fn last_predicate_removal(&self) -> Number {
        self.predicate_removals.last.load(Ordering::Acquire)
    }

    /// Invalidates the entries that a predicate picks. Returns the keys of those that stay: their dependents stay too,
    /// unless these wait for a flight that was taken off.
    fn invalidate_picked(
        &self,
        predicate: &Predicate<'_>,
        deregistered: &[u32],
        severity: Severity,
        applied: &mut Applied,
    ) -> SparedKeys {
        let mut spared = SparedKeys::default();
        for shard in self.shards() {
            let entries = self.usable_in(&shard.read());
            for (key, value, hash) in entries {
                if predicate(&key, &value) {
                    // By key, not by entry: what an update has made of it meanwhile goes as well.
                    *applied += self.invalidate_key(&key, hash, severity);
                } else if self.is_tracked() && !deregistered.contains(&hash) {
                    spared.entry(hash).or_default().push(key);
                }
            }
        }
        spared
    }

    /// What is fresh or stale in a shard, with its hash.
    fn usable_in(&self, guard: &ShardState) -> Vec<(Erased, Erased, u32)> {
        let now = self.clock().coarse();
        let of_use = guard.entries.iter().filter(|entry| self.freshness(**entry, now) != Freshness::Dead);
        of_use.map(|entry| (entry.key.to_owned(), entry.value.to_owned(), entry.hash)).collect()
    }

    /// Takes flights off that began before a number and whose keys are `doomed`. Returns the hashes of
    /// these keys.
    fn deregister_doomed(&self, doomed: &dyn Fn(&Erased) -> bool, before: Number) -> Vec<u32> {
        let mut hashes = Vec::new();
        for shard in self.shards() {
            let flights: Vec<_> = shard.upgradable().gated().iter().cloned().collect();
            let is_doomed = |flight: &Arc<Flight>| flight.born < before && doomed(&flight.key);
            let flights: Vec<_> = flights.into_iter().filter(is_doomed).collect();
            if !flights.is_empty() {
                let mut guard = shard.upgradable();
                for flight in &flights {
                    guard.gated_mut().remove(flight);
                    hashes.push(flight.hash);
                }
            }
        }
        hashes
    }
}
