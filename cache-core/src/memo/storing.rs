//! Writing entries: the value of a flight, or one given by hand.

use std::sync::Arc;

use super::HeldTags;
use super::{Effects, MemoCore};
use crate::erased::{Erased, ErasedRef};
use crate::event::Cause;
use crate::flight::{Flight, Flights, Kind};
use crate::metadata::EntryMetadata;
use crate::policy::Freshness;
use crate::sync::{Ordering, ShardLock};
use crate::table::{EntryRef, ExtraMetadata, StoredMetadata};
use crate::tags::{Carrier, Number, TagSet, TagState};
use crate::time::{NEVER, SECOND, Tick, ticks};

/// The condition on which a value is written by hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is always written.
    Always,
    /// It is written if there is a fresh value.
    IfPresent,
    /// It is written if there is no fresh value.
    IfAbsent,
}

/// The reason why a value may be stored.
pub(crate) enum Claim<'a> {
    /// It was computed by a flight, which must still be registered.
    Flight(&'a Arc<Flight>),
    /// It was written by hand, which ends the flights of its key.
    Hand(When, Number),
}

impl Claim<'_> {
    /// Whether it holds only if there is, or is not, a fresh value.
    fn depends(&self) -> bool {
        match self {
            Self::Flight(flight) => flight.kind == Kind::Update,
            Self::Hand(when, _) => *when != When::Always,
        }
    }

    /// Whether the value was computed by a call that the cache did not answer.
    fn is_computed(&self) -> bool {
        matches!(self, Self::Flight(flight) if matches!(flight.kind, Kind::Shared | Kind::Alone))
    }
}

/// The outcome of storing a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreOutcome {
    Yes,
    /// The value was stored already, and its entry starts a new ttl.
    Renewed,
    /// An invalidation or a write came between.
    Overtaken,
    /// The value is not to be kept.
    Refused,
}

/// A value that is to be stored.
pub(crate) struct Candidate<'a> {
    pub(crate) key: &'a Erased,
    pub(crate) hash: u32,
    pub(crate) value: &'a Erased,
    pub(crate) metadata: &'a EntryMetadata,
    /// How long it took to compute, if that matters.
    pub(crate) cost: Option<Tick>,
}

impl MemoCore {
    /// Writes a value by hand, and returns whether it was stored. `metadata` is `None` if the value is not
    /// described.
    pub(crate) fn put(
        &self,
        key: &Erased,
        hash: u32,
        value: &Erased,
        metadata: Option<EntryMetadata>,
        when: When,
    ) -> bool {
        if self.is_disabled() || crate::sync::is_comparing() {
            return false;
        }
        self.apply_deferred();
        let is_plain = metadata.as_ref().is_none_or(EntryMetadata::is_plain);
        if when == When::Always && is_plain && self.overwrite(key, hash, value) {
            self.on_store(key, value);
            return true;
        }
        let mut metadata = metadata.unwrap_or_default();
        let born = self.runtime().tags.now();
        let tags = self.attach(&mut metadata, &[]);
        let mut effects = Effects::new();
        let claim = Claim::Hand(when, born);
        let candidate = Candidate { key, hash, value, metadata: &metadata, cost: None };
        let stored = self.store(&candidate, tags, &claim, &mut effects) == StoreOutcome::Yes;
        self.dispose(effects);
        if stored {
            self.on_store(key, value);
        }
        stored
    }

    /// Returns the tags that an entry is to carry, if any.
    #[inline]
    pub(crate) fn attach(
        &self,
        metadata: &mut EntryMetadata,
        inherited: &[Arc<TagState>],
    ) -> Option<HeldTags> {
        if metadata.tags.is_empty() && inherited.is_empty() {
            return None;
        }
        let own = std::mem::take(&mut metadata.tags);
        let names = own.iter().map(|tag| &tag.0);
        let tags = self.runtime().tags.attach(names, inherited, &self.weak(), false);
        Some(HeldTags::new(tags, self.runtime().clone()))
    }

    /// Returns when an entry is stored, and the first tick at which it is no longer fresh, or `None` if it
    /// would never be fresh.
    pub(super) fn times_of(&self, metadata: &EntryMetadata) -> (Tick, Option<Tick>) {
        let (rules, clock) = (&self.spec.rules, self.clock());
        if let Some((_, deadline)) = metadata.times {
            return (clock.now(), Some(deadline));
        }
        let ttl = metadata.ttl.unwrap_or(rules.ttl);
        // With the coarse clock an entry begins and ends a little earlier, which does not matter for a long
        // ttl.
        let ends_soon = ttl.is_some_and(|ttl| ticks(ttl) < SECOND) || rules.idle.is_some();
        let now = if ends_soon { clock.now() } else { clock.coarse() };
        (now, rules.deadline(ttl, now, fastrand::f64))
    }

