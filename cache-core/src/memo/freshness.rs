//! What an entry is good for by now: what invalidations have done to it, and the rules of its memo, applied
//! to its times. All of it is asked under the access under which the entry was found.

use super::{MemoCore, Room};
use crate::engine::Intent;
use crate::erased::{Erased, ErasedRef};
use crate::event::Cause;
use crate::policy::{Slot, State, Times, Verdict};
use crate::store::{EntryId, EntryRef, Record};
use crate::sync::ShardLock;
use crate::tags::{Carrier, Touch};
use crate::time::Tick;

impl MemoCore {
    /// The times of an entry; none if an invalidation has hit it. Where there is no stale window, a mark is
    /// the same.
    pub(crate) fn times(&self, entry: Record<'_>) -> Option<Times> {
        match self.touch(entry) {
            Touch::Nothing => Some(entry.times()),
            Touch::Marked(at) if self.spec.rules.has_window() => Some(entry.times().marked_at(at)),
            Touch::Marked(_) | Touch::Dead => None,
        }
    }

    /// What an entry is good for.
    pub(crate) fn state(&self, entry: Record<'_>, now: Tick) -> State {
        self.times(entry).map_or(State::Dead, |times| self.spec.rules.state(&times, now))
    }

    /// Whether an entry is fresh, by all rules.
    pub(crate) fn fresh(&self, entry: Record<'_>) -> bool {
        self.state(entry, self.clock().coarse()) == State::Fresh
    }

    /// Why an entry leaves: for what it leaves for, unless it was good for nothing any more.
    pub(crate) fn cause(&self, entry: Record<'_>, now: Tick, otherwise: Cause) -> Cause {
        let rules = &self.spec.rules;
        // Most entries that make room are fresh, which two words tell.
        let fresh = rules.idle.is_none() && entry.deadline() > now;
        if fresh && entry.is_valid_at(self.revision().current()) {
            otherwise
        } else if rules.state(&entry.times(), now) == State::Dead {
            Cause::Expired
        } else if self.state(entry, now) == State::Dead {
            Cause::Invalidated
        } else {
            otherwise
        }
    }

    /// What a call does that finds an entry.
    pub(crate) fn on_call(&self, entry: Record<'_>, now: Tick) -> Verdict {
        self.on_call_with(entry, now, fastrand::f64)
    }

    /// The same where it was found before that it is to be computed anew: chance has spoken.
    pub(crate) fn on_call_if_due(&self, entry: Record<'_>, now: Tick) -> Verdict {
        self.on_call_with(entry, now, || 0.0)
    }

    fn on_call_with(&self, entry: Record<'_>, now: Tick, draw: impl FnOnce() -> f64) -> Verdict {
        self.times(entry).map_or(Verdict::Compute, |times| self.spec.rules.on_call(&times, now, draw))
    }

    /// Looks an entry up that a call can be answered with, and whether it is to be computed anew. The long
    /// way: a fresh entry without further rules is found by [`get`](Self::get).
    #[inline(never)]
    pub(crate) fn get_by_rules(
        &self,
        hash: u32,
        eq: &dyn Fn(ErasedRef<'_>) -> bool,
        only_fresh: bool,
    ) -> Option<(Erased, bool)> {
        let now = self.clock().coarse();
        let mut renew = false;
        let is_good = |entry: Record<'_>| {
            let Some(times) = self.times(entry) else { return false };
            let rules = &self.spec.rules;
            let state = rules.state(&times, now);
            let good = if only_fresh {
                state == State::Fresh
            } else {
                let verdict = rules.on_call(&times, now, fastrand::f64);
                renew = verdict == Verdict::Renew;
                verdict != Verdict::Compute
            };
            if good {
                self.note_use(entry, state, now);
            }
            good
        };
        let value = self.get_if(hash, eq, is_good)?;
        Some((value, renew))
    }

    /// Answers with an entry, which was found to be good for that.
    pub(crate) fn serve(&self, entry: EntryRef<'_>, now: Tick) -> Erased {
        entry.touch();
        self.note_use(*entry, self.state(*entry, now), now);
        entry.value.to_owned()
    }

