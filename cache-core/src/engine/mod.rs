//! What happens with a call: answered, led, joined or computed in place. Decisions only: nothing here
//! runs a body or waits for a flight; the drivers do.

#[cfg(feature = "store")]
mod behind;
mod landing;
mod leader_guard;
mod look;
mod miss;
mod start;

use std::sync::Arc;

#[cfg(feature = "store")]
pub(crate) use behind::{Behind, Loading};
pub(crate) use leader_guard::{LeaderGuard, Settled};
pub use look::{Cx, Found};
pub(crate) use look::{LookFlags, SlowPath};
pub(crate) use miss::{Miss, Next, conclude};
pub(crate) use start::{CallMode, MissActions, MissStart};

use crate::erased::{Erased, ErasedRef};
use crate::flight::{CarriedTags, Flight, Intent, Kind, PreviousEntry};
use crate::memo::MemoCore;
use crate::metadata::Described;
use crate::policy::Verdict;
use crate::sync::ShardLock;
use crate::table::EntryRef;
use crate::tags::Number;

/// In the place of the last invalidation from before a waiter joined: it came too late to get the value of the flight.
const CAME_LATE: Number = Number::MAX;

/// How a call goes on after it was not answered from the cache.
pub(crate) enum Step {
    /// Somebody has stored it meanwhile.
    Hit(Erased),
    /// Computes, and tells those who wait.
    Lead(LeaderGuard),
    /// Waits; with the last invalidation from before it joined.
    Join(Arc<Flight>, Number),
    /// Computes without storing.
    InPlace,
}

/// A call whose body can be run.
pub(crate) trait Body: Described {
    /// Runs it. It is run once.
    fn run(&mut self);
}

impl MemoCore {
    /// Decides how a call that was not answered goes on.
    #[inline]
    pub(crate) fn begin(&self, key: &Erased, hash: u32, how: Intent) -> Step {
        if crate::sync::is_comparing() {
            // Within a user's `Eq`, under shared or upgradable access to a shard: nothing may be waited for.
            self.counters.in_place.add();
            return Step::InPlace;
        }
        self.apply_deferred();
        let begun = if self.spec.rules.needs_cost() { self.clock().now() } else { 0 };
        let same = |other: ErasedRef<'_>| self.same(other, key);
        let shard = self.shard(hash);
        let mut guard = shard.upgradable();
        let how = if self.spec.single_flight { how } else { how.alone() };
        let found = guard.entries.find(hash, same);
        if how != Intent::Refresh {
            if let Some(entry) = found
                && let Some(value) = self.answer(entry, how)
            {
                return Step::Hit(value);
            }
            if how.kind() == Kind::Shared
                && let Some(flight) = guard.gated().find(hash, same)
            {
                let now = if flight.takes_callers_in(|| self.clock().now()) {
                    self.runtime().tags.now()
                } else {
                    CAME_LATE
                };
                flight.join();
                return Step::Join(flight.clone(), now);
            }
        }
        let born = self.runtime().tags.now();
        let inherits_in = self.spec.inherit_tags.then(|| self.runtime().address());
        // Before the upgrade: keys are compared. Held until the shard is released.
        let superseded =
            if how == Intent::Refresh { guard.gated().overtaken_by_write(hash, same) } else { Vec::new() };
        let mut old = None;
        if let Some(slot) = found.map(|entry| entry.slot) {
            let mut exclusive = ShardLock::upgrade(guard);
            old = PreviousEntry::of(&mut exclusive.entries, slot);
            if matches!(how, Intent::Ahead | Intent::Refresh) {
                // A refresh supersedes a renewal that is under way.
                Self::note_renewal(&mut exclusive, old.map(|old| old.id), how == Intent::Ahead);
            }
            guard = ShardLock::downgrade(exclusive);
        }
        for flight in &superseded {
            guard.gated_mut().remove(flight);
        }
        #[cfg_attr(not(feature = "rayon"), expect(unused_mut, reason = "as with the feature"))]
        let mut flight = Flight::begin(key, hash, born, how.kind(), old, inherits_in, || self.weak());
        #[cfg(feature = "rayon")]
        flight.begun_at(self.clock().now());
        guard.gated_mut().add(flight.clone());
        drop(guard);
        Step::Lead(LeaderGuard::new(self.handle(), flight, how, begun))
    }

    /// Takes a flight off whose leader has left or stands still. The caller or another waiter then leads a
    /// new one, and the value of the old leader is not stored.
    pub(crate) fn overtake(&self, flight: &Arc<Flight>) {
        // Within a user's `Eq` the caller computes in place.
        if !crate::sync::is_comparing() {
            let mut guard = self.shard(flight.hash).write();
            if guard.gated_mut().remove(flight) {
                Self::note_renewal(&mut guard, flight.old_id(), false);
            }
        }
        flight.drop_orphan();
    }

    /// Answers with an entry that was stored since it was looked for, if it is good for that.
    fn answer(&self, entry: EntryRef<'_>, how: Intent) -> Option<Erased> {
        let now = self.clock().coarse();
        match how {
            Intent::Read | Intent::Alone if self.on_call(*entry, now) != Verdict::Compute => {}
            // The entry was found to be due, and has answered the call. It is due unless it was computed
            // meanwhile.
            Intent::Ahead if self.on_call_if_due(*entry, now) == Verdict::Serve => {
                return Some(entry.value.to_owned());
            }
            _ => return None,
        }
        Some(self.serve(entry, now))
    }

    /// Whether a waiter that joined at `joined` may take a flight's value: not if it was invalidated
    /// after the flight began and before the waiter came.
    pub(crate) fn may_take(&self, flight: &Flight, joined: Number, carried: &CarriedTags) -> bool {
        let untouched = |tags| {
            self.last_predicate_removal() <= flight.born
                && self.untouched_since(flight.born, flight.hash, tags)
        };
        joined == flight.born || joined != CAME_LATE && carried.known().is_some_and(untouched)
    }
}