    /// Writes the entry if the claim holds. Keys are compared under upgradable access, everything else
    /// happens under exclusive access, in one piece. What had to go is left to the caller.
    pub(crate) fn store(
        &self,
        candidate: &Candidate<'_>,
        mut tags: Option<HeldTags>,
        claim: &Claim<'_>,
        effects: &mut Effects,
    ) -> StoreOutcome {
        let &Candidate { key, hash, value, metadata, cost } = candidate;
        let (now, deadline) = self.times_of(metadata);
        let deadline = deadline.filter(|_| !metadata.refused);
        // An entry weighs at least one: nothing is bounded by weights of nothing.
        let weight = deadline.and_then(|_| self.weigh(key, value)).map(|weight| weight.max(1));
        let (Some(deadline), Some(weight)) = (deadline, weight) else { return StoreOutcome::Refused };
        let same = |other: ErasedRef<'_>| self.same(other, key);
        let mut outcome = StoreOutcome::Yes;
        // Those that an entry has carried that stays.
        let mut left = TagSet::default();
        loop {
            // Each time: no room can be made for it if the bound was lowered meanwhile.
            if weight > self.capacity.load(Ordering::Relaxed) {
                self.counters.too_heavy.add();
                return StoreOutcome::Refused;
            }
            let guard = self.shard(hash).upgradable();
            let found = guard.entries.find(hash, same);
            let existing = found.map(|entry| (entry.slot, claim.depends() && self.is_fresh(*entry)));
            let renewed = found.filter(|entry| metadata.unmodified && self.is_of(claim, entry, now));
            let renewed = renewed.map(|entry| entry.slot);
            let found_one = existing.is_some();
            // A computed value ends only those that have read the one it replaces.
            let superseded = match claim {
                Claim::Flight(flight) if flight.kind != Kind::Update => guard.gated().updates_of(hash, same),
                _ => guard.gated().overtaken_by_write(hash, same),
            };
            // What is written on purpose is a change to what was computed from it.
            let changes = !claim.is_computed() && renewed.is_none();
            let dependency = if changes { guard.dependencies.of(hash, same) } else { None };
            let mut guard = ShardLock::upgrade(guard);
            if found_one && renewed.is_none() && self.is_tracked() {
                guard.dependencies.note_replaced(hash);
            }
            // Loaded before the stamps: the entry is valid at this revision or not at all.
            let revision = self.revision().current();
            let present = existing.is_some_and(|(_, is_fresh)| is_fresh);
            let carried = tags.as_deref().unwrap_or_default();
            let Some(born) = self.allowed(claim, guard.gated(), hash, carried, present) else {
                return StoreOutcome::Overtaken;
            };
            let old = existing.map(|(slot, _)| slot);
            if renewed.is_none() && !self.reserve(&mut guard, weight, old, now, effects) {
                // All room is taken in other shards. Each key begins with another of them, so that none has to make
                // room for all the others.
                drop(guard);
                let bound = self.capacity.load(Ordering::Relaxed).saturating_sub(weight);
                self.evict_down_to(bound, hash as usize, effects, |_| ());
                continue;
            }
            let own = match claim {
                Claim::Flight(flight) => Some(*flight),
                Claim::Hand(..) => None,
            };
            for flight in superseded.iter().chain(own) {
                guard.gated_mut().remove(flight);
            }
            guard.gated().precede(hash);
            let stored_metadata = StoredMetadata {
                created: metadata.times.map_or(now, |(created, _)| created),
                deadline,
                verified: born.max(revision),
                is_error: self.is_error(value),
                extra: ExtraMetadata::of(
                    tags.take().map(HeldTags::into_set).unwrap_or_default(),
                    weight,
                    cost,
                    self.spec.rules.idle.map(|_| now),
                ),
            };
            if let Some(slot) = renewed {
                left = guard.entries.renew(slot, stored_metadata, &self.spec.rules);
                outcome = StoreOutcome::Renewed;
                break;
            }
            effects.dependencies.extend(dependency);
            let rules = &self.spec.rules;
            // The one that was there may have been evicted to make room.
            let Some(slot) = old.filter(|slot| guard.entries.at(*slot).is_some()) else {
                guard.entries.insert(key, value, hash, stored_metadata, rules);
                break;
            };
            if let Some(entry) = guard.entries.replace(slot, key, value, stored_metadata, rules) {
                let cause = self.cause(entry.metadata(), now, Cause::Replaced);
                if self.leaves_silently(entry.metadata()) {
                    self.counters.removed(cause);
                } else {
                    effects.push(entry, cause);
                }
            }
            break;
        }
        self.runtime().tags.release(left);
        if outcome == StoreOutcome::Yes {
            self.counters.stores.add();
        } else {
            self.counters.not_modified.add();
        }
        self.will_end(deadline);
        outcome
    }

    /// Wakes the sweeper if an entry of this deadline expires.
    #[inline]
    pub(crate) fn will_end(&self, deadline: Tick) {
        if deadline != NEVER || self.spec.rules.idle.is_some() {
            self.runtime().wake_sweeper();
        }
    }

