//! Writing entries: the value of a flight, or one given by hand; making room; and taking leave of
//! what was removed, outside every lock.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Data, Room, TypedMemo};
use crate::engine::{Draft, Lead};
use crate::event::Cause;
use crate::flight::{Flight, Landing};
use crate::store::{Lease, Resident};
use crate::sync::{Ordering, ShardLock};
use crate::tags::{Carrier, Number, Tag, TagSet};
use crate::time::{NEVER, Tick, after};

/// When a value that is given by hand is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Whatever is there.
    Always,
    /// If a fresh value is there.
    IfPresent,
    /// If no fresh value is there.
    IfAbsent,
}

/// By what right a value is stored.
enum Claim<'a, K, V> {
    /// It was computed by a flight, which must still be registered.
    Flight(&'a Arc<Flight<K, V>>),
    /// It was given by hand; it ends the flights of its key.
    Hand(When, Number),
}

/// Entries that were removed: their hooks run and they are dropped after the lock is released.
pub(crate) struct Garbage<K, V> {
    /// Most writes remove one entry, and need no list for it.
    first: Option<(Resident<K, V>, Cause)>,
    more: Vec<(Resident<K, V>, Cause)>,
}

impl<K, V> Garbage<K, V> {
    pub(crate) const fn new() -> Self {
        Self { first: None, more: Vec::new() }
    }

