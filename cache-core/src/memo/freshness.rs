//! What an entry is good for by now: what invalidations have done to it, and the rules of its memo, applied
//! to its times. All of it is asked under the access under which the entry was found.

use super::{MemoCore, ShardState};
use crate::erased::{Erased, ErasedRef};
use crate::event::Cause;
use crate::flight::Intent;
use crate::policy::{Freshness, Policy, SlotId, Times, Verdict};
use crate::sync::ShardLock;
use crate::table::{EntryId, EntryRef, MetadataRef};
use crate::tags::{Carrier, Validity};
use crate::time::Tick;

impl MemoCore {
    /// The times of an entry; none if an invalidation has hit it. Where there is no stale window, a mark is
    /// the same.
    pub(crate) fn times(&self, entry: MetadataRef<'_>) -> Option<Times> {
        match self.validity(entry) {
            Validity::Valid => Some(entry.times()),
            Validity::Stale(at) if self.spec.rules.has_window() => Some(entry.times().marked_at(at)),
            Validity::Stale(_) | Validity::Invalid => None,
        }
    }

    /// What an entry is good for.
    pub(crate) fn freshness(&self, entry: MetadataRef<'_>, now: Tick) -> Freshness {
        self.times(entry).map_or(Freshness::Dead, |times| self.spec.rules.freshness(&times, now))
    }

    /// Whether an entry is fresh, by all rules.
    pub(crate) fn is_fresh(&self, entry: MetadataRef<'_>) -> bool {
        self.freshness(entry, self.clock().coarse()) == Freshness::Fresh
    }

    /// Why an entry is removed: `otherwise`, unless it had expired or was invalidated.
    #[inline]
    pub(crate) fn cause(&self, entry: MetadataRef<'_>, now: Tick, otherwise: Cause) -> Cause {
        // Most entries that make room are fresh, which two words tell.
        let is_fresh = self.spec.rules.idle.is_none() && entry.deadline() > now;
        if is_fresh && entry.is_valid_at(self.revision().current()) {
            otherwise
        } else {
            self.cause_by_rules(entry, now, otherwise)
        }
    }

    #[cold]
    fn cause_by_rules(&self, entry: MetadataRef<'_>, now: Tick, otherwise: Cause) -> Cause {
        let rules = &self.spec.rules;
        if rules.freshness(&entry.times(), now) == Freshness::Dead {
            Cause::Expired
        } else if self.freshness(entry, now) == Freshness::Dead {
            Cause::Invalidated
        } else {
            otherwise
        }
    }

    /// What a call does that finds an entry.
    pub(crate) fn on_call(&self, entry: MetadataRef<'_>, now: Tick) -> Verdict {
        self.on_call_with(entry, now, fastrand::f64)
    }

    /// The same for an entry that was found to be due before: there is no second draw.
    pub(crate) fn on_call_if_due(&self, entry: MetadataRef<'_>, now: Tick) -> Verdict {
        self.on_call_with(entry, now, || 0.0)
    }

    fn on_call_with(&self, entry: MetadataRef<'_>, now: Tick, draw: impl FnOnce() -> f64) -> Verdict {
        self.times(entry).map_or(Verdict::Compute, |times| self.spec.rules.on_call(&times, now, draw))
    }

    /// Looks an entry up that a call can be answered with, and whether it is to be computed anew. Counts nothing. The
    /// long way: most hits are found by [`get_at_once`](super::TypedMemo::get_at_once).
    #[inline(never)]
    pub(crate) fn get(
        &self,
        hash: u32,
        eq: &dyn Fn(ErasedRef<'_>) -> bool,
        only_fresh: bool,
    ) -> Option<(Erased, bool)> {
        let shard = self.shards.made_at(hash)?;
        // Within an `Eq` nothing is moved.
        if self.spec.policy == Policy::Lru && !crate::sync::is_comparing() {
            let guard = shard.upgradable();
            let entry = guard.entries.find(hash, eq)?;
            let (slot, found) = (entry.slot, self.serve_if_good(entry, only_fresh)?);
            ShardLock::upgrade(guard).entries.read(slot);
            return Some(found);
        }
        let guard = shard.read();
        self.serve_if_good(guard.entries.find(hash, eq)?, only_fresh)
    }

    fn serve_if_good(&self, entry: EntryRef<'_>, only_fresh: bool) -> Option<(Erased, bool)> {
        let (times, now, rules) = (self.times(*entry)?, self.clock().coarse(), &self.spec.rules);
        let state = rules.freshness(&times, now);
        let verdict = match state {
            Freshness::Fresh if only_fresh => Verdict::Serve,
            _ if only_fresh => Verdict::Compute,
            _ => rules.on_call(&times, now, fastrand::f64),
        };
        if verdict == Verdict::Compute {
            return None;
        }
        self.note_use(*entry, state, now);
        entry.touch();
        Some((entry.value.to_owned(), verdict == Verdict::Renew))
    }

    /// Answers with an entry, which was found to be good for that.
    pub(crate) fn serve(&self, entry: EntryRef<'_>, now: Tick) -> Erased {
        entry.touch();
        self.note_use(*entry, self.freshness(*entry, now), now);
        entry.value.to_owned()
    }

    /// An entry is used: whoever has to know of it is told.
    fn note_use(&self, entry: MetadataRef<'_>, state: Freshness, now: Tick) {
        entry.note_read(now);
        if state == Freshness::Stale {
            self.counters.stale.add();
            // What is computed from it would be kept as if it were fresh, and hear nothing when it is renewed.
            self.record_absence();
        } else if self.is_tracked() {
            self.record_tags(entry.tags());
        }
    }

    /// Whether an older value may stand in for one that is computed.
    pub(crate) fn falls_back(&self, how: Intent) -> bool {
        match how {
            Intent::Origin | Intent::OriginAlone => true,
            Intent::Read | Intent::Alone => self.spec.rules.stale_if_error > 0,
            Intent::Refresh | Intent::Ahead => false,
        }
    }

    /// Whether there is an older value whose place an error must not take.
    #[cold]
    pub(crate) fn keeps_older(&self, key: &Erased, hash: u32, how: Intent) -> bool {
        let now = self.clock().coarse();
        let guard = self.shard(hash).read();
        let entry = guard.entries.find(hash, |other| self.same(other, key));
        let is_kept = |entry: EntryRef<'_>| match how {
            // The entry was an answer when the computation began. While it is one, it is not computed again
            // for a while.
            Intent::Ahead => self.freshness(*entry, now) != Freshness::Dead && !entry.is_error(),
            how => {
                let falls_back = self.falls_back(how) || self.spec.rules.stale_if_error > 0;
                falls_back && self.can_stand_in(*entry, now)
            }
        };
        entry.is_some_and(is_kept)
    }