    /// Whether an entry is the one that existed when a flight began, and is not dead.
    fn is_of(&self, claim: &Claim<'_>, entry: &EntryRef<'_>, now: Tick) -> bool {
        let Claim::Flight(flight) = claim else { return false };
        flight.old_id().is_some_and(|old| entry.has_id(old))
            && self.freshness(**entry, now) != Freshness::Dead
    }

    /// Returns the last invalidation that a value has seen, if its claim holds.
    fn allowed(
        &self,
        claim: &Claim<'_>,
        flights: &Flights,
        hash: u32,
        tags: &[Arc<TagState>],
        present: bool,
    ) -> Option<Number> {
        let (wanted, born) = match claim {
            // What an update has read must still be there, and valid. If its own closure has replaced it, it must
            // not have been invalidated.
            Claim::Flight(flight) if flight.kind == Kind::Update => {
                let context = &flight.context;
                let stands =
                    !context.has_written() || self.untouched_since(flight.born, hash, context.tags_of_read());
                (flights.is_on(flight) && present && stands, flight.born)
            }
            Claim::Flight(flight) => {
                (flights.is_on(flight) && !self.predicate_removals.is_under_way(), flight.born)
            }
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
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use crate::memo::{MemoSpec, Runtime};
    use crate::spec::Spec;
    use crate::tests::test_memo::TestMemo;
    use crate::time::Clock;

    const SPEC: Spec = Spec::new("stage", &["key"]);

    #[test]
    fn tags_of_values_that_are_not_stored_are_forgotten() {
        let cache = TestMemo::new(SPEC.ttl(Duration::ZERO));
        assert_eq!(cache.call(1, &["cat"], || Ok(1)), Ok(1));
        assert_eq!(cache.runtime.tags.len(), 0, "refused");

        let cache = TestMemo::new(SPEC);
        let overtaken = || {
            cache.invalidate(1);
            Ok(1)
        };
        assert_eq!(cache.call(1, &["cat"], overtaken), Ok(1));
        assert_eq!((cache.runtime.tags.len(), cache.get(1)), (0, None), "overtaken");
    }

    #[test]
    fn tags_are_forgotten_with_the_last_entry() {
        let cache = TestMemo::new(SPEC);
        cache.call(1, &["cat", "tom"], || Ok(1)).unwrap();
        cache.call(2, &["cat"], || Ok(2)).unwrap();
        assert_eq!(cache.runtime.tags.len(), 2);
        cache.invalidate(1);
        assert_eq!(cache.runtime.tags.len(), 1);
        assert_eq!(
            crate::handles::keys_of_tag(&cache.runtime, &crate::tags::Name::Text("cat".into())).len(),
            1
        );
        assert_eq!(cache.invalidate_tag("cat"), 1);
        assert_eq!(cache.runtime.tags.len(), 0);
        assert_eq!(cache.invalidate_tag("cat"), 0);
    }

    #[test]
    fn what_an_invalidation_left_and_a_store_replaces_counts_as_invalidated() {
        let cache = TestMemo::new(SPEC);
        cache.call(1, &["cat"], || Ok(1)).unwrap();
        crate::sync::comparing(|| cache.invalidate_tag("cat") == 0);
        assert_eq!(cache.call(1, &[], || Ok(2)), Ok(2));
        assert_eq!(cache.memo.counters.read().invalidations, 1);
    }

    /// The hook waits for somebody who waits for the flight that has evicted the entry.
    #[test]
    fn nobody_waits_for_hooks() {
        static ANSWERED: Mutex<Option<Receiver<()>>> = Mutex::new(None);
        static IN_TIME: Mutex<Option<bool>> = Mutex::new(None);
        let hooks = MemoSpec::new().on_evict(|_, _, _| {
            let answered = ANSWERED.lock().unwrap().take().expect("one entry is evicted");
            *IN_TIME.lock().unwrap() = Some(answered.recv_timeout(Duration::from_secs(10)).is_ok());
        });
        let spec = SPEC.capacity(1).max_wait(Duration::from_secs(100));
        let cache = TestMemo::within(Runtime::new(Clock::System), spec, hooks);
        cache.call(1, &[], || Ok(1)).unwrap();
        let (answer, answered) = channel();
        *ANSWERED.lock().unwrap() = Some(answered);
        std::thread::scope(|scope| {
            cache.call(2, &[], || {
                scope.spawn(|| {
                    assert_eq!(cache.call(2, &[], || Ok(3)), Ok(2));
                    answer.send(()).unwrap();
                });
                while cache.memo.counters.read().waits == 0 {
                    std::thread::yield_now();
                }
                Ok(2)
            })
        })
        .unwrap();
        assert_eq!(*IN_TIME.lock().unwrap(), Some(true), "the waiter was held up by the hook");
    }
}
