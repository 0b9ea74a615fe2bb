//! The store behind a memo, as the leader of a flight meets it: before the body it is asked for the value, and after it
//! it gets the new one.

use super::{LeaderGuard, Settled, Step};
use crate::erased::Erased;
use crate::flight::Intent;
use crate::memo::{
    Fetched, Fetching, Found, Later, MemoCore, MemoRef, Publication, Published, Publisher, StoreOutcome, Tier,
};
use crate::metadata::{Described, EntryMetadata};
use crate::tags::TagName;
use crate::time::{Tick, later};

/// By how much the age of a value in a store may seem to differ from that of the same value in the memo. They are
/// measured by two clocks.
const TOLERANCE: Tick = 100;

/// What the store behind a memo has said to the leader of a flight.
pub(crate) struct Behind {
    tier: Tier,
    own_tag: Option<TagName>,
    /// Whether a value takes the place of another that is not out of date.
    supersedes: bool,
    publisher: Option<Box<dyn Publisher>>,
    publication: Option<Publication>,
    /// Whether the store has an older value, and the new one is not to be kept.
    has_older: bool,
    is_refused: bool,
    /// What may be returned if the body fails.
    fallback: Option<Erased>,
    held: Option<HeldLanding>,
}

/// How a flight is to end once the store has the value.
struct HeldLanding {
    metadata: EntryMetadata,
    is_error: bool,
    /// Whether a value that is not stored ends the older entry.
    answers: bool,
}

impl Behind {
    /// Decides how the value that was computed is stored.
    pub(super) fn prepare(&mut self, memo: &MemoCore, is_error: bool, metadata: &mut EntryMetadata) {
        let mut publication = memo.publication(&self.tier, is_error, self.supersedes, metadata);
        if let Some(publication) = &mut publication {
            // Until the store has it, it is here.
            publication.may_be_late = self.tier.keeps;
        }
        metadata.tags.extend(self.own_tag.take());
        self.is_refused = publication.is_none();
        self.publication = publication.filter(|_| self.publisher.is_some());
    }

    /// Holds the end of the flight until the store has the value, if this process keeps none: a call that comes in
    /// between would find it neither here nor there, and compute it again.
    pub(super) fn holds(
        &mut self,
        metadata: &mut Option<EntryMetadata>,
        is_error: bool,
        answers: bool,
    ) -> bool {
        if self.tier.keeps || self.publication.is_none() {
            return false;
        }
        let metadata = metadata.take().unwrap_or_default();
        self.held = Some(HeldLanding { metadata, is_error, answers });
        true
    }

    /// Takes note of what has become of it in this process. After an invalidation nobody else gets it either.
    pub(super) fn note(&mut self, outcome: StoreOutcome) {
        if outcome == StoreOutcome::Overtaken {
            self.publication = None;
        }
    }
}

impl LeaderGuard {
    /// Asks the store behind the memo for the value.
    #[inline]
    pub(crate) fn fetching(&self) -> Option<Later<Fetched>> {
        let backing = self.memo.backing()?;
        let fresh_will_do = matches!(self.how, Intent::Read | Intent::Alone);
        let Fetching { takes_until, fetched } = backing.fetch(&self.memo, &self.flight().key, fresh_will_do);
        if let Some(until) = takes_until {
            self.flight().asks(until);
        }
        Some(fetched)
    }