    /// The value that stands in for one that has failed, or is late.
    pub(crate) fn stand_in(&self, key: &Erased, hash: u32) -> Option<Erased> {
        let now = self.clock().coarse();
        let guard = self.shard(hash).read();
        let entry = guard.entries.find(hash, |other| self.same(other, key));
        let value =
            entry.filter(|entry| self.can_stand_in(**entry, now)).map(|entry| self.serve(entry, now))?;
        drop(guard);
        self.counters.fallbacks.add();
        Some(value)
    }

    fn can_stand_in(&self, entry: MetadataRef<'_>, now: Tick) -> bool {
        self.times(entry).is_some_and(|times| self.spec.rules.on_failure(&times, now))
    }

    /// The entry that was there is being computed anew in the background, or no longer is: meanwhile those
    /// who find it have nothing to begin.
    pub(crate) fn note_renewal(guard: &mut ShardState, old: Option<EntryId>, renewing: bool) {
        let entry = old.and_then(|id| guard.entries.by_id(id));
        if let Some(slot) = entry.map(|entry| entry.slot) {
            guard.entries.note_renewal(slot, renewing);
        }
    }

    /// Computing the entry that was there anew has failed: it is left alone for a while.
    pub(crate) fn note_failure(&self, guard: &mut ShardState, old: Option<EntryId>, how: Intent) {
        let rules = &self.spec.rules;
        if !rules.has_window() && rules.ahead.is_none() {
            return;
        }
        let now = self.clock().now();
        let rests = |entry: &EntryRef<'_>| {
            // Of what answers nothing any more there is nothing to rest.
            let of_use = self.freshness(**entry, now) != Freshness::Dead;
            // A caller that finds the entry resting does not compute, so a failure that several callers
            // share counts once.
            let counted = matches!(how, Intent::Read | Intent::Alone) && now < entry.times().retry_at;
            of_use && !counted
        };
        let entry = old.and_then(|id| guard.entries.by_id(id)).filter(rests);
        if let Some(slot) = entry.map(|entry| entry.slot) {
            guard.entries.note_failure(slot, now);
            self.counters.backoffs.add();
        }
    }

    /// An entry has stood in for a value that is late: others need not wait as long to learn the same.
    pub(crate) fn note_lateness(&self, key: &Erased, hash: u32) {
        if crate::sync::is_comparing() {
            return;
        }
        let guard = self.shard(hash).upgradable();
        let entry = guard.entries.find(hash, |other| self.same(other, key));
        let slot = entry.map(|entry| entry.slot);
        let mut guard = ShardLock::upgrade(guard);
        let old = slot.and_then(|slot| guard.entries.id_of(slot));
        // Whatever the intent: callers that are late together wait for one computation.
        self.note_failure(&mut guard, old, Intent::Read);
    }

    /// The value of an entry, if it is still there and good for something.
    pub(super) fn value_at(&self, id: EntryId) -> Option<Erased> {
        let now = self.clock().coarse();
        let guard = self.shard(id.hash).read();
        let entry =
            guard.entries.by_id(id).filter(|entry| self.freshness(**entry, now) != Freshness::Dead)?;
        if self.is_tracked() {
            // What is made of it goes with what it was made of.
            self.record_tags(entry.tags());
        }
        Some(entry.value.to_owned())
    }

    /// Marks an entry stale, which may have been marked by its stamps before. `before`: told of it as it was.
    /// It is to be swept when its window ends.
    pub(crate) fn mark(
        &self,
        guard: &mut ShardState,
        slot: SlotId,
        at: Tick,
        before: impl FnOnce(MetadataRef<'_>),
    ) {
        // Whoever computes it anew has begun before this.
        guard.entries.note_renewal(slot, false);
        let Some(entry) = guard.entries.at(slot) else { return };
        let Some(times) = self.times(*entry).filter(|_| !entry.is_marked()) else { return };
        before(*entry);
        guard.entries.mark(slot, times.marked_at(at).deadline, &self.spec.rules);
    }
}
