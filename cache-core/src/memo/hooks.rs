//! The user's code that a memo runs: hooks, weigher, and what an entry answers to. Never under a lock, and
//! never so that its panic disturbs the call it serves.

use std::any::Any;

use super::MemoCore;
use crate::engine::Returned;
use crate::erased::Erased;
use crate::event::Cause;
use crate::flight::{PreviousValue, SharedError};
use crate::key::KeyRef;
use crate::metadata::EntryMetadata;
use crate::store::{EntryId, MetadataRef};
use crate::value::{IsResult, IsSent, Returns};

pub(crate) type OnStore<R> = fn(&KeyRef<'_>, &<R as Returns>::Value);
pub(crate) type OnEvict<R> = fn(&KeyRef<'_>, &<R as Returns>::Value, Cause);
pub(crate) type OnError<R> = fn(&KeyRef<'_>, &<R as Returns>::Error);
pub(crate) type FallbackIf<R> = fn(&<R as Returns>::Error) -> bool;
/// Makes an error for a waiter of the leader's.
pub(crate) type ShareErrorFn<R> = fn(&<R as Returns>::Error) -> Box<dyn Any + Send>;
pub(crate) type Weigh<R> = fn(&KeyRef<'_>, &<R as Returns>::Value) -> usize;
pub(crate) type Describe<R> = fn(&Erased, Option<&<R as Returns>::Value>, &mut EntryMetadata);

/// Hooks and weigher as the attribute gives them.
pub struct MemoSpec<R: Returns> {
    pub(crate) on_store: Option<OnStore<R>>,
    pub(crate) on_evict: Option<OnEvict<R>>,
    pub(crate) on_error: Option<OnError<R>>,
    pub(crate) fallback_if: Option<FallbackIf<R>>,
    pub(crate) share_error: Option<ShareErrorFn<R>>,
    pub(crate) weigh: Option<Weigh<R>>,
    /// What entries answer to whichever function computes them; it is given the stored key.
    pub(crate) describe: Option<Describe<R>>,
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "a derive would ask it of `R`")]
impl<R: Returns> Clone for MemoSpec<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Returns> Copy for MemoSpec<R> {}

/// What a memo is told when it is made; asked then.
pub(crate) type MakesSpec<'a, R> = &'a dyn Fn() -> MemoSpec<R>;

impl<R: Returns> MemoSpec<R> {
    pub(crate) const fn new() -> Self {
        Self {
            on_store: None,
            on_evict: None,
            on_error: None,
            fallback_if: None,
            share_error: None,
            weigh: None,
            describe: None,
        }
    }

    /// Called after a value was stored.
    #[must_use]
    #[inline]
    pub fn on_store(mut self, hook: fn(&KeyRef<'_>, &R::Value)) -> Self {
        self.on_store = Some(hook);
        self
    }

    /// Called when an entry has left.
    #[must_use]
    #[inline]
    pub fn on_evict(mut self, hook: fn(&KeyRef<'_>, &R::Value, Cause)) -> Self {
        self.on_evict = Some(hook);
        self
    }

    /// Called after the body has returned an error.
    #[must_use]
    #[inline]
    pub fn on_error(mut self, hook: fn(&KeyRef<'_>, &R::Error)) -> Self
    where
        R::Output: IsResult,
    {
        self.on_error = Some(hook);
        self
    }

    /// Whether an older value may stand in for an error.
    #[must_use]
    #[inline]
    pub fn fallback_if(mut self, condition: fn(&R::Error) -> bool) -> Self
    where
        R::Output: IsResult,
    {
        self.fallback_if = Some(condition);
        self
    }

    /// Makes the error that a waiter gets of the leader's.
    #[must_use]
    #[inline]
    pub fn share_error(mut self, share: fn(&R::Error) -> Box<dyn Any + Send>) -> Self
    where
        R::Output: IsResult,
        R::Error: IsSent,
    {
        self.share_error = Some(share);
        self
    }

    /// The weight of an entry.
    #[must_use]
    #[inline]
    pub fn weigh(mut self, weigh: fn(&KeyRef<'_>, &R::Value) -> usize) -> Self {
        self.weigh = Some(weigh);
        self
    }
}

type StoreHook = Box<dyn Fn(&KeyRef<'_>, &Erased) + Send + Sync>;
type EvictHook = Box<dyn Fn(&KeyRef<'_>, &Erased, Cause) + Send + Sync>;
type ErrorHook = Box<dyn Fn(&KeyRef<'_>, &dyn Any) + Send + Sync>;
type Condition = Box<dyn Fn(&dyn Any) -> bool + Send + Sync>;
type Sharer = Box<dyn Fn(&dyn Any) -> Option<Box<dyn Any + Send>> + Send + Sync>;
type Weigher = Box<dyn Fn(&KeyRef<'_>, &Erased) -> usize + Send + Sync>;
type Describer = Box<dyn Fn(&Erased, Option<&Erased>, &mut EntryMetadata) + Send + Sync>;

/// The same for values as they are kept.
pub(super) struct ErasedHooks {
    on_store: Option<StoreHook>,
    on_evict: Option<EvictHook>,
    on_error: Option<ErrorHook>,
    fallback_if: Option<Condition>,
    share_error: Option<Sharer>,
    weigh: Option<Weigher>,
    describe: Option<Describer>,
    pub(super) is_error: fn(&Erased) -> bool,
    /// A value as companions speak of it.
    show: fn(Erased) -> Option<Box<dyn Any>>,
}

impl ErasedHooks {
    pub(super) fn new<R: Returns>(hooks: MemoSpec<R>) -> Self {
        Self {
            on_store: hooks.on_store.map(|hook| -> StoreHook {
                Box::new(move |key, stored| {
                    if let Some(value) = R::value(stored.get()) {
                        hook(key, value);
                    }
                })
            }),
            on_evict: hooks.on_evict.map(|hook| -> EvictHook {
                Box::new(move |key, stored, cause| {
                    if let Some(value) = R::value(stored.get()) {
                        hook(key, value, cause);
                    }
                })
            }),
            on_error: hooks.on_error.map(|hook| -> ErrorHook {
                Box::new(move |key, error| {
                    if let Some(error) = error.downcast_ref() {
                        hook(key, error);
                    }
                })
            }),
            fallback_if: hooks.fallback_if.map(|condition| -> Condition {
                Box::new(move |error| error.downcast_ref().is_some_and(condition))
            }),
            share_error: hooks
                .share_error
                .map(|share| -> Sharer { Box::new(move |error| error.downcast_ref().map(share)) }),
            weigh: hooks.weigh.map(|weigh| -> Weigher {
                // An error that is kept weighs as little as possible.
                Box::new(move |key, stored| R::value(stored.get()).map_or(1, |value| weigh(key, value)))
            }),
            is_error: |stored| R::kept_error(stored.get()).is_some(),
            show: |stored| {
                R::companion_value(stored.into())
                    .map(|companion_value| -> Box<dyn Any> { Box::new(companion_value) })
            },
            describe: hooks.describe.map(|describe| -> Describer {
                Box::new(move |key, stored, metadata| {
                    describe(key, stored.and_then(|stored| R::value(stored.get())), metadata);
                })
            }),
        }
    }

    /// Whether entries have weights of their own.
    pub(super) fn weighs(&self) -> bool {
        self.weigh.is_some()
    }
}

impl PreviousValue for MemoCore {
    fn previous_value(&self, id: EntryId) -> Option<Box<dyn Any>> {
        let value = self.value_at(id)?;
        (self.types.hooks.show)(value)
    }
}

impl MemoCore {
    #[inline]
    pub(crate) fn on_store(&self, key: &Erased, value: &Erased) {
        if let Some(hook) = &self.types.hooks.on_store {
            self.run_hook_about("on_store", key, || self.key_ref(key, |key| hook(key, value)));
        }
    }

    pub(crate) fn on_evict(&self, key: &Erased, value: &Erased, cause: Cause) {
        if let Some(hook) = &self.types.hooks.on_evict {
            self.run_hook_about("on_evict", key, || self.key_ref(key, |key| hook(key, value, cause)));
        }
    }

    /// Whether an entry can leave at once: it has no tags to let go of, and no user code is run for it.
    pub(super) fn leaves_silently(&self, entry: MetadataRef<'_>) -> bool {
        entry.tags().is_empty() && self.types.hooks.on_evict.is_none() && !self.cell().needs_drop()
    }

    pub(crate) fn on_error(&self, key: &Erased, error: Option<&dyn Any>) {
        if let (Some(hook), Some(error)) = (&self.types.hooks.on_error, error) {
            self.run_hook(|| self.key_ref(key, |key| hook(key, error)));
        }
    }

    /// Whether an older value may stand in for an error; none if that cannot be asked.
    pub(crate) fn counts(&self, error: &dyn Any) -> Option<bool> {
        match &self.types.hooks.fallback_if {
            Some(condition) => self.run_hook(|| condition(error)),
            None => Some(true),
        }
    }

    /// What of an error so many waiters get.
    pub(crate) fn share(&self, returned: &dyn Returned, waiters: usize) -> SharedError {
        if waiters == 0 {
            return SharedError::Nothing;
        }
        let (Some(share), Some(error)) = (&self.types.hooks.share_error, returned.error()) else {
            return SharedError::cloned(self.run_hook(|| returned.share_error()).flatten());
        };
        SharedError::made((0..waiters).filter_map(|_| self.run_hook(|| share(error)).flatten()).collect())
    }

    /// The weight of an entry; `None` if the weigher panicked.
    pub(crate) fn weigh(&self, key: &Erased, value: &Erased) -> Option<usize> {
        match &self.types.hooks.weigh {
            Some(weigh) => self.run_hook_about("weigh", key, || self.key_ref(key, |key| weigh(key, value))),
            None => Some(1),
        }
    }

    /// Whether its options say something of values, whichever function computes them.
    #[inline]
    pub(crate) fn describes(&self) -> bool {
        self.types.hooks.describe.is_some()
    }

    /// What an entry answers to, as the options of its memo say, and those of its function. Where these
    /// panic nothing is stored.
    #[inline]
    pub(crate) fn metadata(
        &self,
        key: &Erased,
        value: Option<&Erased>,
        describe: impl FnOnce(&mut EntryMetadata),
    ) -> EntryMetadata {
        let mut metadata = EntryMetadata::default();
        let describe = || {
            if let Some(describe) = &self.types.hooks.describe {
                describe(key, value, &mut metadata);
            }
            describe(&mut metadata);
        };
        let described = self.run_hook(describe).is_some();
        if metadata.panicked {
            self.counters.hook_panics.add();
        }
        metadata.unknown = !described || metadata.panicked;
        metadata.refused |= metadata.unknown;
        if metadata.unknown && self.is_tracked() {
            // The tags are not known, so what is computed from this value could not be invalidated.
            crate::memo::record_unknown();
        }
        metadata
    }

    /// The same of a value that is given by hand. Expressions of the attribute may do that themselves.
    pub(crate) fn metadata_by_hand(
        &self,
        key: &Erased,
        value: &Erased,
        describe: impl Fn(&mut EntryMetadata),
    ) -> EntryMetadata {
        let metadata =
            self.run_hook_about("cache_if, ttl or tags", key, || self.metadata(key, Some(value), &describe));
        // Nothing is stored.
        metadata.unwrap_or_else(|| EntryMetadata { refused: true, unknown: true, ..EntryMetadata::default() })
    }

    /// Runs user code that must not disturb the call it serves.
    pub(crate) fn run_hook<T>(&self, run: impl FnOnce() -> T) -> Option<T> {
        let done = crate::sync::guarded(run);
        if done.is_none() {
            self.counters.hook_panics.add();
        }
        done
    }
}
