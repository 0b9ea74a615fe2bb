//! Removing entries, or marking them: by key, by tag, altogether; or because their time is up.
//!
//! Each acts before it returns: flights are taken off first, so that what they compute is not stored,
//! then entries are removed.

use super::Applied;
use super::backlog::{BATCH, candidates};
use super::core::DeferredInvalidation;
use super::{Effects, MemoCore, Shard, ShardState};
use crate::erased::{Erased, ErasedRef};
use crate::event::Cause;
use crate::flight::{Flight, Kind, PreviousEntry};
use crate::policy::{Freshness, SlotId};
use crate::sync::{Ordering, ShardLock};
use crate::table::EntryRef;
use crate::tags::{Carrier, Name, Severity, Stamp};
use crate::time::Tick;

impl MemoCore {
    /// Invalidates one key, in the store behind the memo as well. There first: what is read from it meanwhile belongs to a
    /// flight that ends here.
    #[cfg(feature = "store")]
    pub(crate) fn invalidate_key(&self, key: &Erased, hash: u32, severity: Severity) -> Applied {
        let sent = self.backing().and_then(|backing| backing.invalidate(self, Some(key)));
        self.invalidate_key_here(key, hash, severity).with(sent)
    }

    /// Invalidates one key.
    #[cfg(not(feature = "store"))]
    pub(crate) fn invalidate_key(&self, key: &Erased, hash: u32, severity: Severity) -> Applied {
        self.invalidate_key_here(key, hash, severity)
    }

    /// Invalidates one key in this process.
    pub(crate) fn invalidate_key_here(&self, key: &Erased, hash: u32, severity: Severity) -> Applied {
        if crate::sync::is_comparing() {
            // Shared access is held further up this thread's stack: what is there is dead from here
            // on, and taken out later. So is what was computed from any entry.
            self.defer(hash);
            return self.invalidate_dependents_of_all(severity);
        }
        self.apply_deferred();
        let mut effects = Effects::new();
        let (count, dependency) = self.take_off(hash, |other| self.same(other, key), severity, &mut effects);
        if self.keeps_marked(severity) {
            self.runtime().wake_sweeper();
        }
        let dependents = dependency.map(|name| self.runtime().invalidate_tag(&name, severity));
        self.dispose(effects);
        Applied::new(count) + dependents.unwrap_or_default()
    }