    /// An entry is used: whoever has to know of it is told.
    fn note_use(&self, entry: Record<'_>, state: State, now: Tick) {
        entry.note_read(now);
        if state == State::Stale {
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
    pub(crate) fn keeps_older(&self, key: &Erased, hash: u32, how: Intent) -> bool {
        let now = self.clock().coarse();
        let room = self.shard(hash).read();
        let entry = room.entries.find(hash, |other| self.same(other, key));
        let is_kept = |entry: EntryRef<'_>| match how {
            // It was an answer when this began, and as long as it is one it rests.
            Intent::Ahead => self.state(*entry, now) != State::Dead && !entry.is_error(),
            how => {
                let falls_back = self.falls_back(how) || self.spec.rules.stale_if_error > 0;
                falls_back && self.stands_in(*entry, now)
            }
        };
        entry.is_some_and(is_kept)
    }

    /// The value that stands in for one that has failed, or is late.
    pub(crate) fn stand_in(&self, key: &Erased, hash: u32) -> Option<Erased> {
        let now = self.clock().coarse();
        let room = self.shard(hash).read();
        let entry = room.entries.find(hash, |other| self.same(other, key));
        let value = entry.filter(|entry| self.stands_in(**entry, now)).map(|entry| self.serve(entry, now))?;
        drop(room);
        self.counters.fallbacks.add();
        Some(value)
    }

    fn stands_in(&self, entry: Record<'_>, now: Tick) -> bool {
        self.times(entry).is_some_and(|times| self.spec.rules.on_failure(&times, now))
    }

    /// The entry that was there is being computed anew in the background, or no longer is: meanwhile those
    /// who find it have nothing to begin.
    pub(crate) fn note_renewal(room: &mut Room, old: Option<EntryId>, renewing: bool) {
        let entry = old.and_then(|id| room.entries.named(id));
        if let Some(slot) = entry.map(|entry| entry.slot) {
            room.entries.note_renewal(slot, renewing);
        }
    }

    /// Computing the entry that was there anew has failed: it is left alone for a while.
    pub(crate) fn note_failure(&self, room: &mut Room, old: Option<EntryId>, how: Intent) {
        let rules = &self.spec.rules;
        if !rules.has_window() && rules.ahead.is_none() {
            return;
        }
        let now = self.clock().now();
        let rests = |entry: &EntryRef<'_>| {
            // Of what answers nothing any more there is nothing to rest.
            let of_use = self.state(**entry, now) != State::Dead;
            // Who finds it resting does not compute: those who have failed together have failed once.
            let counted = matches!(how, Intent::Read | Intent::Alone) && now < entry.times().rest;
            of_use && !counted
        };
        let entry = old.and_then(|id| room.entries.named(id)).filter(rests);
        if let Some(slot) = entry.map(|entry| entry.slot) {
            room.entries.note_failure(slot, now);
            self.counters.backoffs.add();
        }
    }

    /// An entry has stood in for a value that is late: others need not wait as long to learn the same.
    pub(crate) fn note_lateness(&self, key: &Erased, hash: u32) {
        if crate::sync::is_comparing() {
            return;
        }
        let room = self.shard(hash).upgradable();
        let entry = room.entries.find(hash, |other| self.same(other, key));
        let slot = entry.map(|entry| entry.slot);
        let mut room = ShardLock::upgrade(room);
        let old = slot.and_then(|slot| room.entries.name(slot));
        // However it began: those who are late together are so for one computation.
        self.note_failure(&mut room, old, Intent::Read);
    }

    /// The value of an entry, if it is still there and good for something.
    pub(super) fn value_at(&self, id: EntryId) -> Option<Erased> {
        let now = self.clock().coarse();
        let room = self.shard(id.hash).read();
        let entry = room.entries.named(id).filter(|entry| self.state(**entry, now) != State::Dead)?;
        if self.is_tracked() {
            // What is made of it goes with what it was made of.
            self.record_tags(entry.tags());
        }
        Some(entry.value.to_owned())
    }

    /// Marks an entry stale, which may have been marked by its stamps before. `before`: told of it as it was.
    /// It is to be swept when its window ends.
    pub(super) fn mark(&self, room: &mut Room, slot: Slot, at: Tick, before: impl FnOnce(Record<'_>)) {
        // Whoever computes it anew has begun before this.
        room.entries.note_renewal(slot, false);
        let Some(entry) = room.entries.at(slot) else { return };
        let Some(times) = self.times(*entry).filter(|_| !entry.is_marked()) else { return };
        before(*entry);
        room.entries.mark(slot, times.marked_at(at).deadline, &self.spec.rules);
    }
}
