//! Removing entries, or marking them: by key, predicate, altogether; or because their time is up.
//!
//! Each acts before it returns: flights are taken off first, so that what they compute is not stored,
//! then entries are removed. User code (predicates, `Debug` of keys) sees copies, outside every lock.

use std::collections::HashMap;

use super::backlog::BITE;
use super::core::Deferred;
use super::dependents::Spared;
use super::judging::Judgement;
use super::{Effects, MemoCore, Room, Shard};
use crate::erased::{Erased, ErasedRef};
use crate::event::Cause;
use crate::flight::{Flight, Kind, Old};
use crate::invalidate::Applied;
use crate::policy::{Slot, State};
use crate::store::EntryRef;
use crate::sync::{Ordering, ShardLock};
use crate::tags::{Carrier, Decree, Form, Number};
use crate::time::Tick;

impl MemoCore {
    /// Invalidates one key.
    pub(crate) fn invalidate_key(&self, key: &Erased, hash: u32, form: Form) -> Applied {
        if crate::sync::is_comparing() {
            // Shared access is held further up this thread's stack: what is there is dead from here
            // on, and taken out later. So is what was computed from any entry.
            self.defer(hash);
            return self.invalidate_dependents_of_all(form);
        }
        self.settle_deferred();
        let same = |other: ErasedRef<'_>| self.same(other, key);
        let room = self.shard(hash).upgradable();
        let existing = room.entries.find(hash, same).map(|entry| entry.slot);
        let flights = room.gated().of(hash, same);
        for flight in &flights {
            flight.context.ends_within();
        }
        let source = room.sources.of(hash, same);
        let mut effects = Effects::new();
        let mut count = 0;
        if existing.is_some() || !flights.is_empty() {
            let mut room = ShardLock::upgrade(room);
            for flight in &flights {
                room.gated_mut().remove(flight);
            }
            let now = self.clock().now();
            count = match existing {
                Some(slot) if self.leaves_marked(form) => self.mark_one(&mut room, slot, now),
                Some(slot) => self.remove(&mut room, slot, now, &mut effects),
                None => 0,
            };
            room.entries.shrink();
            drop(room);
        } else {
            drop(room);
        }
        if self.leaves_marked(form) {
            self.world().wants_sweeping();
        }
        let dependents = source.map(|name| self.world().invalidate_tag(&name, form));
        self.dispose(effects);
        Applied::new(count) + dependents.unwrap_or_default()
    }

    /// Ends what was there when a flight began, if it still is, and has not been confirmed since. What had to
    /// go is left to the caller. Within an `Eq` nothing is written, so nothing is ended either.
    pub(crate) fn end_old(&self, flight: &Flight, effects: &mut Effects) {
        if crate::sync::is_comparing() {
            return;
        }
        let room = self.shard(flight.hash).upgradable();
        let as_it_was = |old: Old| room.entries.named(old.id).filter(|entry| entry.created() == old.since);
        let slot = flight.old.and_then(as_it_was).map(|entry| entry.slot);
        // What was computed from an entry may outlive it: a refresh ends that though nothing is there.
        if slot.is_some() || flight.kind == Kind::Refresh {
            let same = |other: ErasedRef<'_>| self.same(other, &flight.key);
            effects.sources.extend(room.sources.of(flight.hash, same));
        }
        let Some(slot) = slot else { return };
        let mut room = ShardLock::upgrade(room);
        self.remove(&mut room, slot, self.clock().now(), effects);
    }

    /// Whether what an invalidation of this form has hit is marked, and stays. Where no stale window keeps it,
    /// it goes.
    pub(super) fn leaves_marked(&self, form: Form) -> bool {
        form == Form::Soft && self.spec.rules.has_window()
    }

    /// Marks an entry; how many were fresh.
    fn mark_one(&self, room: &mut Room, slot: Slot, now: Tick) -> usize {
        let mut count = 0;
        self.mark(room, slot, now, |entry| {
            self.backlog.credit(entry);
            count = usize::from(self.state(entry, now) == State::Fresh);
        });
        count
    }