    /// Takes flights off whose key is of this hash and meant, and takes entries out, or marks them. How many entries
    /// were ended by that, and the dependency of the key.
    fn take_off(
        &self,
        hash: u32,
        is_meant: impl Fn(ErasedRef<'_>) -> bool,
        severity: Severity,
        effects: &mut Effects,
    ) -> (usize, Option<Name>) {
        let guard = self.shard(hash).upgradable();
        let entries = guard.entries.of_hash(hash).filter(|entry| is_meant(entry.key));
        let slots: Vec<SlotId> = entries.map(|entry| entry.slot).collect();
        // They are dropped after the shard is released: this may be the last handle of one that ended within an `Eq`.
        let flights = guard.gated().of(hash, &is_meant);
        for flight in &flights {
            flight.context.ends_within();
        }
        let dependency = guard.dependencies.of(hash, is_meant);
        if slots.is_empty() && flights.is_empty() {
            return (0, dependency);
        }
        let mut guard = ShardLock::upgrade(guard);
        for flight in &flights {
            guard.gated_mut().remove(flight);
        }
        let (now, marks) = (self.clock().now(), self.keeps_marked(severity));
        let mut count = 0;
        for slot in slots {
            count += if marks {
                self.mark_one(&mut guard, slot, now)
            } else {
                self.remove(&mut guard, slot, now, effects)
            };
        }
        guard.entries.shrink();
        (count, dependency)
    }

    /// Ends what was there when a flight began, if it still is, and has not been confirmed since. What had to
    /// go is left to the caller. Within an `Eq` nothing is written, so nothing is ended either.
    pub(crate) fn remove_old(&self, flight: &Flight, effects: &mut Effects) {
        if crate::sync::is_comparing() {
            return;
        }
        let guard = self.shard(flight.hash).upgradable();
        let as_it_was =
            |old: PreviousEntry| guard.entries.by_id(old.id).filter(|entry| entry.created() == old.since);
        let slot = flight.old.and_then(as_it_was).map(|entry| entry.slot);
        // What was computed from an entry may outlive it: a refresh ends that though nothing is there.
        if slot.is_some() || flight.kind == Kind::Refresh {
            let same = |other: ErasedRef<'_>| self.same(other, &flight.key);
            effects.dependencies.extend(guard.dependencies.of(flight.hash, same));
        }
        let Some(slot) = slot else { return };
        let mut guard = ShardLock::upgrade(guard);
        self.remove(&mut guard, slot, self.clock().now(), effects);
    }

    /// Whether what an invalidation of this form has hit is marked, and stays. Where no stale window keeps it,
    /// it goes.
    pub(super) fn keeps_marked(&self, severity: Severity) -> bool {
        severity == Severity::Soft && self.spec.rules.has_window()
    }

    /// Marks an entry; how many were fresh.
    fn mark_one(&self, guard: &mut ShardState, slot: SlotId, now: Tick) -> usize {
        let mut count = 0;
        self.mark(guard, slot, now, |entry| {
            count = usize::from(self.freshness(entry, now) == Freshness::Fresh);
        });
        count
    }

    /// Takes an entry out; how many could still have been returned.
    fn remove(&self, guard: &mut ShardState, slot: SlotId, now: Tick, effects: &mut Effects) -> usize {
        let Some(entry) = guard.entries.remove(slot) else { return 0 };
        let record = entry.metadata();
        self.total_weight.fetch_sub(record.weight(), Ordering::Relaxed);
        let was_of_use = self.freshness(record, now) != Freshness::Dead;
        let cause = self.cause(record, now, Cause::Invalidated);
        effects.push(entry, cause);
        usize::from(was_of_use)
    }

    /// Takes out what was invalidated from within a user's `Eq`. Needs no comparison: all entries
    /// of the hash go.
    #[inline]
    pub(crate) fn apply_deferred(&self) {
        if self.has_deferred() {
            self.apply_each(&self.deferred());
        }
    }

    fn apply_each(&self, deferred: &[DeferredInvalidation]) {
        for &DeferredInvalidation { hash, .. } in deferred {
            let mut effects = Effects::new();
            self.take_off(hash, |_| true, Severity::Hard, &mut effects);
            self.dispose(effects);
        }
        if let Some(last) = deferred.last() {
            self.forget_deferred(last.number);
        }
    }

    /// Removes everything.
    #[cfg(test)]
    pub(crate) fn remove_all(&self) -> Applied {
        self.remove_cleared(self.bump_whole(Severity::Hard))
    }

    /// Takes out or marks what an invalidation of the memo as a whole has hit.
    pub(crate) fn remove_cleared(&self, stamp: Stamp) -> Applied {
        self.remove_invalidated(stamp, None) + self.invalidate_dependents_of_all(stamp.severity)
    }

    pub(super) fn bump_whole(&self, severity: Severity) -> Stamp {
        self.runtime().bump_whole([self.revision()].into_iter(), severity)
    }

    /// What is live with one of these tags; all that is live, if every entry carries one.
    pub(crate) fn live_keys(&self, tags: Option<&[u64]>) -> Vec<(Erased, u32)> {
        let mut keys = Vec::new();
        for shard in self.shards() {
            let guard = shard.read();
            let entries =
                candidates(&guard.entries, tags).into_iter().filter_map(|slot| guard.entries.at(slot));
            let live = entries.filter(|entry| self.is_fresh(**entry));
            keys.extend(live.map(|entry| (entry.key.to_owned(), entry.hash)));
        }
        keys
    }

    /// Reclaims entries whose time is up, or that were invalidated where they could not be taken out
    /// at once. How many.
    pub(crate) fn reclaim(&self) -> usize {
        if crate::sync::is_comparing() {
            return 0;
        }
        self.apply_deferred();
        self.drain();
        let now = self.clock().now();
        self.shards().map(|shard| self.reclaim_in(shard, now)).sum()
    }

    fn reclaim_in(&self, shard: &Shard, now: Tick) -> usize {
        let is_dead = |entry: &EntryRef<'_>| self.freshness(**entry, now) == Freshness::Dead;
        let mut count = 0;
        let (mut from, mut more) = (0, true);
        while more {
            // Most pieces have nothing dead in them: nobody who reads there is held up.
            let any = {
                let guard = shard.read();
                let (mut entries, beyond) = guard.entries.range(from, BATCH);
                more = beyond;
                entries.any(|entry| is_dead(&entry))
            };
            if any {
                count += self.reclaim_from(shard, from, now);
            }
            from += BATCH;
        }
        // Due though nothing is dead: the entry of that time has left by another way or was read since, or
        // nothing carries a dependency any more.
        let due = {
            let guard = shard.read();
            count > 0 || guard.entries.earliest() <= now || guard.dependencies.has_dead()
        };
        if due {
            let mut guard = shard.write();
            guard.entries.settle(&self.spec.rules);
            let gone = guard.dependencies.remove_dead();
            drop(guard);
            self.drop_keys(gone);
        }
        count
    }

    /// Reclaims what is dead in some slots of a shard. Entries may have moved meanwhile; what is missed so is
    /// found by the next sweep.
    fn reclaim_from(&self, shard: &Shard, from: usize, now: Tick) -> usize {
        let mut effects = Effects::new();
        let mut guard = shard.write();
        let (entries, _) = guard.entries.range(from, BATCH);
        let dead = entries.filter(|entry| self.freshness(**entry, now) == Freshness::Dead);
        let dead: Vec<(SlotId, u32)> = dead.map(|entry| (entry.slot, entry.hash)).collect();
        for &(slot, hash) in &dead {
            guard.dependencies.note_replaced(hash);
            self.remove(&mut guard, slot, now, &mut effects);
        }
        drop(guard);
        self.dispose(effects);
        dead.len()
    }

    /// Whether a sweep would find something by now, and whether it ever could.
    pub(crate) fn expiry_due(&self, now: Tick) -> (bool, bool) {
        let earliest = self.shards().map(|shard| shard.read().entries.earliest()).min();
        let earliest = earliest.unwrap_or(crate::time::NEVER);
        (earliest <= now, earliest < crate::time::NEVER)
    }

    /// Bounds the memo anew, and evicts what is too much.
    pub(crate) fn bound(&self, capacity: usize) {
        self.capacity.store(capacity, Ordering::Relaxed);
        if capacity == usize::MAX || crate::sync::is_comparing() {
            return;
        }
        for shard in self.shards() {
            shard.write().entries.bound(self.spec.policy);
        }
        // What has left is disposed of as it goes: it may be much.
        self.evict_down_to(capacity, 0, &mut Effects::new(), |evicted| {
            self.dispose(std::mem::replace(evicted, Effects::new()));
        });
        for shard in self.shards() {
            shard.write().entries.settle(&self.spec.rules);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::memo::{MemoSpec, Runtime};
    use crate::spec::Spec;
    use crate::tests::test_memo::TestMemo;
    use crate::time::{Clock, Manual};

    #[test]
    fn nothing_is_due_after_what_was_due_has_left() {
        let time = Arc::new(Manual::default());
        let spec = Spec::new("stage", &["key"]).ttl(Duration::from_millis(10));
        let cache = TestMemo::within(Runtime::new(Clock::Manual(time.clone())), spec, MemoSpec::new());
        cache.call(1, &[], || Ok(1)).unwrap();
        assert_eq!(cache.memo.expiry_due(0), (false, true));
        cache.invalidate(1);
        time.advance(20);
        assert_eq!(cache.memo.expiry_due(20), (true, true));
        assert_eq!(cache.memo.reclaim(), 0);
        assert_eq!(cache.memo.expiry_due(20), (false, false), "the sweeper would never rest");
    }

    /// Invalidations of key 1 that work from within a key's `Eq`.
    const WITHIN_EQ: [fn(&TestMemo) -> usize; 5] = [
        |cache| cache.invalidate(1),
        |cache| cache.memo.remove_all().count(),
        |cache| cache.invalidate_tag("all"),
        |cache| cache.invalidate_tag("cat"),
        |cache| cache.invalidate_if(|_| true, Severity::Hard),
    ];

    #[test]
    fn an_invalidation_within_an_eq_takes_effect_at_once() {
        for invalidate in WITHIN_EQ {
            let cache = TestMemo::new(Spec::new("stage", &["key"]).tags(&["all"]));
            cache.call(1, &["cat"], || Ok(1)).unwrap();
            crate::sync::comparing(|| invalidate(&cache) == 0);
            assert_eq!(cache.get(1), None);
            cache.memo.reclaim();
            assert_eq!((cache.get(1), cache.memo.total_weight.load(Ordering::Relaxed)), (None, 0));
            assert_eq!(cache.call(1, &[], || Ok(3)), Ok(3));
        }
    }

    #[test]
    fn what_is_computed_while_an_eq_invalidates_is_not_stored() {
        for invalidate in WITHIN_EQ {
            let cache = TestMemo::new(Spec::new("stage", &["key"]).tags(&["all"]));
            let body = || {
                crate::sync::comparing(|| invalidate(&cache) == 0);
                Ok(1)
            };
            assert_eq!(cache.call(1, &["cat"], body), Ok(1));
            assert_eq!(cache.get(1), None);
        }
    }

    #[test]
    fn an_invalidation_within_an_eq_spares_other_keys_and_is_forgotten() {
        let cache = TestMemo::new(Spec::new("stage", &["key"]));
        cache.call(1, &[], || Ok(1)).unwrap();
        cache.call(2, &[], || Ok(2)).unwrap();
        crate::sync::comparing(|| cache.invalidate(1) == 0);
        cache.memo.apply_deferred();
        assert!(cache.memo.deferred().is_empty());
        assert_eq!((cache.get(1), cache.get(2)), (None, Some(2)));
    }

    #[test]
    fn a_call_within_an_eq_writes_to_no_shard_where_tags_are_inherited() {
        let pages = TestMemo::new(Spec::new("page", &["key"]).inherit_tags());
        let cats = TestMemo::within(pages.runtime.clone(), Spec::new("cat", &["key"]), MemoSpec::new());
        let body = || {
            let held = cats.memo.shard(cats.hash(1)).read();
            let mut cat = Ok(0);
            crate::sync::comparing(|| {
                cat = cats.call(1, &[], || Ok(1));
                true
            });
            drop(held);
            cat
        };
        assert_eq!(pages.call(1, &[], body), Ok(1));
        assert_eq!(pages.get(1), None, "what it was computed from could not be noted");
    }

    /// Who calls after the invalidation does not even wait for what it has doomed.
    #[test]
    fn a_doomed_computation_holds_nobody_up() {
        let spec = Spec::new("stage", &["key"]).tags(&["all"]).max_wait(Duration::from_secs(100));
        let invalidations: [fn(&TestMemo) -> usize; 5] = [
            |cache| cache.invalidate(1),
            |cache| cache.memo.remove_all().count(),
            |cache| cache.invalidate_tag("all"),
            |cache| cache.invalidate_if(|_| true, Severity::Hard),
            |cache| usize::from(!cache.put(1, 2, crate::memo::When::Always)),
        ];
        for invalidate in invalidations {
            let cache = TestMemo::new(spec);
            let body = || {
                assert_eq!(invalidate(&cache), 0);
                std::thread::scope(|scope| scope.spawn(|| cache.call(1, &[], || Ok(2))).join().unwrap())?;
                Ok(1)
            };
            assert_eq!(cache.call(1, &[], body), Ok(1));
            assert_eq!(cache.get(1), Some(2), "the doomed value was stored");
            let stats = cache.memo.counters.read();
            assert_eq!((stats.waits, stats.overtaken), (0, 1));
        }
    }
}
