//! What may stand behind a memo: a store of values that others share. The memo is then its local tier.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{MemoCore, MemoRef};
use crate::erased::Erased;
use crate::metadata::EntryMetadata;
use crate::tags::{Name, TagName};
use crate::time::{NEVER, Tick, after};

/// Something of a store that is awaited. It owns all it needs.
pub(crate) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is waited for until a store has carried out an invalidation. The store knows its type.
pub(crate) type Acknowledgement = Arc<dyn Any + Send + Sync>;

/// A store that stands behind a memo.
pub(crate) trait Backing: Any + Send + Sync {
    /// By how much a call may lag behind other processes.
    fn local_ttl(&self, memo: &MemoCore) -> Option<Duration>;
    /// The alias of the store, if it has one.
    fn alias(&self) -> Option<&str>;
    /// Looks for the value of a key, and prepares to store another. If a fresh value will do and there is one, nothing need
    /// be prepared. The store is not asked before that is awaited.
    fn fetch(&self, memo: &MemoCore, key: &Erased, fresh_will_do: bool) -> Fetching;
    /// Looks for the value of a key.
    fn look(&self, memo: &MemoCore, key: &Erased) -> Later<Option<Found>>;
    /// Keeps the value of a key for a ttl from now, only for longer if `only_later`. Returns whether there is one; none if the
    /// store has failed.
    fn keep(&self, memo: &MemoCore, key: &Erased, ttl: Duration, only_later: bool) -> Later<Option<bool>>;
    /// Removes the value of a key, or of all keys of the memo. Returns what to wait for, unless it is done.
    fn invalidate(&self, memo: &MemoCore, key: Option<&Erased>) -> Option<Acknowledgement>;
}

/// The stores of a runtime.
pub(crate) trait Stores: Any + Send + Sync {
    /// Invalidates a tag in all of them.
    fn invalidate_tag(&self, name: &Name) -> Vec<Acknowledgement>;
    /// Itself, by its own type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// What a store is about to be asked of a key.
pub(crate) struct Fetching {
    /// Until when callers may wait for this answer. Later ones may have begun after an invalidation by another process,
    /// which the answer does not show.
    pub(crate) takes_until: Option<Tick>,
    pub(crate) fetched: Later<Fetched>,
}

/// What a store has said of a key.
pub struct Fetched {
    pub(crate) tier: Tier,
    /// A tag that the value has in this process only.
    pub(crate) own_tag: Option<TagName>,
    pub(crate) found: Option<Found>,
    /// None if the store has failed.
    pub(crate) publisher: Option<Box<dyn Publisher>>,
}

/// A value that a store has.
pub(crate) struct Found {
    pub(crate) value: Erased,
    pub(crate) tags: Vec<TagName>,
    pub(crate) created: Tick,
    /// When it is no longer fresh. It may be past.
    pub(crate) deadline: Tick,
}

/// Stores a value under a key that was looked for, unless what the store holds there has changed since.
pub(crate) trait Publisher: Send {
    /// The value is computed from the one that was found, and so is invalidated with it.
    fn based_on_found(&mut self);
    /// If it cannot, and the value was to supersede another, that goes.
    fn publish(
        self: Box<Self>,
        memo: &MemoCore,
        value: &Erased,
        publication: Publication,
    ) -> Later<Published>;
}

/// What has become of a value that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    Stored,
    /// Something has come between.
    Refused,
    /// The store has failed, or cannot carry the value.
    Failed,
}

/// How a value is to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    /// How long it is fresh; none for ever.
    pub(crate) ttl: Option<Duration>,
    /// How long it may be returned after that.
    pub(crate) window: Duration,
    pub(crate) tags: Vec<TagName>,
    /// Whether others that keep an older value are to be told.
    pub(crate) supersedes: bool,
    /// Whether nobody need wait for it.
    pub(crate) may_be_late: bool,
}

/// What the memo is in front of its store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier {
    /// Whether it keeps values.
    pub(crate) keeps: bool,
    /// How long it keeps them at most.
    pub(crate) local_ttl: Option<Duration>,
    /// When the store was asked, or the computation of the value began: later invalidations may not be seen by it.
    pub(crate) since: Tick,
    pub(crate) bounds: TtlBounds,
}

