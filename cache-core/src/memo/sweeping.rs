//! Removing entries: by key, tag, predicate, altogether, or because their time is up.
//!
//! Each acts before it returns: flights are taken off first, so that what they compute is not stored,
//! then entries are removed. User code (predicates, `Debug` of keys) sees copies, outside every lock.

use std::collections::HashMap;
use std::sync::Arc;

use super::judging::Judgement;
use super::sources::Spared;
use super::sweep::BITE;
use super::typed::Deferred;
use super::{Data, Garbage, Room, TypedMemo};
use crate::event::Cause;
use crate::flight::Flight;
use crate::invalidate::Applied;
use crate::policy::Node;
use crate::store::Resident;
use crate::sync::{Ordering, ShardLock};
use crate::tags::{Carrier, Number};
use crate::time::Tick;

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Invalidates one key.
    pub(crate) fn invalidate_key(&self, key: &K, hash: u32) -> Applied {
        if crate::sync::is_comparing() {
            // Shared access is held further up this thread's stack: what is there is dead from here
            // on, and taken out later. So is what was computed from any entry.
            self.defer(hash);
            return self.invalidate_dependents_of_all();
        }
        self.settle_deferred();
        let same = |other: &K| (self.key_fns.same)(other, key);
        let room = self.shard(hash).upgradable();
        let existing = room.residents.find(hash, same).map(|entry| entry.node);
        let flights = room.flights.of(hash, same);
        let source = room.sources.of(hash, same);
        let mut garbage = Garbage::new();
        garbage.sources.extend(source);
        let mut count = 0;
        if existing.is_some() || !flights.is_empty() {
            let mut room = ShardLock::upgrade(room);
            count = self.remove(&mut room, &flights, existing, &mut garbage);
            drop(room);
        } else {
            drop(room);
        }
        Applied::new(count) + self.dispose(garbage)
    }

    /// Takes flights off and entries out; how many of these were live.
    fn remove(
        &self,
        room: &mut Room<K, V>,
        flights: &[Arc<Flight<K, V>>],
        nodes: impl IntoIterator<Item = Node>,
        garbage: &mut Garbage<K, V>,
    ) -> usize {
        for flight in flights {
            room.flights.remove(flight);
        }
        let now = self.clock().now();
        let mut count = 0;
        for node in nodes {
            if let Some(entry) = room.residents.remove(node) {
                self.held.fetch_sub(entry.weight as usize, Ordering::Relaxed);
                self.backlog.credit(&entry);
                let expired = entry.expired(now);
                count += usize::from(!expired && self.valid(&entry));
                garbage.push(entry, if expired { Cause::Expired } else { Cause::Invalidated });
            }
        }
        count
    }

    /// Takes out what was invalidated from within a user's `Eq`. Needs no comparison: all entries
    /// of the hash go.
    pub(crate) fn settle_deferred(&self) {
        let deferred = self.deferred();
        for &Deferred { hash, .. } in &deferred {
            let mut garbage = Garbage::new();
            let mut room = self.shard(hash).write();
            let nodes: Vec<Node> =
                room.residents.iter().map(|entry| entry.node).filter(|node| node.hash == hash).collect();
            let flights = room.flights.of(hash, |_| true);
            self.remove(&mut room, &flights, nodes, &mut garbage);
            drop(room);
            self.dispose(garbage);
        }
        if let Some(last) = deferred.last() {
            self.forget_deferred(last.number);
        }
    }

    /// Removes everything.
    #[cfg(test)]
    pub(crate) fn remove_all(&self) -> Applied {
        self.sweep_cleared(self.declare_all_dead())
    }

    /// The same, after it was declared dead.
    pub(crate) fn sweep_cleared(&self, number: Number) -> Applied {
        Applied::swept(self.arc(), self.sweep_after(number, None)) + self.invalidate_dependents_of_all()
    }

    fn declare_all_dead(&self) -> Number {
        self.world().tags.bump(|number| self.revision().raise(number, true))
    }

    /// Removes the entries that `condemned` picks by key and value. Flights whose key `doomed` picks
    /// are taken off first.
    pub(crate) fn remove_where(
        &self,
        doomed: impl Fn(&K) -> bool,
        condemned: impl Fn(&K, &V) -> bool,
    ) -> Applied {
        if crate::sync::is_comparing() {
            // What matches cannot be told without running user code; what is there goes.
            self.declare_all_dead();
            return self.invalidate_dependents_of_all();
        }
        let judgement = Judgement::of(vec![self]);
        let flown = self.doom(&doomed, Number::MAX);
        // Entries that stay, whose dependents do so, too; unless these wait for what was taken off.
        let mut spared: Spared<K> = HashMap::default();
        let mut applied = Applied::default();
        for shard in self.shards() {
            let see = |entry: &Resident<K, V>| (entry.key.clone(), entry.value.clone(), entry.node.hash);
            let entries = self.live_in(&shard.read(), see);
            for (key, value, hash) in entries {
                if condemned(&key, &value) {
                    // By key, not by entry: what an update has made of it meanwhile goes as well.
                    applied += self.invalidate_key(&key, hash);
                } else if self.is_tracked() && !flown.contains(&hash) {
                    spared.entry(hash).or_default().push(key);
                }
            }
        }
        judgement.pass();
        self.doom(&doomed, self.judged());
        drop(judgement);
        applied + self.invalidate_dependents_where(doomed, &spared)
    }

    /// What is live in a shard.
    pub(crate) fn live_in<T>(&self, room: &Room<K, V>, see: impl Fn(&Resident<K, V>) -> T) -> Vec<T> {
        room.residents.iter().filter(|entry| self.fresh(entry)).map(see).collect()
    }

    /// What is live with a tag; all of it if every entry carries the tag.
    pub(crate) fn live_keys(&self, tag: Option<u64>) -> Vec<(K, u32)> {
        let mut keys = Vec::new();
        for shard in self.shards() {
            let room = shard.read();
            match tag {
                None => keys.extend(self.live_in(&room, |entry| (entry.key.clone(), entry.node.hash))),
                Some(tag) => keys.extend(
                    room.residents
                        .tagged(tag)
                        .filter_map(|node| room.residents.at(node))
                        .filter(|entry| self.fresh(entry))
                        .map(|entry| (entry.key.clone(), entry.node.hash)),
                ),
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

    fn reclaim_in(&self, shard: &ShardLock<Room<K, V>>, now: Tick) -> usize {
        let (dead, due): (Vec<Node>, _) = {
            let room = shard.read();
            let dead = room.residents.iter().filter(|entry| entry.expired(now) || !self.valid(entry));
            let due = room.residents.earliest() <= now || room.sources.has_dead();
            (dead.map(|entry| entry.node).collect(), due)
        };
        for nodes in dead.chunks(BITE) {
            let mut garbage = Garbage::new();
            let mut room = shard.write();
            for &node in nodes {
                let still = room.residents.at(node).is_some_and(|e| e.expired(now) || !self.valid(e));
                if still && let Some(entry) = room.residents.remove(node) {
                    self.held.fetch_sub(entry.weight as usize, Ordering::Relaxed);
                    self.backlog.credit(&entry);
                    room.sources.mix(node.hash);
                    let cause = if entry.expired(now) { Cause::Expired } else { Cause::Invalidated };
                    garbage.push(entry, cause);
                }
            }
            drop(room);
            self.dispose(garbage);
        }
        // Due though nothing is dead: the entry of that deadline has left by another way, or nothing
        // carries a source any more.
        if due || !dead.is_empty() {
            let mut room = shard.write();
            room.residents.settle();
            let gone = room.sources.settle();
            drop(room);
            self.drop_keys(gone);
        }
        dead.len()
    }

    /// Whether a sweep would find something by now, and whether it ever could.
    pub(crate) fn sweep_due(&self, now: Tick) -> (bool, bool) {
        let earliest = self.shards().map(|shard| shard.read().residents.earliest()).min();
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
            shard.write().residents.bound(|| self.fresh_evictor());
        }
        let mut garbage = Garbage::new();
        self.evict_anywhere(capacity, &mut garbage);
        self.dispose(garbage);
        for shard in self.shards() {
            shard.write().residents.settle();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
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
        |stage| stage.memo.remove_where(|_| true, |_, _| true).count(),
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

    /// Who calls after the invalidation does not even wait for what it has doomed.
    #[test]
    fn a_doomed_computation_holds_nobody_up() {
        let spec = Spec::new("stage", &["key"]).tags(&["all"]).max_wait(Duration::from_secs(100));
        let invalidations: [fn(&Stage) -> usize; 5] = [
            |stage| stage.invalidate(1),
            |stage| stage.memo.remove_all().count(),
            |stage| stage.invalidate_tag("all"),
            |stage| stage.memo.remove_where(|_| true, |_, _| true).count(),
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
