//! Handles of memos, of a function or of a field.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[cfg(feature = "json")]
use super::LookupError;
use super::members::{Member, Members};
use super::{AnyKey, AnyMemoRef, Key, ZeroCapacity};
use crate::erased::Erased;
use crate::event::Stats;
use crate::key::KeyRef;
use crate::memo::runtime::is_enabled;
use crate::memo::{Applied, MemoCore, invalidate_where, slot};
use crate::mode::{Async, Blocking};
use crate::tags::{Severity, TagName};

/// The cache of one memoized function, `get_cat::memo()`, or of the methods of one instance.
///
/// It is a handle, and its clones are the same memo. `V` is the type that [`Entry::get`](crate::Entry::get)
/// returns: the `Ok` if the declared return type is a `Result`, else the return type. `M` is [`Blocking`], or
/// [`Async`] for an asynchronous function, whose keys have asynchronous verbs.
///
/// # In a field
///
/// With `memo = self.cats` a method keeps its entries in a field, and they are dropped with it. The options
/// are those of the attribute. If several methods share the field, each has its own entries in it.
///
/// ```
/// use cache_core::{Memo, memoize};
///
/// #[derive(Default)]
/// struct Home {
///     cats: Memo<String>,
/// }
///
/// impl Home {
///     #[memoize(memo = self.cats, ttl = 60)]
///     fn cat(&self, name: &str) -> String {
///         format!("{name} at home")
///     }
/// }
///
/// let (here, there) = (Home::default(), Home::default());
/// here.cat("tom");
/// assert_eq!((here.cats.len(), there.cats.len()), (1, 0));
/// ```
///
/// Some options are only known when the instance is made. Expressions such as a ttl can use `self`, and the
/// capacity can be set before the first call:
///
/// ```
/// use cache_core::{Memo, memoize};
/// use std::time::Duration;
///
/// struct Home {
///     cats: Memo<String>,
///     ttl: Duration,
/// }
///
/// impl Home {
///     fn new(capacity: usize, ttl: Duration) -> Self {
///         let cats = Memo::new();
///         // There is no capacity of 0. Here it stands for no caching.
///         if cats.set_capacity(capacity).is_err() {
///             cats.set_enabled(false);
///         }
///         Self { cats, ttl }
///     }
///
///     #[memoize(memo = self.cats, ttl = self.ttl)]
///     fn cat(&self, name: &str) -> String {
///         format!("{name} at home")
///     }
/// }
///
/// let home = Home::new(100, Duration::from_secs(60));
/// assert_eq!(home.cats.capacity(), Some(100));
/// let bare = Home::new(0, Duration::from_secs(60));
/// (home.cat("tom"), bare.cat("tom"));
/// assert_eq!((home.cats.len(), bare.cats.len()), (1, 0));
/// ```
pub struct Memo<V, M = Blocking> {
    pub(super) members: Arc<Members<V>>,
    mode: PhantomData<fn() -> M>,
}

impl<V, M> Clone for Memo<V, M> {
    fn clone(&self) -> Self {
        Self { members: self.members.clone(), mode: PhantomData }
    }
}

impl<V: 'static, M> fmt::Debug for Memo<V, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.memos().as_slice() {
            [one] => one.fmt(f),
            several => f.debug_list().entries(several).finish(),
        }
    }
}

impl<V: 'static, M> Default for Memo<V, M> {
    /// Makes an empty memo for a field: see [`Memo::new`].
    fn default() -> Self {
        Self::new()
    }
}