    /// Takes an entry out; how many could still have been returned.
    fn remove(&self, room: &mut Room, slot: Slot, now: Tick, effects: &mut Effects) -> usize {
        let Some(entry) = room.entries.remove(slot) else { return 0 };
        let record = entry.record();
        self.held.fetch_sub(record.weight(), Ordering::Relaxed);
        self.backlog.credit(record);
        let was_of_use = self.state(record, now) != State::Dead;
        let cause = self.cause(record, now, Cause::Invalidated);
        effects.push(entry, cause);
        usize::from(was_of_use)
    }

    /// Takes out what was invalidated from within a user's `Eq`. Needs no comparison: all entries
    /// of the hash go.
    #[inline]
    pub(crate) fn settle_deferred(&self) {
        if self.has_deferred() {
            self.settle_each(&self.deferred());
        }
    }

    fn settle_each(&self, deferred: &[Deferred]) {
        for &Deferred { hash, .. } in deferred {
            let mut effects = Effects::new();
            let mut room = self.shard(hash).write();
            let slots: Vec<Slot> = room.entries.of_hash(hash).map(|entry| entry.slot).collect();
            // Held until the shard is released: of one that has ended within the `Eq` this is the last.
            let flights = room.gated().of(hash, |_| true);
            for flight in &flights {
                flight.context.ends_within();
                room.gated_mut().remove(flight);
            }
            let now = self.clock().now();
            for slot in slots {
                self.remove(&mut room, slot, now, &mut effects);
            }
            drop(room);
            self.dispose(effects);
        }
        if let Some(last) = deferred.last() {
            self.forget_deferred(last.number);
        }
    }

    /// Removes everything.
    #[cfg(test)]
    pub(crate) fn remove_all(&self) -> Applied {
        self.sweep_cleared(self.bump_whole(Form::Hard))
    }

    /// Takes out or marks what an invalidation of the memo as a whole has hit.
    pub(crate) fn sweep_cleared(&self, decree: Decree) -> Applied {
        let swept = Applied::swept(self.arc(), self.sweep_after(decree, None));
        swept + self.invalidate_dependents_of_all(decree.form)
    }

    fn bump_whole(&self, form: Form) -> Decree {
        self.world().bump_whole([self.revision()].into_iter(), form)
    }

    /// Invalidates the entries that `condemned` picks by key and value. Flights whose key `doomed` picks
    /// are taken off first.
    pub(crate) fn invalidate_where(
        &self,
        doomed: &dyn Fn(&Erased) -> bool,
        condemned: &dyn Fn(&Erased, &Erased) -> bool,
        form: Form,
    ) -> Applied {
        if crate::sync::is_comparing() {
            // What matches cannot be told without running user code; what is there goes.
            self.bump_whole(form);
            return self.invalidate_dependents_of_all(form);
        }
        let judgement = Judgement::of(vec![self]);
        let flown = self.doom(doomed, Number::MAX);
        // Entries that stay, whose dependents do so, too; unless these wait for what was taken off.
        let mut spared: Spared = HashMap::default();
        let mut applied = Applied::default();
        for shard in self.shards() {
            let entries = self.of_use_in(&shard.read());
            for (key, value, hash) in entries {
                if condemned(&key, &value) {
                    // By key, not by entry: what an update has made of it meanwhile goes as well.
                    applied += self.invalidate_key(&key, hash, form);
                } else if self.is_tracked() && !flown.contains(&hash) {
                    spared.entry(hash).or_default().push(key);
                }
            }
        }
        judgement.pass();
        self.doom(doomed, self.judged());
        drop(judgement);
        applied + self.invalidate_dependents_where(doomed, &spared, form)
    }

