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
use crate::policy::{Rules, Slot, State};
use crate::store::{Emptied, Entries, Record, Removed};
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::tags::{Decree, Form, Ids};
use crate::time::Clock;

/// Entries that one hold of a lock takes out or marks, and how many are seen to before the call returns.
pub(super) const BITE: usize = 64;

/// What one invalidation has hit.
pub(crate) struct Sweep {
    /// Soft only where entries are marked, and stay.
    decree: Decree,
    /// Entries that carry one of these tags, or all.
    tags: Option<Ids>,
    counted: AtomicUsize,
}

impl Sweep {
    /// Whether it has hit an entry, which another may have hit before.
    fn hits(&self, entry: Record<'_>) -> bool {
        let carries = |tags: &Ids| entry.tags().iter().any(|mark| tags.binary_search(&mark.id).is_ok());
        entry.verified() < self.decree.number && self.tags.as_ref().is_none_or(carries)
    }

    fn marks(&self) -> bool {
        self.decree.form == Form::Soft
    }

    /// Where what it may have hit is in a shard.
    fn meant(&self, entries: &Entries) -> Vec<Slot> {
        match &self.tags {
            Some(tags) => entries.tagged(tags).map(|entry| entry.slot).collect(),
            None => entries.iter().map(|entry| entry.slot).collect(),
        }
    }

    /// How many it has counted so far: of what it has marked what was fresh, of what it has taken out what
    /// could still have been returned.
    pub(crate) fn counted(&self) -> usize {
        self.counted.load(Atomic::Relaxed)
    }
}

/// How far a sweep has come when the invalidation returns.
pub(crate) enum Swept {
    /// It has counted so many entries.
    Done(usize),
    /// It goes on.
    Later(Arc<Sweep>),
}

/// What a sweep has yet to do.
enum Job {
    /// To go over the shards, from this one on.
    Shards(usize),
    /// To take leave of entries that a clear has taken off their shards at once.
    Entries {
        entries: Box<Flatten<std::vec::IntoIter<Emptied>>>,
        /// Sweeps that had not ended then, which count what they have hit.
        before: Vec<Arc<Sweep>>,
    },
}

/// A part of it that one hold of a lock does.
enum Piece {
    Shard(usize),
    Entries(Vec<Removed>),
}

/// What is left for later, in the order of the invalidations.
pub(crate) struct Backlog {
    jobs: Mutex<VecDeque<(Arc<Sweep>, Job)>>,
    any: AtomicBool,
    rules: &'static Rules,
}

/// Counts an entry that leaves, or is marked, for what has hit it and is yet to be swept: for the first that
/// has marked it, and for the first that has killed it.
fn credit<'s>(sweeps: impl Iterator<Item = &'s Sweep>, rules: &Rules, entry: Record<'_>) {
    let mut times = entry.times();
    for sweep in sweeps.filter(|sweep| sweep.hits(entry)) {
        let state = rules.state(&times, sweep.decree.at);
        if state == State::Fresh || (state == State::Stale && !sweep.marks()) {
            sweep.counted.fetch_add(1, Atomic::Relaxed);
        }
        if !sweep.marks() {
            return;
        }
        times = times.marked_at(sweep.decree.at);
    }
}

/// The sweeps that had not ended before one, and that one.
fn and<'s>(before: &'s [Arc<Sweep>], sweep: &'s Sweep) -> impl Iterator<Item = &'s Sweep> {
    before.iter().map(|sweep| &**sweep).chain([sweep])
}

impl Job {
    /// The next piece; none if there is no more.
    fn next(&mut self, sweep: &Sweep, rules: &Rules, shards: usize) -> Option<Piece> {
        match self {
            Self::Shards(at) => (*at < shards).then_some(Piece::Shard(*at)),
            Self::Entries { entries, before } => {
                let some: Vec<_> = entries.take(BITE).collect();
                for entry in &some {
                    credit(and(before, sweep), rules, entry.record());
                }
                (!some.is_empty()).then_some(Piece::Entries(some))
            }
        }
    }

    /// Nothing is left in a shard.
    fn past(&mut self, shard: usize) {
        if let Self::Shards(at) = self
            && *at == shard
        {
            *at += 1;
        }
    }
}