    pub(crate) fn push(&mut self, entry: Resident<K, V>, cause: Cause) {
        if self.first.is_none() {
            self.first = Some((entry, cause));
        } else {
            self.more.push((entry, cause));
        }
    }
}

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Stores what a flight has computed, unless something has come between, and lands it. Stored and
    /// taken off in one piece: whoever comes finds the flight or the entry.
    pub(crate) fn land(&self, mut lead: Lead<K, V>, value: V, mut draft: Draft) {
        let tags = self.attach(&mut draft);
        // Those who wait learn by which tags the value may have been invalidated before they came.
        let seen: Arc<[Arc<Tag>]> = tags.iter().cloned().collect();
        let flight = lead.flight.clone();
        let stored = self.store(&flight.key, flight.hash, &value, &draft, tags, &Claim::Flight(&flight));
        let landing = Landing::Value(value.clone(), seen.clone());
        if stored {
            lead.landed = true;
            flight.land(landing);
        } else {
            lead.end(landing);
        }
        self.world().tags.release(seen.iter().cloned().collect());
        if stored {
            self.on_store(&flight.key, &value);
        }
    }

    /// Writes a value by hand. Whether it was stored.
    pub(crate) fn put(&self, key: &K, hash: u32, value: V, mut draft: Draft, when: When) -> bool {
        if self.is_disabled() || crate::sync::is_comparing() {
            return false;
        }
        self.settle_deferred();
        let born = self.world().tags.now();
        let tags = self.attach(&mut draft);
        let stored = self.store(key, hash, &value, &draft, tags, &Claim::Hand(when, born));
        if stored {
            self.on_store(key, &value);
        }
        stored
    }

    fn attach(&self, draft: &mut Draft) -> TagSet {
        let names: Vec<Cow<'static, str>> = std::mem::take(&mut draft.tags);
        if names.is_empty() { TagSet::default() } else { self.world().tags.attach(&names, &self.weak(), false) }
    }

    /// The first tick at which an entry stored now is no longer fresh; `None` if it never would be.
    fn deadline(&self, now: Tick, draft: &Draft) -> Option<Tick> {
        match draft.ttl.unwrap_or(self.spec.ttl) {
            None => Some(NEVER),
            Some(ttl) => Some(after(now, ttl)).filter(|deadline| *deadline > now),
        }
    }

    /// Writes the entry if the claim holds. Keys are compared under shared access, everything else
    /// happens under exclusive access, in one piece.
    fn store(&self, key: &K, hash: u32, value: &V, draft: &Draft, tags: TagSet, claim: &Claim<'_, K, V>) -> bool {
        let now = self.clock().now();
        let capacity = self.capacity.load(Ordering::Relaxed);
        let deadline = self.deadline(now, draft).filter(|_| !draft.refused);
        // An entry weighs at least one: nothing is bounded by weights of nothing.
        let weight = deadline.and_then(|_| self.weigh(key, value)).map(|weight| weight.max(1));
        let weight = match weight {
            Some(weight) if weight > capacity => {
                self.counters.too_heavy.add();
                None
            }
            weight => weight.and_then(|weight| u32::try_from(weight).ok()),
        };
        let (Some(deadline), Some(weight)) = (deadline, weight) else {
            self.world().tags.release(tags);
            return false;
        };
        let same = |other: &K| (self.key_fns.same)(other, key);
        let mut garbage = Garbage::new();
        let mut tags = Some(tags);
        let stored = loop {
            let room = self.shard(hash).upgradable();
            let found = room.residents.find(hash, same);
            let existing = found.map(|entry| (entry.node, self.fresh(entry)));
            let superseded = match claim {
                Claim::Hand(..) => room.flights.of(hash, same),
                Claim::Flight(_) => Vec::new(),
            };
            let mut room = ShardLock::upgrade(room);
            // Loaded before the stamps: the entry is valid at this revision or not at all.
            let revision = self.revision().current();
            let present = existing.is_some_and(|(_, fresh)| fresh);
            let carried = tags.as_deref().unwrap_or_default();
            let Some(born) = self.allowed(claim, &room, hash, carried, present) else { break false };
            if let Some((node, fresh)) = existing
                && let Some(entry) = room.residents.remove(node)
            {
                self.held.fetch_sub(entry.weight as usize, Ordering::Relaxed);
                garbage.push(entry, if fresh { Cause::Replaced } else { Cause::Expired });
            }
            if !self.reserve(&mut room, weight, capacity, now, &mut garbage) {
                // All room is taken in other shards.
                drop(room);
                self.evict_anywhere(capacity.saturating_sub(weight as usize), &mut garbage);
                continue;
            }
            let own = match claim {
                Claim::Flight(flight) => Some(*flight),
                Claim::Hand(..) => None,
            };
            for flight in superseded.iter().chain(own) {
                room.flights.remove(flight);
            }
            let lease = Lease {
                created: now,
                deadline,
                verified: born.max(revision),
                weight,
                tags: tags.take().unwrap_or_default(),
            };
            let node = room.residents.next_node(hash);
            room.residents.insert(Resident::new(key.clone(), value.clone(), node, lease));
            break true;
        };
        self.dispose(garbage);
        if let Some(tags) = tags {
            self.world().tags.release(tags);
        }
        if stored {
            self.counters.stores.add();
            if deadline != NEVER {
                self.world().wants_sweeping();
            }
        }
        stored
    }

    /// Whether a claim holds, and the last invalidation that its value has seen.
    fn allowed(&self, claim: &Claim<'_, K, V>, room: &Room<K, V>, hash: u32, tags: &[Arc<Tag>], present: bool) -> Option<Number> {
        let (wanted, born) = match claim {
            Claim::Flight(flight) => (room.flights.is_on(flight), flight.born),
            Claim::Hand(When::Always, born) => (true, *born),
            Claim::Hand(When::IfPresent, born) => (present, *born),
            Claim::Hand(When::IfAbsent, born) => (!present, *born),
        };
        if wanted && self.untouched_since(born, hash, tags) {
            return Some(born);
        }
        if matches!(claim, Claim::Flight(_)) {
            self.counters.overtaken.add();
        }
        None
    }

    /// Takes room for a new entry, from this shard's entries if need be. The bound holds at every
    /// moment: room is made before it is used.
    fn reserve(&self, room: &mut Room<K, V>, weight: u32, capacity: usize, now: Tick, garbage: &mut Garbage<K, V>) -> bool {
        let weight = weight as usize;
        loop {
            let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                (held + weight <= capacity).then_some(held + weight)
            });
            if taken.is_ok() {
                return true;
            }
            if !self.evict_from(room, now, garbage) {
                return false;
            }
        }
    }

    fn evict_from(&self, room: &mut Room<K, V>, now: Tick, garbage: &mut Garbage<K, V>) -> bool {
        let Some(entry) = room.residents.evict() else { return false };
        self.held.fetch_sub(entry.weight as usize, Ordering::Relaxed);
        let cause = if entry.expired(now) { Cause::Expired } else { Cause::Capacity };
        garbage.push(entry, cause);
        true
    }

    /// Evicts, one shard after the other, until no more than `bound` is held.
    pub(crate) fn evict_anywhere(&self, bound: usize, garbage: &mut Garbage<K, V>) {
        let now = self.clock().now();
        let held = || self.held.load(Ordering::Relaxed);
        let mut progress = true;
        while held() > bound && progress {
            progress = false;
            for shard in self.shards() {
                if held() <= bound {
                    return;
                }
                progress |= self.evict_from(&mut shard.write(), now, garbage);
            }
        }
    }

    /// Takes leave of removed entries. No lock is held: hooks and drops are user code.
    pub(crate) fn dispose(&self, garbage: Garbage<K, V>) {
        for (mut entry, cause) in garbage.first.into_iter().chain(garbage.more) {
            self.counters.left(cause);
            self.on_evict(&entry.key, &entry.value, cause);
            let tags = entry.take_tags();
            self.run_hook(|| drop(entry));
            self.world().tags.release(tags);
        }
    }
}
