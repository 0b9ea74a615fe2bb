//! Going over what an invalidation of many entries has hit: taking out what is dead, marking what is stale.
//!
//! The invalidation has taken effect when this begins; what is left to do is to give memory back and to
//! count. A few entries are seen to at once. More are left to the sweeper's thread, so that neither
//! the caller nor anybody who reads is held up; who asks how many there were helps it.

use std::collections::VecDeque;
use std::iter::Flatten;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use super::Applied;
use super::{Effects, MemoCore, Shard};
use crate::event::Cause;
use crate::policy::{Freshness, SlotId};
use crate::sync::{Mutex, Ordering};
use crate::table::{DrainedEntries, Entries, MetadataRef, Removed};
use crate::tags::{Severity, Stamp, TagIds};
use crate::time::Clock;

/// How many entries are removed or marked under one hold of a lock, and before the invalidation returns.
pub(super) const BATCH: usize = 64;

/// What invalidations have left for later, in their order.
pub(super) type Backlog = Mutex<VecDeque<Removal>>;

/// What one invalidation has hit, and has yet to take out or mark.
pub(super) struct Removal {
    /// Soft only where entries are marked, and stay.
    stamp: Stamp,
    /// What of a shard is yet to be marked.
    marking: Marking,
    /// Entries that carry one of these tags, or all.
    tags: Option<TagIds>,
    rest: Rest,
    /// How many entries it has counted so far: those that it marked and that were fresh, and those that it
    /// removed and that could still have been returned.
    count: Arc<AtomicUsize>,
}

/// Where the entries of a shard are that are yet to be marked.
#[derive(Default)]
struct Marking {
    /// As often entries of the shard have been moved. None before the first batch.
    moves: Option<u32>,
    slots: Vec<SlotId>,
}

/// What a removal has yet to do.
enum Rest {
    /// To go over the shards, from this one on.
    Shards(usize),
    /// To take leave of entries that a clear has taken off their shards at once.
    Entries(Box<Flatten<std::vec::IntoIter<DrainedEntries>>>),
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

    /// The entries that are off their shards.
    pub(super) fn into_entries(self) -> impl Iterator<Item = Removed> {
        let entries = match self.rest {
            Rest::Entries(entries) => Some(entries),
            Rest::Shards(_) => None,
        };
        entries.into_iter().flatten()
    }
}

