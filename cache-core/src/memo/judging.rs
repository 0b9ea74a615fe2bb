//! Invalidation by pattern or predicate, in one piece though entries are judged one by one.
//!
//! Meanwhile computations go on. One may read an entry that is yet to be judged, and store what it has
//! made of it where all has been judged already. So while a memo is judged, nothing that is computed is
//! stored in it. At the end a number is passed on it, and what is still being computed and is meant is
//! taken off: what began before that number is not stored, nor taken by who comes after it.

use super::{AnyMemoRef, MemoCore};
use crate::erased::Erased;
use crate::invalidate::Applied;
use crate::sync::{AtomicU64, AtomicUsize, Ordering, fence};
use crate::tags::{Form, Number};

/// Whether a memo is being judged.
pub(crate) struct Judging {
    judges: AtomicUsize,
    /// When the last judgement was passed.
    passed: AtomicU64,
}

impl Judging {
    pub(crate) fn new() -> Self {
        Self { judges: AtomicUsize::new(0), passed: AtomicU64::new(0) }
    }

    /// In a child of `fork` nobody judges.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(super) fn forget_other_threads(&self) {
        self.judges.store(0, Ordering::Relaxed);
    }

    /// Asked under a shard's exclusive access: who judges looks at the shard after it has begun, so a
    /// store either finds it judging or is judged.
    pub(crate) fn is_under_way(&self) -> bool {
        self.judges.load(Ordering::Acquire) > 0
    }
}

/// A judgement of some memos, until it is dropped.
pub(crate) struct Judgement<'m>(Vec<&'m MemoCore>);

impl<'m> Judgement<'m> {
    pub(crate) fn of(memos: Vec<&'m MemoCore>) -> Self {
        for memo in &memos {
            memo.judging.judges.fetch_add(1, Ordering::AcqRel);
        }
        // Whoever finds no shards to look at is ordered with whoever makes them by this.
        fence(Ordering::SeqCst);
        Self(memos)
    }

    /// All entries were judged: passes the judgement on what is being computed. One number for all of
    /// the memos, since what is computed for one may wait for another.
    pub(crate) fn pass(&self) {
        let Some(first) = self.0.first() else { return };
        first.world().bump(|number| {
            for memo in &self.0 {
                memo.judging.passed.store(number, Ordering::Release);
            }
        });
    }
}

impl Drop for Judgement<'_> {
    fn drop(&mut self) {
        for memo in &self.0 {
            // In a child of `fork` it was forgotten.
            let less = |judges: usize| judges.checked_sub(1);
            let _ = memo.judging.judges.fetch_update(Ordering::AcqRel, Ordering::Relaxed, less);
        }
    }
}

/// Judges several memos in one piece: what is computed for one may be made of what is in another.
/// `is_meant` picks keys by how they display; none: whatever is being computed.
pub(super) fn judge_all(
    memos: &[AnyMemoRef],
    is_meant: Option<&dyn Fn(&str) -> bool>,
    judge: impl FnOnce() -> Applied,
) -> Applied {
    if memos.len() < 2 || crate::sync::is_comparing() {
        return judge();
    }
    let judgement = Judgement::of(memos.iter().map(|memo| &*memo.0).collect());
    let applied = judge();
    judgement.pass();
    for memo in memos {
        memo.0.doom_shown(is_meant);
    }
    applied
}

/// Invalidates, in all of these memos, the keys that display as `is_meant` says.
pub(crate) fn invalidate_shown(memos: &[AnyMemoRef], is_meant: &dyn Fn(&str) -> bool, form: Form) -> Applied {
    let judge = || memos.iter().map(|memo| memo.0.invalidate_shown(is_meant, form)).sum();
    judge_all(memos, Some(is_meant), judge)
}

/// The same of the keys that match a pattern.
pub(crate) fn invalidate_matching(memos: &[AnyMemoRef], pattern: &str, form: Form) -> Applied {
    let pattern = wildmatch::WildMatch::new(pattern);
    invalidate_shown(memos, &|text| pattern.matches(text), form)
}

impl MemoCore {
    /// When it was last judged by a pattern or predicate.
    pub(crate) fn judged(&self) -> Number {
        self.judging.passed.load(Ordering::Acquire)
    }

    /// Takes off what is being computed for keys that are doomed, and began before a number. The hashes of
    /// these keys.
    pub(super) fn doom(&self, doomed: &dyn Fn(&Erased) -> bool, before: Number) -> Vec<u32> {
        let mut hashes = Vec::new();
        for shard in self.shards() {
            let flights: Vec<_> = shard.upgradable().gated().iter().cloned().collect();
            let is_doomed =
                |flight: &std::sync::Arc<crate::flight::Flight>| flight.born < before && doomed(&flight.key);
            let flights: Vec<_> = flights.into_iter().filter(is_doomed).collect();
            if !flights.is_empty() {
                let mut room = shard.upgradable();
                for flight in &flights {
                    room.gated_mut().remove(flight);
                    hashes.push(flight.hash);
                }
            }
        }
        hashes
    }
}
