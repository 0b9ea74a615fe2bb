//! What happens with a call: answered, led, joined or computed in place. Decisions only: nothing here
//! runs a body or waits for a flight; the drivers do.

mod lead;
mod look;
mod miss;
mod returned;
mod start;

use std::sync::Arc;

pub(crate) use lead::{Failed, Lead};
pub use look::{Cx, Found};
pub(crate) use look::{Further, Look, OnHit};
pub(crate) use miss::{Joined, Miss, Next, Own};
pub(crate) use returned::{Body, Described, ReturnSlot, Returned};
pub(crate) use start::{Mode, Repeatable, Start};

use crate::erased::{Erased, ErasedRef};
use crate::flight::{Carried, Flight, Flights, Kind, Old};
use crate::memo::MemoCore;
use crate::policy::Verdict;
use crate::store::EntryRef;
use crate::sync::ShardLock;
use crate::tags::Number;

/// How a call goes on after it was not answered from the cache.
pub(crate) enum Step {
    /// Somebody has stored it meanwhile.
    Hit(Erased),
    /// Computes, and tells those who wait.
    Lead(Lead),
    /// Waits; with the last invalidation from before it joined.
    Join(Arc<Flight>, Number),
    /// Computes without storing.
    InPlace,
}

/// How a call may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Whatever is there will do.
    Read,
    /// Must compute; replaces what is there and what is under way.
    Refresh,
    /// Must not wait for others, but may store.
    Alone,
    /// Must compute, or wait for who does: what is there is for when that fails.
    Origin,
    /// The same, and must not wait for others.
    OriginAlone,
    /// Is answered already, and computes anew what it was answered with, unless somebody does.
    Ahead,
}

impl Intent {
    /// The same, without waiting for others.
    fn alone(self) -> Self {
        match self {
            Self::Read | Self::Alone => Self::Alone,
            Self::Origin | Self::OriginAlone => Self::OriginAlone,
            Self::Refresh | Self::Ahead => self,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Read | Self::Origin | Self::Ahead => Kind::Shared,
            Self::Refresh => Kind::Refresh,
            Self::Alone | Self::OriginAlone => Kind::Alone,
        }
    }
}

impl MemoCore {
    /// Decides how a call that was not answered goes on.
    #[inline]
    pub(crate) fn begin(&self, key: &Erased, hash: u32, how: Intent) -> Step {
        if crate::sync::is_comparing() {
            // Within a user's `Eq`, under shared access to some shard: nothing may be waited for.
            self.counters.in_place.add();
            return Step::InPlace;
        }
        self.settle_deferred();
        let begun = self.spec.rules.asks_for_cost().then(|| self.clock().now());
        let same = |other: ErasedRef<'_>| self.same(other, key);
        let shard = self.shard(hash);
        let mut room = shard.upgradable();
        let how = if self.spec.single_flight { how } else { how.alone() };
        let found = room.entries.find(hash, same);
        let mut superseded = Vec::new();
        if how == Intent::Refresh {
            superseded = room.gated().overtaken_by_write(hash, same);
        } else {
            if let Some(entry) = found
                && let Some(value) = self.answer(entry, how)
            {
                return Step::Hit(value);
            }
            if how.kind() == Kind::Shared
                && let Some(flight) = room.gated().find(hash, same)
            {
                let now = self.world().tags.now();
                flight.join();
                return Step::Join(flight.clone(), now);
            }
        }
        let born = self.world().tags.now();
        let inherits_in = self.spec.inherit_tags.then(|| self.world().address());
        let register = |flights: &mut Flights, old| {
            #[cfg_attr(not(feature = "rayon"), expect(unused_mut, reason = "as with the feature"))]
            let mut flight =
                Flight::begin(key.clone(), hash, born, how.kind(), old, inherits_in, || self.weak());
            #[cfg(feature = "rayon")]
            flight.begun_at(self.clock().now());
            for flight in &superseded {
                flights.remove(flight);
            }
            flights.add(flight.clone());
            flight
        };
        let flight = if let Some(slot) = found.map(|entry| entry.slot) {
            let mut room = ShardLock::upgrade(room);
            let old = Old::of(&mut room.entries, slot);
            if matches!(how, Intent::Ahead | Intent::Refresh) {
                // A refresh has superseded whoever was at it.
                Self::note_renewal(&mut room, old.map(|old| old.id), how == Intent::Ahead);
            }
            register(room.gated_mut(), old)
        } else {
            // Those who read entries are not in the way.
            register(room.gated_mut(), None)
        };
        Step::Lead(Lead::new(self.handle(), flight, how, begun))
    }

    /// Takes a flight off that its leader has left, or does not go on with: the caller, or another waiter, is to
    /// lead in its place. What the old leader computes is not stored.
    pub(crate) fn overtake(&self, flight: &Arc<Flight>) {
        // Within a user's `Eq` the caller computes in place.
        if !crate::sync::is_comparing() {
            let mut room = self.shard(flight.hash).write();
            if room.gated_mut().remove(flight) {
                Self::note_renewal(&mut room, flight.old_id(), false);
            }
        }
        flight.drop_orphan();
    }

    /// Answers with an entry that was stored since it was looked for, if it is good for that.
    fn answer(&self, entry: EntryRef<'_>, how: Intent) -> Option<Erased> {
        let now = self.clock().coarse();
        match how {
            Intent::Read | Intent::Alone if self.on_call(*entry, now) != Verdict::Compute => {}
            // What was due is due, unless somebody has seen to it. It has answered before.
            Intent::Ahead if self.on_call_if_due(*entry, now) == Verdict::Serve => {
                return Some(entry.value.to_owned());
            }
            _ => return None,
        }
        Some(self.serve(entry, now))
    }

    /// Whether a waiter that joined at `joined` may take a flight's value: not if it was invalidated
    /// after the flight began and before the waiter came.
    pub(crate) fn may_take(&self, flight: &Flight, joined: Number, carried: &Carried) -> bool {
        let untouched = || match carried {
            Carried::Tags(seen) => {
                let tags = seen.as_ref().map_or(&[][..], |seen| seen);
                self.judged() <= flight.born && self.untouched_since(flight.born, flight.hash, tags)
            }
            Carried::Unknown => false,
        };
        joined == flight.born || untouched()
    }
}
