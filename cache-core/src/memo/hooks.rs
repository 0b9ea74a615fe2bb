//! The user's code that a memo runs: hooks, weigher, and what an entry answers to. Never under a lock, and
//! never so that its panic disturbs the call it serves.

use std::any::Any;
use std::marker::PhantomData;

use super::MemoCore;
use crate::erased::Erased;
use crate::event::Cause;
use crate::flight::PreviousValue;
use crate::key::KeyRef;
use crate::metadata::EntryMetadata;
use crate::table::{EntryId, MetadataRef};
use crate::value::{IsResult, IsSent, Returned, Returns, SharedError};

/// The user's code that a memo runs, for values as they are kept.
pub(crate) struct MemoHooks {
    on_store: Option<Box<dyn Fn(&HookedEntry<'_>) + Send + Sync>>,
    pub(super) on_evict: Option<Box<dyn Fn(&HookedEntry<'_>, Cause) + Send + Sync>>,
    on_error: Option<Box<dyn Fn(&KeyRef<'_>, &dyn Any) + Send + Sync>>,
    fallback_if: Option<Box<dyn Fn(&dyn Any) -> bool + Send + Sync>>,
    share_error: Option<Box<ShareErrorFn>>,
    pub(super) weigh: Option<Box<dyn Fn(&HookedEntry<'_>) -> usize + Send + Sync>>,
    /// Says what an entry answers to, whichever function computes it.
    describe: Option<Box<DescribeFn>>,
    pub(super) is_error: fn(&Erased) -> bool,
    /// A value as companions speak of it.
    show: fn(Erased) -> Option<Box<dyn Any>>,
    /// The store behind the memo.
    #[cfg(feature = "store")]
    pub(crate) backing: Option<Box<dyn super::Backing>>,
}

/// An entry that a hook or the weigher is about.
pub(crate) struct HookedEntry<'a> {
    pub(crate) shown: &'a KeyRef<'a>,
    pub(crate) key: &'a Erased,
    value: &'a Erased,
}

/// Makes an error for a waiter of the leader's.
type ShareErrorFn = dyn Fn(&dyn Any) -> Option<Box<dyn Any + Send>> + Send + Sync;
/// Is given the stored key, and the value if there is one.
type DescribeFn = dyn Fn(&Erased, Option<&Erased>, &mut EntryMetadata) + Send + Sync;

/// The hooks and the weigher of a memo whose function returns `R`, as the attribute gives them. `S` is the shape of its
/// keys.
pub struct MemoSpec<R, S = ()> {
    pub(crate) hooks: MemoHooks,
    types: PhantomData<fn() -> (R, S)>,
}

/// What a memo is told when it is made; asked then.
pub(crate) type MakesSpec<'a, R, S> = &'a dyn Fn() -> MemoSpec<R, S>;

impl<R: Returns, S> MemoSpec<R, S> {
    pub(crate) fn new() -> Self {
        let hooks = MemoHooks {
            on_store: None,
            on_evict: None,
            on_error: None,
            fallback_if: None,
            share_error: None,
            weigh: None,
            describe: None,
            is_error: |stored| R::kept_error(stored.get()).is_some(),
            show: |stored| Some(Box::new(R::companion_value(stored.into())?)),
            #[cfg(feature = "store")]
            backing: None,
        };
        Self { hooks, types: PhantomData }
    }

    /// Called after a value was stored.
    #[must_use]
    pub fn on_store(self, hook: fn(&KeyRef<'_>, &R::Value)) -> Self {
        self.on_stored_entry(move |entry, value| hook(entry.shown, value))
    }

    /// The same for a hook that looks at the stored key.
    pub(crate) fn on_stored_entry(
        mut self,
        hook: impl Fn(&HookedEntry<'_>, &R::Value) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_store = Some(Box::new(move |entry| {
            if let Some(value) = R::value(entry.value.get()) {
                hook(entry, value);
            }
        }));
        self
    }

    /// Called when an entry has left.
    #[must_use]
    pub fn on_evict(self, hook: fn(&KeyRef<'_>, &R::Value, Cause)) -> Self {
        self.on_evicted_entry(move |entry, value, cause| hook(entry.shown, value, cause))
    }

    /// The same for a hook that looks at the stored key.
    pub(crate) fn on_evicted_entry(
        mut self,
        hook: impl Fn(&HookedEntry<'_>, &R::Value, Cause) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_evict = Some(Box::new(move |entry, cause| {
            if let Some(value) = R::value(entry.value.get()) {
                hook(entry, value, cause);
            }
        }));
        self
    }

    /// Called after the body has returned an error.
    #[must_use]
    pub fn on_error(mut self, hook: fn(&KeyRef<'_>, &R::Error)) -> Self
    where
        R::Output: IsResult,
    {
        self.hooks.on_error = Some(Box::new(move |key, error| {
            if let Some(error) = error.downcast_ref() {
                hook(key, error);
            }
        }));
        self
    }

    /// Whether an older value may stand in for an error.
    #[must_use]
    pub fn fallback_if(mut self, condition: fn(&R::Error) -> bool) -> Self
    where
        R::Output: IsResult,
    {
        self.hooks.fallback_if = Some(Box::new(move |error| error.downcast_ref().is_some_and(condition)));
        self
    }

    /// Makes the error that a waiter gets of the leader's.
    #[must_use]
    pub fn share_error(mut self, share: fn(&R::Error) -> Box<dyn Any + Send>) -> Self
    where
        R::Output: IsResult,
        R::Error: IsSent,
    {
        self.hooks.share_error = Some(Box::new(move |error| error.downcast_ref().map(share)));
        self
    }

    /// The weight of an entry. An error that is kept weighs as little as possible.
    #[must_use]
    pub fn weigh(self, weigh: fn(&KeyRef<'_>, &R::Value) -> usize) -> Self {
        self.weigh_entry(move |entry, value| weigh(entry.shown, value))
    }

    /// The same for a weigher that looks at the stored key.
    pub(crate) fn weigh_entry(
        mut self,
        weigh: impl Fn(&HookedEntry<'_>, &R::Value) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.hooks.weigh =
            Some(Box::new(move |entry| R::value(entry.value.get()).map_or(1, |value| weigh(entry, value))));
        self
    }

    /// Says what an entry answers to, by the stored key and the value.
    #[must_use]
    pub(crate) fn describe(mut self, describe: fn(&Erased, Option<&R::Value>, &mut EntryMetadata)) -> Self {
        self.hooks.describe = Some(Box::new(move |key, stored, metadata| {
            describe(key, stored.and_then(|stored| R::value(stored.get())), metadata);
        }));
        self
    }
}

impl PreviousValue for MemoCore {
    fn previous_value(&self, id: EntryId) -> Option<Box<dyn Any>> {
        let value = self.value_at(id)?;
        (self.types.hooks.show)(value)
    }
}

impl MemoCore {
    fn entry_of_hook<T>(&self, key: &Erased, value: &Erased, hook: impl FnOnce(&HookedEntry<'_>) -> T) -> T {
        self.key_ref(key, |shown| hook(&HookedEntry { shown, key, value }))
    }

    /// The store behind this memo.
    #[cfg(feature = "store")]
    #[inline]
    pub(crate) fn backing(&self) -> Option<&dyn super::Backing> {
        self.types.hooks.backing.as_deref()
    }

    /// Whether a stored value is an error.
    pub(crate) fn is_error(&self, value: &Erased) -> bool {
        (self.types.hooks.is_error)(value)
    }

    #[inline]
    pub(crate) fn on_store(&self, key: &Erased, value: &Erased) {
        if let Some(hook) = &self.types.hooks.on_store {
            self.run_hook_about("on_store", key, || self.entry_of_hook(key, value, hook));
        }
    }

    pub(crate) fn on_evict(&self, key: &Erased, value: &Erased, cause: Cause) {
        if let Some(hook) = &self.types.hooks.on_evict {
            self.run_hook_about("on_evict", key, || {
                self.entry_of_hook(key, value, |entry| hook(entry, cause));
            });
        }
    }

    /// Whether an entry can leave at once: it has no tags to let go of, and no user code is run for it.
    pub(super) fn leaves_silently(&self, entry: MetadataRef<'_>) -> bool {
        self.types.leave_silently && entry.tags().is_empty()
    }

    pub(crate) fn on_error(&self, key: &Erased, error: Option<&dyn Any>) {
        if let (Some(hook), Some(error)) = (&self.types.hooks.on_error, error) {
            self.run_hook(|| self.key_ref(key, |key| hook(key, error)));
        }
    }

    /// Whether an older value may stand in for an error; none if that cannot be asked.
    pub(crate) fn allows_fallback(&self, error: &dyn Any) -> Option<bool> {
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
            Some(weigh) => self.run_hook_about("weigh", key, || self.entry_of_hook(key, value, weigh)),
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