    /// Ends the flight with what the store has, if the calls may have that.
    pub(crate) fn take_fetched(&self, fetched: Fetched, settled: &mut Settled) {
        let Fetched { tier, own_tag, found, publisher } = fetched;
        let (memo, now) = (&self.memo, self.memo.clock().now());
        let behind = settled.behind.insert(Box::new(Behind {
            // What is computed is computed from here on.
            tier: Tier { since: now, ..tier },
            own_tag,
            supersedes: self.how == Intent::Refresh,
            publisher,
            publication: None,
            has_older: found.is_some(),
            is_refused: false,
            fallback: None,
            held: None,
        }));
        let Some(found) = found else { return };
        let rules = &memo.spec.rules;
        let is_fresh = now < found.deadline;
        let may_be_served = match self.how {
            Intent::Read | Intent::Alone if is_fresh => true,
            // The next call finds it in the memo, and has it computed anew.
            Intent::Read | Intent::Alone => {
                tier.keeps && now < later(found.deadline, rules.stale_while_revalidate)
            }
            // Another process has computed it anew.
            Intent::Ahead => is_fresh && self.is_younger(&found),
            Intent::Refresh | Intent::Origin | Intent::OriginAlone => false,
        };
        if may_be_served {
            let own_tag = behind.own_tag.take();
            memo.counters.store_hits.add();
            if !is_fresh {
                memo.counters.stale.add();
            }
            settled.value = self.land_found(tier, found, own_tag);
            settled.is_value = true;
        } else if is_fresh || now < later(found.deadline, rules.stale_if_error) {
            behind.fallback = Some(found.value).filter(|_| self.memo.falls_back(self.how));
        }
    }

    /// Whether a value of the store was computed after the one that the memo had when the flight began.
    fn is_younger(&self, found: &Found) -> bool {
        self.flight().old.is_none_or(|old| found.created > old.since.saturating_add(TOLERANCE))
    }

    /// Ends the flight with a value of the store.
    fn land_found(&self, tier: Tier, found: Found, own_tag: Option<TagName>) -> Erased {
        let Found { value, mut tags, created, deadline } = found;
        tags.extend(own_tag);
        let metadata = EntryMetadata {
            tags,
            times: Some((created, tier.local_deadline(deadline))),
            refused: !tier.keeps_at(self.memo.clock().now()),
            ..EntryMetadata::default()
        };
        self.memo.land(self, &value, metadata, true);
        value
    }

    /// Hands what was computed to the store. If the body has failed, an older value of the store takes the place of its
    /// return.
    pub(crate) fn publishing(&self, settled: &mut Settled) -> Option<Later<Published>> {
        let behind = settled.behind.as_mut()?;
        let publisher = behind.publisher.take();
        if settled.is_value {
            let is_lost = publisher.is_none() && self.how == Intent::Refresh;
            if is_lost || behind.is_refused && behind.has_older {
                self.remove_behind();
            }
            return Some(publisher?.publish(&self.memo, &settled.value, behind.publication.take()?));
        }
        if let Some(fallback) = behind.fallback.take().filter(|_| settled.counts) {
            self.memo.counters.fallbacks.add();
            settled.value = fallback;
            settled.is_value = true;
        }
        None
    }

    /// Ends the flight, if that was held until the store has the value.
    pub(crate) fn end_held(&self, call: &mut dyn Described, settled: &mut Settled) {
        let held = settled.behind.take().and_then(|behind| behind.held);
        let Some(HeldLanding { metadata, is_error, answers }) = held else { return };
        let (memo, key) = (&self.memo, &self.flight().key);
        memo.land(self, &settled.value, metadata, answers);
        if is_error {
            memo.on_error(key, call.returned().kept_error(&settled.value));
        }
    }

    /// Removes the older value from the store, which did not get the new one. A caller that has seen the new value must
    /// not read the older one afterwards.
    fn remove_behind(&self) {
        if let Some(backing) = self.memo.backing() {
            backing.invalidate(&self.memo, Some(&self.flight().key));
        }
    }
}

/// A flight without a body: it takes a value of the store into the memo, unless that is invalidated meanwhile. Calls do
/// not wait for it.
pub(crate) struct Loading(LeaderGuard);

impl MemoRef {
    /// Begins to take the value of a key into the memo, unless that has one.
    pub(crate) fn begin_loading(&self, key: &Erased, hash: u32) -> Option<Loading> {
        match self.begin(key, hash, Intent::Alone) {
            Step::Lead(leader) => Some(Loading(leader)),
            _ => None,
        }
    }
}

impl Loading {
    /// Ends it with what the store has, if that is fresh. Whether it is.
    pub(crate) fn end(self, tier: Tier, found: Found, own_tag: Option<TagName>) -> bool {
        let is_fresh = self.0.memo.clock().now() < found.deadline;
        if is_fresh {
            self.0.land_found(tier, found, own_tag);
        }
        is_fresh
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.0.leave();
    }
}
