//! Landing a flight: its value is stored, unless something has come between, and those who wait are told.

use std::hint::cold_path;
use std::sync::Arc;

use super::LeaderGuard;
use crate::erased::Erased;
use crate::flight::{CarriedTags, Kind, Landing};
use crate::memo::{Candidate, Claim, Effects, MemoCore, StoreOutcome};
use crate::metadata::EntryMetadata;
use crate::table::StoredMetadata;
use crate::tags::{Carrier, SharedTags};

impl MemoCore {
    /// Lands a flight with a plain value, which is no error, and whose key is new. Whether it did.
    #[inline]
    pub(crate) fn land_new(&self, leader: &LeaderGuard, value: &Erased) -> bool {
        let flight = leader.flight();
        let is_new = matches!(flight.kind, Kind::Shared | Kind::Alone) && flight.old.is_none();
        if !is_new || flight.context.inheriting().is_some() || crate::sync::is_comparing() {
            cold_path();
            return false;
        }
        let Some((now, deadline)) = self.plain_times() else {
            cold_path();
            return false;
        };
        let mut guard = self.shard(flight.hash).write();
        // Nobody else computes it, or has stored it: keys need not be compared.
        if !guard.gated().is_only(flight) || flight.is_preceded() || self.predicate_removals.is_under_way() {
            return false;
        }
        // Loaded before the stamps: the entry is valid at this revision or not at all.
        let revision = self.revision().current();
        if !self.untouched_since(flight.born, flight.hash, &[]) {
            cold_path();
            return false;
        }
        let mut effects = Effects::new();
        if !self.reserve(&mut guard, 1, None, now, &mut effects) {
            cold_path();
            drop(guard);
            self.dispose(effects);
            return false;
        }
        let verified = flight.born.max(revision);
        let stored_metadata =
            StoredMetadata { created: now, deadline, verified, is_error: false, extra: None };
        guard.entries.insert(&flight.key, value, flight.hash, stored_metadata, &self.spec.rules);
        guard.gated_mut().remove(flight);
        drop(guard);
        self.counters.stores.add();
        self.will_end(deadline);
        self.note_duration(flight);
        let landing = || Landing::Value(value.clone(), CarriedTags::Tags(None));
        if effects.is_empty() {
            leader.tell(landing);
            // Empty effects need no drop.
            std::mem::forget(effects);
        } else {
            cold_path();
            leader.finish(&mut effects, None, landing);
        }
        self.on_store(&flight.key, value);
        true
    }

    /// Stores what a flight has computed, unless something has come between, and lands it. The value is stored and
    /// the flight taken off in one piece, so a later call finds one or the other. `answers`: whether a value that
    /// is not stored ends the older entry.
    #[cold]
    #[inline(never)]
    pub(crate) fn land(
        &self,
        leader: &LeaderGuard,
        value: &Erased,
        metadata: EntryMetadata,
        answers: bool,
    ) -> StoreOutcome {
        let flight = leader.flight();
        let mut effects = Effects::new();
        let (outcome, carried) = self.store_computed(leader, value, metadata, answers, &mut effects);
        self.note_duration(flight);
        let is_off = matches!(outcome, StoreOutcome::Yes | StoreOutcome::Renewed);
        leader.finish(&mut effects, (!is_off).then_some(false), || Landing::Value(value.clone(), carried));
        match outcome {
            StoreOutcome::Yes => self.on_store(&flight.key, value),
            StoreOutcome::Refused if self.is_error(value) => self.counters.errors.add(),
            _ => {}
        }
        outcome
    }

    /// The first half of it.
    fn store_computed(
        &self,
        leader: &LeaderGuard,
        value: &Erased,
        mut metadata: EntryMetadata,
        answers: bool,
        effects: &mut Effects,
    ) -> (StoreOutcome, CarriedTags) {
        let flight = leader.flight();
        let cost = self.spec.rules.needs_cost().then(|| self.clock().now().saturating_sub(leader.begun));
        let inherited =
            flight.context.inherited().map_or_else(|| Some(Vec::new()), |inherited| inherited.so_far());
        // That it is made of something stale, or of nothing, says nothing of the older one.
        let missed = inherited.is_none();
        let untold = missed && !metadata.refused;
        metadata.refused |= missed;
        let tags = self.attach(&mut metadata, inherited.as_deref().unwrap_or_default());
        // These are copies: the last of each is let go of as the computation ends.
        drop(inherited);
        self.end_inheriting(flight, Some(tags.as_deref().unwrap_or_default()));
        // Those who wait learn by which tags the value may have been invalidated before they came.
        let carried = if metadata.unknown || missed {
            CarriedTags::Unknown
        } else {
            CarriedTags::Tags(tags.as_ref().map(|tags| Arc::new(tags.clone()) as SharedTags))
        };
        let claim = Claim::Flight(flight);
        // Within an `Eq` of the user's, which may poll a call that was begun outside, nothing is stored.
        let candidate = Candidate { key: &flight.key, hash: flight.hash, value, metadata: &metadata, cost };
        let outcome = if crate::sync::is_comparing() {
            StoreOutcome::Refused
        } else {
            self.store(&candidate, tags, &claim, effects)
        };
        // A caller that gets the new value must not find the older one later, even if the new one came too late to
        // be stored, or is not stored at all.
        let is_stored = matches!(outcome, StoreOutcome::Yes | StoreOutcome::Renewed);
        let supersedes = match outcome {
            StoreOutcome::Refused if !untold => answers,
            _ => !is_stored && flight.kind == Kind::Refresh,
        };
        if supersedes {
            self.remove_old(flight, effects);
        }
        if !is_stored && self.is_tracked() && !crate::sync::is_comparing() {
            self.shard(flight.hash).write().dependencies.note_replaced(flight.hash);
        }
        (outcome, carried)
    }
}
