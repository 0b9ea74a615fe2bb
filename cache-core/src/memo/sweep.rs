//! Taking out what an invalidation of many entries has declared dead.
//!
//! The invalidation has taken effect when this begins; what is left to do is to give memory back and to
//! count. A few entries are taken out at once. More are left to the sweeper's thread, so that neither
//! the caller nor anybody who reads is held up; who asks how many there were helps it.

use std::collections::VecDeque;
use std::iter::Flatten;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use hashbrown::HashTable;

use super::{Data, Garbage, TypedMemo};
use crate::event::Cause;
use crate::policy::{Evictor, Node};
use crate::store::{Emptied, Resident, Rest};
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::tags::Number;
use crate::time::{Clock, Tick};

/// Entries that one hold of a lock takes out, and how many are taken out before the call returns.
pub(super) const BITE: usize = 256;

/// What one invalidation has declared dead.
pub(crate) struct Sweep {
    number: Number,
    /// Entries that carry this tag, or all.
    tag: Option<u64>,
    /// What had expired by then was not alive.
    at: Tick,
    counted: AtomicUsize,
}

impl Sweep {
    /// Whether an entry has died of this at the latest.
    fn kills<K, V>(&self, entry: &Resident<K, V>) -> bool {
        let carries = |tag| entry.tags().iter().any(|mark| mark.id == tag);
        entry.verified() < self.number && self.tag.is_none_or(carries)
    }

    fn count<K, V>(&self, entry: &Resident<K, V>) {
        if !entry.expired(self.at) {
            self.counted.fetch_add(1, Atomic::Relaxed);
        }
    }

    /// How many it has taken out so far that were alive.
    pub(crate) fn counted(&self) -> usize {
        self.counted.load(Atomic::Relaxed)
    }
}

/// How far a sweep has come when the invalidation returns.
pub(crate) enum Swept {
    /// So many live entries were taken out.
    Done(usize),
    /// It goes on.
    Later(Arc<Sweep>),
}

/// What a sweep has yet to do.
enum Job<K, V> {
    /// To go over the shards, from this one on.
    Shards(usize),
    /// To take leave of entries that a clear has taken off their shards at once.
    Entries {
        entries: Flatten<std::vec::IntoIter<HashTable<Resident<K, V>>>>,
        /// What the shards kept about them.
        rest: Vec<Rest>,
        /// Sweeps that had not ended then: what these kill is theirs to count.
        before: Vec<Arc<Sweep>>,
    },
}

/// A part of it that one hold of a lock does.
enum Piece<K, V> {
    Shard(usize),
    Entries(Vec<Resident<K, V>>),
    Rest(#[expect(dead_code, reason = "to be dropped")] Vec<Rest>),
}

/// What is left for later, in the order of the invalidations.
pub(crate) struct Backlog<K, V> {
    jobs: Mutex<VecDeque<(Arc<Sweep>, Job<K, V>)>>,
    any: AtomicBool,
}

/// Counts a dead entry for what has killed it, if that is yet to be swept.
fn credit<'s, K, V>(mut sweeps: impl Iterator<Item = &'s Sweep>, entry: &Resident<K, V>) {
    if let Some(killer) = sweeps.find(|sweep| sweep.kills(entry)) {
        killer.count(entry);
    }
}

/// The same for entries that a sweep takes out, and those before it that had not ended.
fn credit_all<K, V>(before: &[Arc<Sweep>], sweep: &Sweep, entries: &[Resident<K, V>]) {
    for entry in entries {
        credit(before.iter().map(|sweep| &**sweep).chain([sweep]), entry);
    }
}