/// Where the entries are that carry one of these tags, or all: each once.
pub(super) fn candidates(entries: &Entries, tags: Option<&[u64]>) -> Vec<SlotId> {
    let Some(tags) = tags else { return entries.iter().map(|entry| entry.slot).collect() };
    let mut slots: Vec<SlotId> = entries.tagged(tags).map(|entry| entry.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

impl MemoCore {
    /// Takes out, or marks, what an invalidation has hit, of a tag or of the memo as a whole.
    pub(crate) fn remove_invalidated(&self, mut stamp: Stamp, tags: Option<TagIds>) -> Applied {
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: a later sweep finds what is dead, and what is
            // marked shows by its stamps.
            return Applied::default();
        }
        let marks = self.keeps_marked(stamp.severity);
        stamp.severity = if marks { Severity::Soft } else { Severity::Hard };
        let (size, rest) = match &tags {
            Some(tags) => {
                let sizes = self.shards().map(|shard| shard.read().entries.tagged_len(tags));
                (sizes.sum(), Rest::Shards(0))
            }
            None => self.detach_all(marks),
        };
        let count = Arc::new(AtomicUsize::new(0));
        let marking = Marking::default();
        let mut removal = Removal { stamp, marking, tags, rest, count: count.clone() };
        // In their order: an entry counts for the first that has hit it.
        if size <= BATCH && self.backlog.lock().is_empty() {
            while let Some(effects) = self.run_batch(&mut removal) {
                self.dispose(effects);
            }
            return Applied::new(count.load(Atomic::Relaxed));
        }
        self.backlog.lock().push_back(removal);
        // Time stands still in a scope: there everything happens at once.
        if matches!(self.clock(), Clock::Manual(_)) || !crate::memo::sweeper::drain(self.arc()) {
            self.drain();
        }
        Applied::later(self.arc(), count)
    }

    /// Takes flights off their shards, and entries unless these stay: in constant time for each shard. How many
    /// entries there are, and what is to be done with them.
    fn detach_all(&self, entries_stay: bool) -> (usize, Rest) {
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
        let rest = if entries_stay {
            Rest::Shards(0)
        } else {
            Rest::Entries(Box::new(tables.into_iter().flatten()))
        };
        (size, rest)
    }

    /// Does what invalidations have left for later. When it returns, all of it is done and counted.
    pub(crate) fn drain(&self) {
        if crate::sync::is_comparing() {
            return;
        }
        loop {
            let mut backlog = self.backlog.lock();
            let Some(removal) = backlog.front_mut() else { return };
            let effects = self.run_batch(removal);
            let ended = if effects.is_none() { backlog.pop_front() } else { None };
            drop(backlog);
            drop(ended);
            if let Some(effects) = effects {
                self.dispose(effects);
            }
        }
    }

    /// Does a batch of a removal. What has left is to be disposed of under no lock. None if there was nothing more to
    /// do.
    fn run_batch(&self, removal: &mut Removal) -> Option<Effects> {
        let entries = match &mut removal.rest {
            Rest::Entries(entries) => {
                let batch: Vec<_> = entries.take(BATCH).collect();
                if batch.is_empty() {
                    return None;
                }
                batch
            }
            &mut Rest::Shards(at) => {
                let shard = self.shards().nth(at)?;
                let (batch, more) = if removal.marks() {
                    (Vec::new(), self.mark_batch(removal, shard))
                } else {
                    self.remove_batch(removal, shard)
                };
                removal.rest = Rest::Shards(at + usize::from(!more));
                batch
            }
        };
        let mut effects = Effects::new();
        for entry in entries {
            self.count(removal, entry.metadata());
            let cause = self.cause(entry.metadata(), removal.stamp.at, Cause::Invalidated);
            effects.push(entry, cause);
        }
        Some(effects)
    }

    /// A removal takes an entry out, or marks it.
    fn count(&self, removal: &Removal, entry: MetadataRef<'_>) {
        let state = self.spec.rules.freshness(&entry.times(), removal.stamp.at);
        let counts = state == Freshness::Fresh || (state == Freshness::Stale && !removal.marks());
        if counts && removal.hits(entry) {
            removal.count.fetch_add(1, Atomic::Relaxed);
        }
    }

    /// Takes a batch of the invalidated entries of a tag out of a shard. Returns them, and whether there
    /// may be more.
    fn remove_batch(&self, removal: &Removal, shard: &Shard) -> (Vec<Removed>, bool) {
        let Some(tags) = &removal.tags else { return (Vec::new(), false) };
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
        let weight: usize = entries.iter().map(|entry| entry.metadata().weight()).sum();
        self.total_weight.fetch_sub(weight, Ordering::Relaxed);
        if !more {
            guard.entries.shrink();
        }
        (entries, more)
    }

    /// Marks a batch of the entries of a shard that an invalidation has made stale. Whether there may be more. Entries
    /// that are stored meanwhile are not affected.
    fn mark_batch(&self, removal: &mut Removal, shard: &Shard) -> bool {
        let mut guard = shard.write();
        let Marking { moves, mut slots } = std::mem::take(&mut removal.marking);
        let now = guard.entries.moves();
        if moves != Some(now) {
            // Entries lie elsewhere now. Those that were marked are not marked again.
            slots = candidates(&guard.entries, removal.tags.as_deref());
        }
        let rest = slots.len().saturating_sub(BATCH);
        for slot in slots.drain(rest..) {
            if guard.entries.at(slot).is_some_and(|entry| removal.hits(*entry)) {
                self.mark(&mut guard, slot, removal.stamp.at, |entry| self.count(removal, entry));
            }
        }
        drop(guard);
        if slots.is_empty() {
            self.runtime().wake_sweeper();
            return false;
        }
        removal.marking = Marking { moves: Some(now), slots };
        true
    }
}
