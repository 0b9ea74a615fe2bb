//! The short way of a value to its entry, for most misses: its key was new when the computation began, nobody has
//! come to it since, and there is nothing to say of it but the value.
//!
//! It stores what [`store`](MemoCore::store) would, or nothing: then that decides.

use std::sync::Arc;

use super::{Effects, MemoCore};
use crate::draft::Draft;
use crate::erased::Erased;
use crate::flight::{Flight, Kind};
use crate::spec::Spec;
use crate::store::Lease;
use crate::tags::Carrier;
use crate::time::{NEVER, SECOND, Tick, later, ticks};

impl MemoCore {
    /// How long entries live of which the options of a memo leave nothing to say but their value; none if they do not.
    pub(super) fn plain_ttl(spec: &Spec, weighs: bool) -> Option<Tick> {
        let rules = &spec.rules;
        let ttl = rules.ttl.map_or(NEVER, ticks);
        let is_plain = !weighs && rules.idle.is_none() && rules.jitter == 0.0 && !rules.asks_for_cost();
        // What ends soon is noted by the exact clock.
        (is_plain && ttl >= SECOND).then_some(ttl)
    }

    /// Stores the value of a flight whose key is new, and takes the flight off. Whether it did.
    #[inline]
    pub(super) fn store_new(
        &self,
        flight: &Arc<Flight>,
        value: &Erased,
        draft: &Draft,
        effects: &mut Effects,
    ) -> bool {
        let is_new = matches!(flight.kind, Kind::Shared | Kind::Alone) && flight.old.is_none();
        let (true, Some(ttl)) = (is_new && draft.is_plain(), self.plain_ttl) else { return false };
        // What begins earlier ends earlier: of a long time that is no matter.
        let now = self.clock().coarse();
        let deadline = later(now, ttl);
        let mut room = self.shard(flight.hash).write();
        // Nobody else has stored it, or computes it: keys need not be compared.
        if !room.flights.is_only(flight) || room.entries.has(flight.hash) || self.judging.is_under_way() {
            return false;
        }
        // Loaded before the stamps: the entry is valid at this revision or not at all.
        let revision = self.revision().current();
        if !self.untouched_since(flight.born, flight.hash, &[])
            || !self.reserve(&mut room, 1, None, now, effects)
        {
            return false;
        }
        room.flights.remove(flight);
        let lease = Lease {
            created: now,
            deadline,
            verified: flight.born.max(revision),
            is_error: (self.types.hooks.is_error)(value),
            more: None,
        };
        room.entries.insert(&flight.key, value, flight.hash, lease, &self.spec.rules);
        drop(room);
        self.counters.stores.add();
        self.will_end(deadline);
        true
    }
}