impl<K, V> Job<K, V> {
    /// The next piece; none if there is no more.
    fn next(&mut self, sweep: &Sweep, shards: usize) -> Option<Piece<K, V>> {
        match self {
            Self::Shards(at) => (*at < shards).then_some(Piece::Shard(*at)),
            Self::Entries { rest, .. } if !rest.is_empty() => Some(Piece::Rest(std::mem::take(rest))),
            Self::Entries { entries, before, .. } => {
                let some: Vec<_> = entries.take(BITE).collect();
                credit_all(before, sweep, &some);
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

impl<K, V> Backlog<K, V> {
    pub(crate) fn new() -> Self {
        Self { jobs: Mutex::new(VecDeque::new()), any: AtomicBool::new(false) }
    }

    fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// A dead entry leaves by another way than its sweep.
    pub(super) fn credit(&self, entry: &Resident<K, V>) {
        if !self.is_empty() {
            credit(self.jobs.lock().iter().map(|(sweep, _)| &**sweep), entry);
        }
    }

    /// The sweeps that have not ended.
    fn pending(&self) -> Vec<Arc<Sweep>> {
        if self.is_empty() {
            return Vec::new();
        }
        self.jobs.lock().iter().map(|(sweep, _)| sweep.clone()).collect()
    }

    fn push(&self, sweep: &Arc<Sweep>, job: Job<K, V>) {
        let mut jobs = self.jobs.lock();
        jobs.push_back((sweep.clone(), job));
        self.any.store(true, Ordering::Release);
    }

    fn next(&self, shards: usize) -> Option<(Arc<Sweep>, Piece<K, V>)> {
        let mut jobs = self.jobs.lock();
        while let Some((sweep, job)) = jobs.front_mut() {
            if let Some(piece) = job.next(sweep, shards) {
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
    pub(crate) fn end(&self) -> Vec<Resident<K, V>> {
        let jobs = std::mem::take(&mut *self.jobs.lock());
        let entries = jobs.into_iter().filter_map(|(_, job)| match job {
            Job::Entries { entries, .. } => Some(entries),
            Job::Shards(_) => None,
        });
        entries.flatten().collect()
    }
}

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Takes out what an invalidation, of a tag or of the memo as a whole, has declared dead.
    pub(crate) fn sweep_after(&self, number: Number, tag: Option<u64>) -> Swept {
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: a later sweep finds what is dead.
            return Swept::Done(0);
        }
        let at = self.clock().now();
        let sweep = Arc::new(Sweep { number, tag, at, counted: AtomicUsize::new(0) });
        let (size, mut job) = match tag {
            Some(tag) => {
                let sizes = self.shards().map(|shard| shard.read().residents.tagged_len(tag));
                (sizes.sum(), Job::Shards(0))
            }
            None => self.take_off_all(),
        };
        if size <= BITE {
            while let Some(piece) = job.next(&sweep, self.shards().len()) {
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

    /// Takes flights and entries off, in constant time for each shard.
    fn take_off_all(&self) -> (usize, Job<K, V>) {
        let (mut size, mut tables, mut rests) = (0, Vec::new(), Vec::new());
        for shard in self.shards() {
            let mut room = shard.write();
            let evictor = match self.capacity.load(Ordering::Relaxed) {
                usize::MAX => Evictor::Unbounded,
                _ => self.fresh_evictor(),
            };
            let flights = room.flights.take_all();
            self.held.fetch_sub(room.residents.weight(), Ordering::Relaxed);
            let Emptied { entries, rest } = room.residents.take_all(evictor);
            drop(room);
            drop(flights);
            size += entries.len();
            tables.push(entries);
            rests.push(rest);
        }
        let entries = tables.into_iter().flatten();
        (size, Job::Entries { entries, rest: rests, before: self.backlog.pending() })
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
    fn work(&self, sweep: &Sweep, piece: Piece<K, V>) -> Option<usize> {
        let mut garbage = Garbage::new();
        let (past, entries) = match piece {
            Piece::Rest(_) => return None,
            Piece::Entries(entries) => (None, entries),
            Piece::Shard(at) => {
                let entries = self.bite(sweep, at);
                ((entries.len() < BITE).then_some(at), entries)
            }
        };
        for entry in entries {
            let cause = if entry.expired(sweep.at) { Cause::Expired } else { Cause::Invalidated };
            garbage.push(entry, cause);
        }
        self.dispose(garbage);
        past
    }

    /// Takes some of what a tag's invalidation has killed out of a shard.
    fn bite(&self, sweep: &Sweep, shard: usize) -> Vec<Resident<K, V>> {
        let (Some(shard), Some(tag)) = (self.shards().nth(shard), sweep.tag) else { return Vec::new() };
        // Most shards have none of a small tag: nobody who reads there is held up.
        if shard.read().residents.tagged_len(tag) == 0 {
            return Vec::new();
        }
        let mut room = shard.write();
        let tagged = room.residents.tagged(tag);
        // What was stored after the invalidation is valid, and stays.
        let dead = tagged.filter(|node| room.residents.at(*node).is_some_and(|entry| sweep.kills(entry)));
        let dead: Vec<Node> = dead.take(BITE).collect();
        let entries: Vec<_> = dead.into_iter().filter_map(|node| room.residents.remove(node)).collect();
        for entry in &entries {
            self.held.fetch_sub(entry.weight as usize, Ordering::Relaxed);
        }
        // Under the lock: who finds nothing left in the shard finds it counted.
        credit_all(&self.backlog.pending(), sweep, &entries);
        if entries.len() < BITE {
            room.residents.shrink();
        }
        entries
    }
}

/// Leaves a memo's backlog to the sweeper. Whether there is one.
#[cfg(not(loom))]
fn later<K: Data, V: Data>(memo: &TypedMemo<K, V>) -> bool {
    crate::sweeper::drain(memo.arc())
}

/// Nothing sweeps in a model.
#[cfg(loom)]
fn later<K: Data, V: Data>(_: &TypedMemo<K, V>) -> bool {
    false
}