/// How long values are kept in a store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TtlBounds {
    /// Of values that say nothing of it.
    pub(crate) ttl: Option<Duration>,
    pub(crate) min: Duration,
    pub(crate) max: Option<Duration>,
}

impl TtlBounds {
    /// A ttl within the bounds; none is for ever. Zero stays zero.
    pub(crate) fn bounded(&self, ttl: Option<Duration>) -> Option<Duration> {
        let ttl = ttl.or(self.ttl).filter(|ttl| *ttl != Duration::MAX);
        if ttl == Some(Duration::ZERO) {
            return ttl;
        }
        let ttl = ttl.map(|ttl| ttl.max(self.min));
        match (ttl, self.max) {
            (Some(ttl), Some(max)) => Some(ttl.min(max)),
            (ttl, max) => ttl.or(max),
        }
    }
}

impl Tier {
    /// A memo by itself: there is no store, or none that can be used.
    pub(crate) const ALONE: Self = Self {
        keeps: true,
        local_ttl: None,
        since: 0,
        bounds: TtlBounds { ttl: None, min: Duration::ZERO, max: None },
    };

    /// How long this tier keeps a value that is fresh until `deadline`.
    pub(crate) fn local_deadline(&self, deadline: Tick) -> Tick {
        self.limit().min(deadline)
    }

    /// Whether this tier still keeps a value.
    pub(crate) fn keeps_at(&self, now: Tick) -> bool {
        self.keeps && now < self.limit()
    }

    fn limit(&self) -> Tick {
        self.local_ttl.map_or(NEVER, |ttl| after(self.since, ttl))
    }
}

impl MemoRef {
    /// Looks for a fresh value in the store behind the memo; none if there is no store.
    pub(crate) fn looking_behind(&self, key: &Erased) -> Option<Later<Option<Erased>>> {
        let looking = self.backing()?.look(self, key);
        self.count_miss();
        let memo = self.clone();
        Some(Box::pin(async move {
            let found = looking.await.and_then(|found| memo.fresh(found));
            if found.is_some() {
                memo.counters.store_hits.add();
            }
            found
        }))
    }

    /// Moves the deadline of an entry, in the store behind the memo and here; none if there is no store.
    pub(crate) fn keeping_behind(
        &self,
        key: &Erased,
        hash: u32,
        ttl: Duration,
        only_later: bool,
    ) -> Option<Later<bool>> {
        let backing = self.backing().filter(|_| !self.is_disabled())?;
        let keeping = backing.keep(self, key, ttl, only_later);
        let (memo, key) = (self.clone(), key.clone());
        Some(Box::pin(async move {
            let kept = keeping.await;
            let kept_here = memo.set_deadline(&key, hash, ttl, only_later);
            kept.unwrap_or(kept_here)
        }))
    }
}

impl MemoCore {
    /// A value of the store, if it is fresh.
    pub(crate) fn fresh(&self, found: Found) -> Option<Erased> {
        (self.clock().now() < found.deadline).then_some(found.value)
    }

    /// Says how a value is to be stored, and what this tier does with it; none if it is not to be stored at all.
    pub(crate) fn publication(
        &self,
        tier: &Tier,
        is_error: bool,
        supersedes: bool,
        metadata: &mut EntryMetadata,
    ) -> Option<Publication> {
        if metadata.refused {
            return None;
        }
        let rules = &self.spec.rules;
        let ttl = metadata.ttl.map_or(rules.ttl, |ttl| Some(ttl.unwrap_or(Duration::MAX)));
        metadata.ttl = Some(tier.bounds.bounded(ttl));
        let (now, deadline) = self.times_of(metadata);
        let deadline = deadline?;
        metadata.times = Some((now, tier.local_deadline(deadline)));
        metadata.refused = !tier.keeps_at(now);
        let window = if is_error { 0 } else { rules.end(0) };
        Some(Publication {
            ttl: (deadline != NEVER).then(|| Duration::from_millis(deadline - now)),
            window: Duration::from_millis(window),
            tags: metadata.tags.clone(),
            supersedes,
            may_be_late: false,
        })
    }
}