    /// What is fresh or stale in a shard, with its hash.
    fn of_use_in(&self, room: &Room) -> Vec<(Erased, Erased, u32)> {
        let now = self.clock().coarse();
        let of_use = room.entries.iter().filter(|entry| self.state(**entry, now) != State::Dead);
        of_use.map(|entry| (entry.key.to_owned(), entry.value.to_owned(), entry.hash)).collect()
    }

    /// What is live with one of these tags; all that is live, if every entry carries one.
    pub(crate) fn live_keys(&self, tags: Option<&[u64]>) -> Vec<(Erased, u32)> {
        let mut keys = Vec::new();
        for shard in self.shards() {
            let room = shard.read();
            let live = |entry: &EntryRef<'_>| self.fresh(**entry);
            let address = |entry: EntryRef<'_>| (entry.key.to_owned(), entry.hash);
            match tags {
                None => keys.extend(room.entries.iter().filter(live).map(address)),
                Some(tags) => {
                    let mut slots: Vec<Slot> = room.entries.tagged(tags).map(|entry| entry.slot).collect();
                    slots.sort_unstable();
                    slots.dedup();
                    let tagged = slots.into_iter().filter_map(|slot| room.entries.at(slot));
                    keys.extend(tagged.filter(live).map(address));
                }
            }
        }
        keys
    }

    /// Reclaims entries whose time is up, or that were invalidated where they could not be taken out
    /// at once. How many.
    pub(crate) fn reclaim(&self) -> usize {
        if crate::sync::is_comparing() {
            return 0;
        }
        self.settle_deferred();
        self.drain();
        let now = self.clock().now();
        self.shards().map(|shard| self.reclaim_in(shard, now)).sum()
    }

    fn reclaim_in(&self, shard: &Shard, now: Tick) -> usize {
        let is_dead = |entry: &EntryRef<'_>| self.state(**entry, now) == State::Dead;
        let mut count = 0;
        let (mut from, mut more) = (0, true);
        while more {
            // Most pieces have nothing dead in them: nobody who reads there is held up.
            let any = {
                let room = shard.read();
                let (mut entries, beyond) = room.entries.range(from, BITE);
                more = beyond;
                entries.any(|entry| is_dead(&entry))
            };
            if any {
                count += self.reclaim_from(shard, from, now);
            }
            from += BITE;
        }
        // Due though nothing is dead: the entry of that time has left by another way or was read since, or
        // nothing carries a source any more.
        let due = {
            let room = shard.read();
            count > 0 || room.entries.earliest() <= now || room.sources.has_dead()
        };
        if due {
            let mut room = shard.write();
            room.entries.settle(&self.spec.rules);
            let gone = room.sources.settle();
            drop(room);
            self.drop_keys(gone);
        }
        count
    }

    /// Reclaims what is dead in some slots of a shard. Entries may have moved meanwhile; what is missed so is
    /// found by the next sweep.
    fn reclaim_from(&self, shard: &Shard, from: usize, now: Tick) -> usize {
        let mut effects = Effects::new();
        let mut room = shard.write();
        let (entries, _) = room.entries.range(from, BITE);
        let dead = entries.filter(|entry| self.state(**entry, now) == State::Dead);
        let dead: Vec<(Slot, u32)> = dead.map(|entry| (entry.slot, entry.hash)).collect();
        for &(slot, hash) in &dead {
            room.sources.mix(hash);
            self.remove(&mut room, slot, now, &mut effects);
        }
        drop(room);
        self.dispose(effects);
        dead.len()
    }

