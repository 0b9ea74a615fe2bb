//! Invalidation by pattern or predicate. It takes effect in one piece, though the predicate is asked entry
//! by entry.
//!
//! Meanwhile computations go on. One may read an entry that is yet to be removed, and store a value made of
//! it in a shard that was gone through already. So while a predicate is at work, computed values are not
//! stored in its memos. At the end the removal gets a number, and matching flights are taken off: what
//! began before that number is not stored, nor given to callers that come after it.

use super::{AnyMemoRef, MemoCore};
use crate::erased::Erased;
use crate::invalidate::Applied;
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
    #[cfg(all(unix, not(miri), not(loom)))]
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

/// Removes from several memos in one piece, since what is computed for one may be made of an entry of
/// another. `is_selected` picks keys by how they display. If it is none, all that is being computed is hit.
pub(super) fn in_one_removal(
    memos: &[AnyMemoRef],
    is_selected: Option<&dyn Fn(&str) -> bool>,
    remove: impl FnOnce() -> Applied,
) -> Applied {
    if memos.len() < 2 || crate::sync::is_comparing() {
        return remove();
    }
    let removal = PredicateRemoval::of(memos.iter().map(|memo| &*memo.0).collect());
    let applied = remove();
    removal.finish();
    for memo in memos {
        memo.0.deregister_shown(is_selected);
    }
    applied
}

/// Invalidates, in all of these memos, the keys that display as `is_selected` says.
pub(crate) fn invalidate_shown(
    memos: &[AnyMemoRef],
    is_selected: &dyn Fn(&str) -> bool,
    severity: Severity,
) -> Applied {
    let remove = || memos.iter().map(|memo| memo.0.invalidate_shown(is_selected, severity)).sum();
    in_one_removal(memos, Some(is_selected), remove)
}

/// The same of the keys that match a pattern.
pub(crate) fn invalidate_matching(memos: &[AnyMemoRef], pattern: &str, severity: Severity) -> Applied {
    let pattern = wildmatch::WildMatch::new(pattern);
    invalidate_shown(memos, &|text| pattern.matches(text), severity)
}

impl MemoCore {
    /// The number of the last removal by pattern or predicate that has ended.
    pub(crate) fn last_predicate_removal(&self) -> Number {
        self.predicate_removals.last.load(Ordering::Acquire)
    }

    /// Takes flights off that began before a number and whose keys are `doomed`. Returns the hashes of
    /// these keys.
    pub(super) fn deregister_doomed(&self, doomed: &dyn Fn(&Erased) -> bool, before: Number) -> Vec<u32> {
        let mut hashes = Vec::new();
        for shard in self.shards() {
            let flights: Vec<_> = shard.upgradable().gated().iter().cloned().collect();
            let is_doomed =
                |flight: &std::sync::Arc<crate::flight::Flight>| flight.born < before && doomed(&flight.key);
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
