//! Going over what an invalidation of many entries has hit: taking out what is dead, marking what is stale.
//!
//! The invalidation has taken effect when this begins; what is left to do is to give memory back and to
//! count. A few entries are seen to at once. More are left to the sweeper's thread, so that neither
//! the caller nor anybody who reads is held up; who asks how many there were helps it.

use std::collections::VecDeque;
use std::iter::Flatten;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use super::{Effects, MemoCore};
use crate::event::Cause;
use crate::policy::{Freshness, Rules, SlotId};
use crate::store::{DrainedEntries, Entries, MetadataRef, Removed};
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::tags::{Severity, Stamp, TagIds};
use crate::time::Clock;

/// How many entries are removed or marked under one hold of a lock, and before the invalidation returns.
pub(super) const BATCH: usize = 64;

/// What one invalidation has hit.
pub(crate) struct Removal {
    /// Soft only where entries are marked, and stay.
    stamp: Stamp,
    /// Entries that carry one of these tags, or all.
    tags: Option<TagIds>,
    counted: AtomicUsize,
}

impl Removal {
    /// Whether it has hit an entry, which another may have hit before.
    fn hits(&self, entry: MetadataRef<'_>) -> bool {
        let carries = |tags: &TagIds| entry.tags().iter().any(|tag| tags.binary_search(&tag.id).is_ok());
        entry.verified() < self.stamp.number && self.tags.as_ref().is_none_or(carries)
    }

    fn marks(&self) -> bool {
        self.stamp.severity == Severity::Soft
    }

    /// Where what it may have hit is in a shard.
    fn candidates(&self, entries: &Entries) -> Vec<SlotId> {
        match &self.tags {
            Some(tags) => entries.tagged(tags).map(|entry| entry.slot).collect(),
            None => entries.iter().map(|entry| entry.slot).collect(),
        }
    }

    /// How many entries it has counted so far: those that it marked and that were fresh, and those that it
    /// removed and that could still have been returned.
    pub(crate) fn counted(&self) -> usize {
        self.counted.load(Atomic::Relaxed)
    }
}

/// How far a removal has come when the invalidation returns.
pub(crate) enum RemovalProgress {
    /// It has counted so many entries.
    Done(usize),
    /// It goes on.
    Pending(Arc<Removal>),
}

/// What a removal has yet to do.
enum RemovalJob {
    /// To go over the shards, from this one on.
    Shards(usize),
    /// To take leave of entries that a clear has taken off their shards at once.
    Entries {
        entries: Box<Flatten<std::vec::IntoIter<DrainedEntries>>>,
        /// Removals that had not ended then, which count what they have hit.
        before: Vec<Arc<Removal>>,
    },
}

/// A part of it that one hold of a lock does.
enum Batch {
    Shard(usize),
    Entries(Vec<Removed>),
}

/// What is left for later, in the order of the invalidations.
pub(crate) struct Backlog {
    jobs: Mutex<VecDeque<(Arc<Removal>, RemovalJob)>>,
    has_jobs: AtomicBool,
    rules: &'static Rules,
}

/// An entry leaves or is marked. It is counted for the first pending removal that has marked it, and for
/// the first that has invalidated it.
fn credit<'s>(removals: impl Iterator<Item = &'s Removal>, rules: &Rules, entry: MetadataRef<'_>) {
    let mut times = entry.times();
    for removal in removals.filter(|removal| removal.hits(entry)) {
        let state = rules.freshness(&times, removal.stamp.at);
        if state == Freshness::Fresh || (state == Freshness::Stale && !removal.marks()) {
            removal.counted.fetch_add(1, Atomic::Relaxed);
        }
        if !removal.marks() {
            return;
        }
        times = times.marked_at(removal.stamp.at);
    }
}

/// The removals that had not ended before one, and that one.
fn up_to<'s>(before: &'s [Arc<Removal>], removal: &'s Removal) -> impl Iterator<Item = &'s Removal> {
    before.iter().map(|removal| &**removal).chain([removal])
}

impl RemovalJob {
    /// The next piece; none if there is no more.
    fn next(&mut self, removal: &Removal, rules: &Rules, shards: usize) -> Option<Batch> {
        match self {
            Self::Shards(at) => (*at < shards).then_some(Batch::Shard(*at)),
            Self::Entries { entries, before } => {
                let some: Vec<_> = entries.take(BATCH).collect();
                for entry in &some {
                    credit(up_to(before, removal), rules, entry.metadata());
                }
                (!some.is_empty()).then_some(Batch::Entries(some))
            }
        }
    }