impl<V: 'static, M> Memo<V, M> {
    /// Makes an empty memo, for a field that methods name by `memo = self.field`.
    #[must_use]
    pub fn new() -> Self {
        Self { members: Arc::new(Members::new()), mode: PhantomData }
    }

    /// Makes the handle of a function's memo.
    pub(crate) fn of(memo: Arc<MemoCore>, companion_value: fn(Erased) -> Option<V>) -> Self {
        let this = Self::new();
        this.members.add_memo_of_function(memo, companion_value);
        this
    }

    /// Returns the same memo, with verbs of another kind.
    #[doc(hidden)]
    #[must_use]
    pub fn with_mode<N>(&self) -> Memo<V, N> {
        Memo { members: self.members.clone(), mode: PhantomData }
    }

    /// Returns the memo without its types, as the [`registry`](crate::registry()) lists it. For a function
    /// this is one memo. For a field it is one for each method that has used the field so far.
    #[must_use]
    pub fn memos(&self) -> Vec<AnyMemoRef> {
        self.members.iter().map(|member| member.memo.clone()).collect()
    }

    /// Returns the registered name: see [`AnyMemoRef::name`]. For a field it is the name of the first method
    /// that has used it, and empty before.
    #[must_use]
    pub fn name(&self) -> &str {
        self.members.iter().next().map_or("", |member| member.memo.name())
    }

    /// Returns how many entries are live, which means fresh and not invalidated. It looks at every entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memos().iter().map(AnyMemoRef::len).sum()
    }

    /// Returns whether no entry is live. It looks at every entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many entries, or how much weight, the memo may hold. Returns `None` if there is no bound.
    /// For a field it is the capacity of each method. Before a method has used the field, it is the capacity
    /// that was set, or `None`.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        match self.members.iter().next() {
            Some(member) => member.memo.capacity(),
            None => {
                Some(self.members.capacity.load(Ordering::Relaxed)).filter(|n| !matches!(*n, 0 | usize::MAX))
            }
        }
    }

    /// Returns the total weight of the entries by the option `weigh`, or without it their number. Expired
    /// entries count until they are reclaimed. It costs one load for each method.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.memos().iter().map(AnyMemoRef::weight).fold(0, usize::saturating_add)
    }

    /// Changes the capacity. Entries beyond it are evicted before this returns. `usize::MAX` means no bound.
    ///
    /// The number of parts into which the memo is divided depends on its first capacity and does not change.
    /// If a memo was made for many entries and may now hold only a few dozen, it chooses less well what to
    /// evict than a memo that was made for so few.
    ///
    /// # Errors
    ///
    /// If the capacity is 0. Switch the memo off instead, with [`set_enabled`](Self::set_enabled).
    pub fn set_capacity(&self, capacity: usize) -> Result<(), ZeroCapacity> {
        if capacity == 0 {
            return Err(ZeroCapacity);
        }
        let making = slot::making();
        self.members.capacity.store(capacity, Ordering::Relaxed);
        drop(making);
        self.memos().iter().try_for_each(|memo| memo.set_capacity(capacity))
    }

    /// Switches caching off or on for this memo. While it is off, calls run the body, reads find nothing, and
    /// writes do nothing. Stored entries are still there when it is switched on again.
    pub fn set_enabled(&self, enabled: bool) {
        let making = slot::making();
        self.members.disabled.store(!enabled, Ordering::Relaxed);
        drop(making);
        self.memos().iter().for_each(|memo| memo.set_enabled(enabled));
    }

    /// Returns whether calls are cached: neither this memo nor caching as a whole is switched off.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        match self.members.iter().next() {
            Some(member) => member.memo.is_enabled(),
            None => !self.members.disabled.load(Ordering::Relaxed) && is_enabled(),
        }
    }

    /// Returns what the memo has counted so far. For a field it is the sum over its methods.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.memos().iter().map(AnyMemoRef::stats).fold(Stats::default(), |sum, stats| sum + stats)
    }

    /// Returns the tags of live entries in order: text tags first, then typed tags, each by the alphabet.
    #[must_use]
    pub fn tags(&self) -> Vec<TagName> {
        let mut tags: Vec<TagName> = self.memos().iter().flat_map(AnyMemoRef::tags).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Returns the keys of live entries, in no particular order.
    #[must_use]
    pub fn keys(&self) -> Vec<Key<V, M>> {
        self.members.iter().flat_map(Member::keys).collect()
    }

    /// Returns the keys of live entries without their types, in no particular order.
    #[must_use]
    pub fn any_keys(&self) -> Vec<AnyKey> {
        self.memos().iter().flat_map(AnyMemoRef::any_keys).collect()
    }

    /// Invalidates every entry. The values of running computations are not stored.
    pub fn clear(&self) -> Applied {
        super::clear(&self.memos(), Severity::Hard)
    }

    /// Invalidates every entry whose key matches a pattern: see [`AnyMemoRef::invalidate_matching`].
    pub fn invalidate_matching(&self, pattern: &str) -> Applied {
        super::invalidate_matching(&self.memos(), pattern, Severity::Hard)
    }

    /// Invalidates the entries for which `predicate` returns `true`.
    ///
    /// The predicate gets clones, and no lock is held while it runs. Values that are computed meanwhile are
    /// not stored, whatever their key.
    ///
    /// # Panics
    ///
    /// If `predicate` does. Entries that it has not seen then stay.
    pub fn invalidate_if(&self, predicate: impl Fn(&KeyRef<'_>, &V) -> bool) -> Applied {
        self.remove_if(&predicate, Severity::Hard)
    }

    /// Invalidates the entry whose key displays as this text: see [`AnyMemoRef::invalidate_key_text`].
    pub fn invalidate_key_text(&self, text: &str) -> Applied {
        super::invalidate_key_text(&self.memos(), text, Severity::Hard)
    }

    /// Marks every entry stale, which is the soft form of [`clear`](Self::clear): see [`Key::mark_stale`].
    pub fn mark_all_stale(&self) -> Applied {
        super::clear(&self.memos(), Severity::Soft)
    }

    /// Marks entries stale, which is the soft form of [`invalidate_matching`](Self::invalidate_matching).
    pub fn mark_stale_matching(&self, pattern: &str) -> Applied {
        super::invalidate_matching(&self.memos(), pattern, Severity::Soft)
    }

    /// Marks the entry stale, which is the soft form of [`invalidate_key_text`](Self::invalidate_key_text).
    pub fn mark_stale_key_text(&self, text: &str) -> Applied {
        super::invalidate_key_text(&self.memos(), text, Severity::Soft)
    }

    /// Marks entries stale, which is the soft form of [`invalidate_if`](Self::invalidate_if).
    ///
    /// # Panics
    ///
    /// If `predicate` does. Entries that it has not seen then stay.
    pub fn mark_stale_if(&self, predicate: impl Fn(&KeyRef<'_>, &V) -> bool) -> Applied {
        self.remove_if(&predicate, Severity::Soft)
    }

    fn remove_if(&self, predicate: &dyn Fn(&KeyRef<'_>, &V) -> bool, severity: Severity) -> Applied {
        let picked: Vec<_> = self.members.iter().map(|member| member.picked_by(predicate)).collect();
        let sent = super::clear_stores(self.members.iter().map(|member| &member.memo));
        sent + invalidate_where(&picked, None, severity)
    }

    /// Reclaims expired entries now, and returns how many there were: see [`AnyMemoRef::sweep`].
    pub fn sweep(&self) -> usize {
        self.memos().iter().map(AnyMemoRef::sweep).sum()
    }

    /// Returns the key of a call, made from its arguments as JSON: see [`AnyMemoRef::key_of_json`]. If
    /// several methods share the field, it is a key of the first one whose arguments fit.
    ///
    /// # Errors
    ///
    /// If an argument is missing, unknown, of another type, or of a type that is not `Deserialize`. For a
    /// field, also if no method has used it yet.
    #[cfg(feature = "json")]
    pub fn key_of_json(&self, arguments: &impl serde::Serialize) -> Result<AnyKey, LookupError> {
        let mut error = LookupError::name("memo");
        for memo in self.memos() {
            match memo.key_of_json(arguments) {
                Ok(key) => return Ok(key),
                Err(why) => error = why,
            }
        }
        Err(error)
    }
}

impl<V: 'static> Memo<V> {
    /// Returns the values of these keys, in their order, with `None` where there is no fresh value. Each key
    /// counts as a read.
    #[must_use]
    pub fn get_many<'k>(&self, keys: impl IntoIterator<Item = &'k Key<V>>) -> Vec<Option<V>> {
        keys.into_iter().map(Key::<V>::get).collect()
    }
}

impl<V: 'static> Memo<V, Async> {
    /// Returns the values of these keys, in their order, with `None` where there is no fresh value. Each key
    /// counts as a read.
    pub async fn get_many<'k>(&self, keys: impl IntoIterator<Item = &'k Key<V, Async>>) -> Vec<Option<V>> {
        let mut values = Vec::new();
        for key in keys {
            values.push(key.get().await);
        }
        values
    }
}