impl Backlog {
    pub(crate) fn new(rules: &'static Rules) -> Self {
        Self { jobs: Mutex::new(VecDeque::new()), any: AtomicBool::new(false), rules }
    }

    /// Keeps others from it, around a `fork`.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(super) fn hold(&self) -> impl Sized + use<'_> {
        self.jobs.lock()
    }

    fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// An entry leaves, or is marked, by another way than a sweep.
    #[inline]
    pub(super) fn credit(&self, entry: Record<'_>) {
        if !self.is_empty() {
            credit(self.jobs.lock().iter().map(|(sweep, _)| &**sweep), self.rules, entry);
        }
    }

    /// The sweeps that have not ended.
    fn pending(&self) -> Vec<Arc<Sweep>> {
        if self.is_empty() {
            return Vec::new();
        }
        self.jobs.lock().iter().map(|(sweep, _)| sweep.clone()).collect()
    }

    fn push(&self, sweep: &Arc<Sweep>, job: Job) {
        let mut jobs = self.jobs.lock();
        jobs.push_back((sweep.clone(), job));
        self.any.store(true, Ordering::Release);
    }

    fn next(&self, shards: usize) -> Option<(Arc<Sweep>, Piece)> {
        let mut jobs = self.jobs.lock();
        while let Some((sweep, job)) = jobs.front_mut() {
            if let Some(piece) = job.next(sweep, self.rules, shards) {
                return Some((sweep.clone(), piece));
            }
            jobs.pop_front();
        }
        self.any.store(false, Ordering::Release);
        None
    }

    /// Nothing is left in a shard for a sweep. Another thread may have found so before.
    fn past(&self, sweep: &Arc<Sweep>, shard: usize) {
        let mut jobs = self.jobs.lock();
        if let Some((front, job)) = jobs.front_mut()
            && Arc::ptr_eq(front, sweep)
        {
            job.past(shard);
        }
    }

    /// The entries that are off their shards, when the memo ends.
    pub(crate) fn end(&self) -> Vec<Removed> {
        let jobs = std::mem::take(&mut *self.jobs.lock());
        let entries = jobs.into_iter().filter_map(|(_, job)| match job {
            Job::Entries { entries, .. } => Some(entries),
            Job::Shards(_) => None,
        });
        entries.flatten().collect()
    }
}