    /// Nothing is left in a shard.
    fn finish_shard(&mut self, shard: usize) {
        if let Self::Shards(at) = self
            && *at == shard
        {
            *at += 1;
        }
    }
}

impl Backlog {
    pub(crate) fn new(rules: &'static Rules) -> Self {
        Self { jobs: Mutex::new(VecDeque::new()), has_jobs: AtomicBool::new(false), rules }
    }

    /// Keeps others from it, around a `fork`.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(super) fn hold(&self) -> impl Sized + use<'_> {
        self.jobs.lock()
    }

    fn is_empty(&self) -> bool {
        !self.has_jobs.load(Ordering::Acquire)
    }

    /// An entry leaves, or is marked, by another way than a removal.
    #[inline]
    pub(super) fn credit(&self, entry: MetadataRef<'_>) {
        if !self.is_empty() {
            credit(self.jobs.lock().iter().map(|(removal, _)| &**removal), self.rules, entry);
        }
    }

    /// The removals that have not ended.
    fn pending(&self) -> Vec<Arc<Removal>> {
        if self.is_empty() {
            return Vec::new();
        }
        self.jobs.lock().iter().map(|(removal, _)| removal.clone()).collect()
    }

    fn push(&self, removal: &Arc<Removal>, job: RemovalJob) {
        let mut jobs = self.jobs.lock();
        jobs.push_back((removal.clone(), job));
        self.has_jobs.store(true, Ordering::Release);
    }

    fn next(&self, shards: usize) -> Option<(Arc<Removal>, Batch)> {
        let mut jobs = self.jobs.lock();
        while let Some((removal, job)) = jobs.front_mut() {
            if let Some(batch) = job.next(removal, self.rules, shards) {
                return Some((removal.clone(), batch));
            }
            jobs.pop_front();
        }
        self.has_jobs.store(false, Ordering::Release);
        None
    }

    /// Nothing is left in a shard for a removal. Another thread may have found so before.
    fn finish_shard(&self, removal: &Arc<Removal>, shard: usize) {
        let mut jobs = self.jobs.lock();
        if let Some((front, job)) = jobs.front_mut()
            && Arc::ptr_eq(front, removal)
        {
            job.finish_shard(shard);
        }
    }

    /// The entries that are off their shards, when the memo ends.
    pub(crate) fn end(&self) -> Vec<Removed> {
        let jobs = std::mem::take(&mut *self.jobs.lock());
        let entries = jobs.into_iter().filter_map(|(_, job)| match job {
            RemovalJob::Entries { entries, .. } => Some(entries),
            RemovalJob::Shards(_) => None,
        });
        entries.flatten().collect()
    }
}

