//! Updates: changing the value that is there, in one piece.

use std::sync::Arc;

use super::HeldTags;
use super::storing::{Candidate, Claim, StoreOutcome};
use super::{Effects, MemoCore};
use crate::erased::{Erased, ErasedRef};
use crate::flight::{Flight, FlightContext, Kind, PreviousEntry, with_context};
use crate::metadata::EntryMetadata;
use crate::sync::ShardLock;
use crate::tags::{SharedTags, TagState};

/// Takes a flight off its shard.
struct Deregister<'a>(&'a MemoCore, &'a Arc<Flight>);

impl Drop for Deregister<'_> {
    fn drop(&mut self) {
        self.0.shard(self.1.hash).upgradable().gated_mut().remove(self.1);
    }
}

impl MemoCore {
    /// Changes the value that is there, in one piece: what others write between reading and writing it
    /// makes `change` run again; what `change` itself writes comes before it. What was stored; `None` if nothing was
    /// there, if it is not to be kept, or if `change` has invalidated what it was made of.
    pub(crate) fn update(
        &self,
        key: &Erased,
        hash: u32,
        mut change: impl FnMut(Erased) -> Option<(Erased, EntryMetadata)>,
    ) -> Option<Erased> {
        if self.is_disabled() || crate::sync::is_comparing() {
            return None;
        }
        self.apply_deferred();
        if self.is_tracked() {
            self.record_dependency(hash, || key.clone());
        }
        let same = |other: ErasedRef<'_>| self.same(other, key);
        loop {
            let guard = self.shard(hash).upgradable();
            // Before the entry is found valid.
            let born = self.runtime().tags.now();
            let Some(entry) = guard.entries.find(hash, same).filter(|entry| self.is_fresh(**entry)) else {
                drop(guard);
                self.record_absence();
                return None;
            };
            let held = entry.value.to_owned();
            // The new value is made of the old one, and so of what that was computed from.
            let carried = if self.spec.inherit_tags { entry.tags().into() } else { Box::default() };
            let carried = HeldTags::new(carried, self.runtime().clone());
            let read = (!entry.tags().is_empty())
                .then(|| Arc::new(HeldTags::new(entry.tags().into(), self.runtime().clone())) as SharedTags);
            let context = FlightContext::of_update(self.runtime().address(), read);
            let slot = entry.slot;
            let mut guard = ShardLock::upgrade(guard);
            let old = PreviousEntry::of(&mut guard.entries, slot);
            let flight = Arc::new(Flight::new(key.clone(), hash, born, Kind::Update, old, context));
            guard.gated_mut().add(flight.clone());
            drop(guard);
            // Whatever comes of it, the flight is taken off.
            let _off = Deregister(self, &flight);
            let (value, mut metadata) = with_context(Some(&flight.context), || change(held))?;
            let tags = self.attach(&mut metadata, &carried);
            if let Some(tags) = tags.as_deref().filter(|_| self.is_tracked()) {
                self.record_tags(tags);
            }
            if self.has_invalidated_itself(&flight, tags.as_deref().unwrap_or_default()) {
                return None;
            }
            let mut effects = Effects::new();
            let candidate = Candidate { key, hash, value: &value, metadata: &metadata, cost: None };
            let stored = self.store(&candidate, tags, &Claim::Flight(&flight), &mut effects);
            self.dispose(effects);
            match stored {
                StoreOutcome::Yes | StoreOutcome::Renewed => {
                    self.on_store(key, &value);
                    return Some(value);
                }
                StoreOutcome::Overtaken => {}
                StoreOutcome::Refused => return None,
            }
        }
    }

    /// Whether the closure of an update has invalidated what the update has read, or what it is to store with these
    /// tags.
    fn has_invalidated_itself(&self, flight: &Flight, tags: &[Arc<TagState>]) -> bool {
        let context = &flight.context;
        context.has_ended_itself()
            || context.has_invalidated().is_some_and(|first| {
                let untouched = |tags| self.untouched_since(first - 1, flight.hash, tags);
                self.last_predicate_removal() >= first
                    || !untouched(context.tags_of_read())
                    || !untouched(tags)
            })
    }
}