impl MemoCore {
    /// Takes out, or marks, what an invalidation has hit, of a tag or of the memo as a whole.
    pub(crate) fn sweep_after(&self, mut decree: Decree, tags: Option<Ids>) -> Swept {
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: a later sweep finds what is dead, and what is
            // marked shows by its stamps.
            return Swept::Done(0);
        }
        let marks = self.leaves_marked(decree.form);
        decree.form = if marks { Form::Soft } else { Form::Hard };
        let sweep = Arc::new(Sweep { decree, tags, counted: AtomicUsize::new(0) });
        let (size, mut job) = match &sweep.tags {
            Some(tags) => {
                let sizes = self.shards().map(|shard| shard.read().entries.tagged_len(tags));
                (sizes.sum(), Job::Shards(0))
            }
            None if marks => (self.take_off_flights(), Job::Shards(0)),
            None => self.take_off_all(),
        };
        if size <= BITE {
            while let Some(piece) = job.next(&sweep, &self.spec.rules, self.shards().len()) {
                if let Some(shard) = self.work(&sweep, piece) {
                    job.past(shard);
                }
            }
            return Swept::Done(sweep.counted());
        }
        self.backlog.push(&sweep, job);
        // Time stands still in a scope: there everything happens at once.
        let now = matches!(self.clock(), Clock::Manual(_)) || !later(self);
        if now {
            self.drain();
        }
        Swept::Later(sweep)
    }

    /// Takes flights off. How many entries there are.
    fn take_off_flights(&self) -> usize {
        let mut size = 0;
        for shard in self.shards() {
            let mut room = shard.write();
            let flights = room.gated_mut().take_all();
            size += room.entries.len();
            drop(room);
            drop(flights);
        }
        size
    }

    /// Takes flights and entries off, in constant time for each shard.
    fn take_off_all(&self) -> (usize, Job) {
        let (mut size, mut tables) = (0, Vec::new());
        for shard in self.shards() {
            let mut room = shard.write();
            let flights = room.gated_mut().take_all();
            self.held.fetch_sub(room.entries.weight(), Ordering::Relaxed);
            let emptied = room.entries.take_all(self.policy());
            drop(room);
            drop(flights);
            size += emptied.len();
            tables.push(emptied);
        }
        (
            size,
            Job::Entries { entries: Box::new(tables.into_iter().flatten()), before: self.backlog.pending() },
        )
    }

    /// Does what invalidations have left for later.
    pub(crate) fn drain(&self) {
        if crate::sync::is_comparing() {
            return;
        }
        while let Some((sweep, piece)) = self.backlog.next(self.shards().len()) {
            if let Some(shard) = self.work(&sweep, piece) {
                self.backlog.past(&sweep, shard);
            }
        }
    }

    /// Does a piece of a sweep. The shard in which nothing is left, if there is one.
    fn work(&self, sweep: &Sweep, piece: Piece) -> Option<usize> {
        let mut effects = Effects::new();
        let (past, entries) = match piece {
            Piece::Entries(entries) => (None, entries),
            Piece::Shard(at) if sweep.marks() => {
                self.mark_in(sweep, at);
                return Some(at);
            }
            Piece::Shard(at) => {
                let (entries, more) = self.bite(sweep, at);
                ((!more).then_some(at), entries)
            }
        };
        for entry in entries {
            let cause = self.cause(entry.record(), sweep.decree.at, Cause::Invalidated);
            effects.push(entry, cause);
        }
        self.dispose(effects);
        past
    }

    /// Takes some of what a tag's invalidation has killed out of a shard, and whether there may be more.
    fn bite(&self, sweep: &Sweep, shard: usize) -> (Vec<Removed>, bool) {
        let (Some(shard), Some(tags)) = (self.shards().nth(shard), &sweep.tags) else {
            return (Vec::new(), false);
        };
        // Most shards have none of a small tag: nobody who reads there is held up.
        if shard.read().entries.tagged_len(tags) == 0 {
            return (Vec::new(), false);
        }
        let mut room = shard.write();
        let tagged = room.entries.tagged(tags);
        // What was stored after the invalidation is valid, and stays.
        let dead = tagged.filter(|entry| sweep.hits(**entry)).map(|entry| entry.slot);
        let mut dead: Vec<Slot> = dead.take(BITE).collect();
        let more = dead.len() == BITE;
        // An entry that carries several of the tags is taken out once.
        dead.sort_unstable();
        dead.dedup();
        let entries: Vec<_> = dead.into_iter().filter_map(|slot| room.entries.remove(slot)).collect();
        for entry in &entries {
            self.held.fetch_sub(entry.record().weight(), Ordering::Relaxed);
        }
        // Under the lock: who finds nothing left in the shard finds it counted.
        let before = self.backlog.pending();
        for entry in &entries {
            credit(and(&before, sweep), &self.spec.rules, entry.record());
        }
        if !more {
            room.entries.shrink();
        }
        (entries, more)
    }

    /// Marks what an invalidation has made stale in a shard. What is stored meanwhile it has not hit.
    fn mark_in(&self, sweep: &Sweep, shard: usize) {
        let Some(shard) = self.shards().nth(shard) else { return };
        let mut moves = None;
        let mut slots = Vec::new();
        loop {
            let mut room = shard.write();
            if moves != Some(room.entries.moves()) {
                // Entries lie elsewhere now. Those that were marked are not marked again.
                moves = Some(room.entries.moves());
                slots = sweep.meant(&room.entries);
            }
            let rest = slots.len().saturating_sub(BITE);
            let before = self.backlog.pending();
            for slot in slots.drain(rest..) {
                if room.entries.at(slot).is_some_and(|entry| sweep.hits(*entry)) {
                    let told = |entry: Record<'_>| credit(and(&before, sweep), &self.spec.rules, entry);
                    self.mark(&mut room, slot, sweep.decree.at, told);
                }
            }
            if slots.is_empty() {
                break;
            }
        }
        self.world().wants_sweeping();
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