impl MemoCore {
    /// Takes out, or marks, what an invalidation has hit, of a tag or of the memo as a whole.
    pub(crate) fn remove_invalidated(&self, mut stamp: Stamp, tags: Option<TagIds>) -> RemovalProgress {
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: a later sweep finds what is dead, and what is
            // marked shows by its stamps.
            return RemovalProgress::Done(0);
        }
        let marks = self.keeps_marked(stamp.severity);
        stamp.severity = if marks { Severity::Soft } else { Severity::Hard };
        let removal = Arc::new(Removal { stamp, tags, counted: AtomicUsize::new(0) });
        let (size, mut job) = match &removal.tags {
            Some(tags) => {
                let sizes = self.shards().map(|shard| shard.read().entries.tagged_len(tags));
                (sizes.sum(), RemovalJob::Shards(0))
            }
            None => self.detach_all(marks),
        };
        if size <= BATCH {
            while let Some(batch) = job.next(&removal, &self.spec.rules, self.shards().len()) {
                if let Some(shard) = self.run_batch(&removal, batch) {
                    job.finish_shard(shard);
                }
            }
            return RemovalProgress::Done(removal.counted());
        }
        self.backlog.push(&removal, job);
        // Time stands still in a scope: there everything happens at once.
        let now = matches!(self.clock(), Clock::Manual(_)) || !later(self);
        if now {
            self.drain();
        }
        RemovalProgress::Pending(removal)
    }

    /// Takes flights off their shards, and entries unless these stay: in constant time for each shard. How many
    /// entries there are, and what is to be done with them.
    fn detach_all(&self, entries_stay: bool) -> (usize, RemovalJob) {
        let (mut size, mut tables) = (0, Vec::new());
        for shard in self.shards() {
            let mut guard = shard.write();
            let flights = guard.gated_mut().take_all();
            size += guard.entries.len();
            if !entries_stay {
                self.total_weight.fetch_sub(guard.entries.weight(), Ordering::Relaxed);
                tables.push(guard.entries.take_all(self.policy()));
            }
            drop(guard);
            drop(flights);
        }
        if entries_stay {
            return (size, RemovalJob::Shards(0));
        }
        let entries = Box::new(tables.into_iter().flatten());
        (size, RemovalJob::Entries { entries, before: self.backlog.pending() })
    }

    /// Does what invalidations have left for later.
    pub(crate) fn drain(&self) {
        if crate::sync::is_comparing() {
            return;
        }
        while let Some((removal, batch)) = self.backlog.next(self.shards().len()) {
            if let Some(shard) = self.run_batch(&removal, batch) {
                self.backlog.finish_shard(&removal, shard);
            }
        }
    }

    /// Does one batch of a removal. Returns the shard if the removal has nothing left to do there.
    fn run_batch(&self, removal: &Removal, batch: Batch) -> Option<usize> {
        let mut effects = Effects::new();
        let (finished, entries) = match batch {
            Batch::Entries(entries) => (None, entries),
            Batch::Shard(at) if removal.marks() => {
                self.mark_batch(removal, at);
                return Some(at);
            }
            Batch::Shard(at) => {
                let (entries, more) = self.remove_batch(removal, at);
                ((!more).then_some(at), entries)
            }
        };
        for entry in entries {
            let cause = self.cause(entry.metadata(), removal.stamp.at, Cause::Invalidated);
            effects.push(entry, cause);
        }
        self.dispose(effects);
        finished
    }

    /// Takes a batch of the invalidated entries of a tag out of a shard. Returns them, and whether there
    /// may be more.
    fn remove_batch(&self, removal: &Removal, shard: usize) -> (Vec<Removed>, bool) {
        let (Some(shard), Some(tags)) = (self.shards().nth(shard), &removal.tags) else {
            return (Vec::new(), false);
        };
        // Most shards have none of a small tag: nobody who reads there is held up.
        if shard.read().entries.tagged_len(tags) == 0 {
            return (Vec::new(), false);
        }
        let mut guard = shard.write();
        let tagged = guard.entries.tagged(tags);
        // What was stored after the invalidation is valid, and stays.
        let dead = tagged.filter(|entry| removal.hits(**entry)).map(|entry| entry.slot);
        let mut dead: Vec<SlotId> = dead.take(BATCH).collect();
        let more = dead.len() == BATCH;
        // An entry that carries several of the tags is taken out once.
        dead.sort_unstable();
        dead.dedup();
        let entries: Vec<_> = dead.into_iter().filter_map(|slot| guard.entries.remove(slot)).collect();
        for entry in &entries {
            self.total_weight.fetch_sub(entry.metadata().weight(), Ordering::Relaxed);
        }
        // Under the lock: who finds nothing left in the shard finds it counted.
        let before = self.backlog.pending();
        for entry in &entries {
            credit(up_to(&before, removal), &self.spec.rules, entry.metadata());
        }
        if !more {
            guard.entries.shrink();
        }
        (entries, more)
    }

    /// Marks the entries of a shard that an invalidation has made stale. Entries that are stored meanwhile
    /// are not affected.
    fn mark_batch(&self, removal: &Removal, shard: usize) {
        let Some(shard) = self.shards().nth(shard) else { return };
        let mut moves = None;
        let mut slots = Vec::new();
        loop {
            let mut guard = shard.write();
            if moves != Some(guard.entries.moves()) {
                // Entries lie elsewhere now. Those that were marked are not marked again.
                moves = Some(guard.entries.moves());
                slots = removal.candidates(&guard.entries);
            }
            let rest = slots.len().saturating_sub(BATCH);
            let before = self.backlog.pending();
            for slot in slots.drain(rest..) {
                if guard.entries.at(slot).is_some_and(|entry| removal.hits(*entry)) {
                    let count =
                        |entry: MetadataRef<'_>| credit(up_to(&before, removal), &self.spec.rules, entry);
                    self.mark(&mut guard, slot, removal.stamp.at, count);
                }
            }
            if slots.is_empty() {
                break;
            }
        }
        self.runtime().wake_sweeper();
    }
}

/// Leaves a memo's backlog to the sweeper. Whether there is one.
#[cfg(not(loom))]
fn later(memo: &MemoCore) -> bool {
    crate::sweeper::drain(memo.arc())
}

/// Nothing sweeps in a model.
#[cfg(loom)]
fn later(_: &MemoCore) -> bool {
    false
}