    /// Whether a sweep would find something by now, and whether it ever could.
    pub(crate) fn sweep_due(&self, now: Tick) -> (bool, bool) {
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
    use crate::fixture::Stage;
    use crate::memo::MemoSpec;
    use crate::spec::Spec;
    use crate::time::{Clock, Manual};
    use crate::world::World;

    #[test]
    fn nothing_is_due_after_what_was_due_has_left() {
        let time = Arc::new(Manual::default());
        let spec = Spec::new("stage", &["key"]).ttl(Duration::from_millis(10));
        let stage = Stage::within(World::new(Clock::Manual(time.clone())), spec, MemoSpec::new());
        stage.call(1, &[], || Ok(1)).unwrap();
        assert_eq!(stage.memo.sweep_due(0), (false, true));
        stage.invalidate(1);
        time.advance(20);
        assert_eq!(stage.memo.sweep_due(20), (true, true));
        assert_eq!(stage.memo.reclaim(), 0);
        assert_eq!(stage.memo.sweep_due(20), (false, false), "the sweeper would never rest");
    }

    /// Invalidations of key 1 that work from within a key's `Eq`.
    const WITHIN_EQ: [fn(&Stage) -> usize; 5] = [
        |stage| stage.invalidate(1),
        |stage| stage.memo.remove_all().count(),
        |stage| stage.invalidate_tag("all"),
        |stage| stage.invalidate_tag("cat"),
        |stage| stage.invalidate_if(|_| true, Form::Hard),
    ];

    #[test]
    fn an_invalidation_within_an_eq_takes_effect_at_once() {
        for invalidate in WITHIN_EQ {
            let stage = Stage::new(Spec::new("stage", &["key"]).tags(&["all"]));
            stage.call(1, &["cat"], || Ok(1)).unwrap();
            crate::sync::comparing(|| invalidate(&stage) == 0);
            assert_eq!(stage.get(1), None);
            stage.memo.reclaim();
            assert_eq!((stage.get(1), stage.memo.held.load(Ordering::Relaxed)), (None, 0));
            assert_eq!(stage.call(1, &[], || Ok(3)), Ok(3));
        }
    }

    #[test]
    fn what_is_computed_while_an_eq_invalidates_is_not_stored() {
        for invalidate in WITHIN_EQ {
            let stage = Stage::new(Spec::new("stage", &["key"]).tags(&["all"]));
            let body = || {
                crate::sync::comparing(|| invalidate(&stage) == 0);
                Ok(1)
            };
            assert_eq!(stage.call(1, &["cat"], body), Ok(1));
            assert_eq!(stage.get(1), None);
        }
    }

    #[test]
    fn an_invalidation_within_an_eq_spares_other_keys_and_is_forgotten() {
        let stage = Stage::new(Spec::new("stage", &["key"]));
        stage.call(1, &[], || Ok(1)).unwrap();
        stage.call(2, &[], || Ok(2)).unwrap();
        crate::sync::comparing(|| stage.invalidate(1) == 0);
        stage.memo.settle_deferred();
        assert!(stage.memo.deferred().is_empty());
        assert_eq!((stage.get(1), stage.get(2)), (None, Some(2)));
    }

    #[test]
    fn a_call_within_an_eq_writes_to_no_shard_where_tags_are_inherited() {
        let pages = Stage::new(Spec::new("page", &["key"]).inherit_tags());
        let cats = Stage::within(pages.world.clone(), Spec::new("cat", &["key"]), MemoSpec::new());
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
        let invalidations: [fn(&Stage) -> usize; 5] = [
            |stage| stage.invalidate(1),
            |stage| stage.memo.remove_all().count(),
            |stage| stage.invalidate_tag("all"),
            |stage| stage.invalidate_if(|_| true, Form::Hard),
            |stage| usize::from(!stage.put(1, 2, crate::memo::When::Always)),
        ];
        for invalidate in invalidations {
            let stage = Stage::new(spec);
            let body = || {
                assert_eq!(invalidate(&stage), 0);
                std::thread::scope(|scope| scope.spawn(|| stage.call(1, &[], || Ok(2))).join().unwrap())?;
                Ok(1)
            };
            assert_eq!(stage.call(1, &[], body), Ok(1));
            assert_eq!(stage.get(1), Some(2), "the doomed value was stored");
            let stats = stage.memo.counters.read();
            assert_eq!((stats.waits, stats.overtaken), (0, 1));
        }
    }
}
