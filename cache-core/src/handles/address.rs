//! The address of an entry, which is its memo and its key: with its types ([`Key`]) or without ([`AnyKey`]).

use std::borrow::Borrow;
use std::fmt;
use std::future::ready;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::AnyMemoRef;
use crate::done::{Done, Read};
use crate::erased::{Erased, ErasedRef};
use crate::memo::{Applied, MemoCore};
use crate::mode::{Async, Blocking};
use crate::policy::{Freshness, Times};
use crate::table::EntryRef;
use crate::tags::Severity;
use crate::time::{NEVER, Tick};

/// The stored value of a call, and its times: what [`Key::peek`] returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peek<V> {
    /// A fresh value.
    #[non_exhaustive]
    Fresh {
        /// The value.
        value: V,
        /// How long ago it was stored.
        age: Duration,
        /// How long it is still fresh.
        ttl: Ttl,
    },
    /// A stale value: it is no longer fresh, but within a stale window (`stale_while_revalidate` or
    /// `stale_if_error`).
    #[non_exhaustive]
    Stale {
        /// The value.
        value: V,
        /// How long ago it was stored.
        age: Duration,
        /// How long ago it became stale, because its ttl ended or it was marked.
        past: Duration,
        /// How long it is until the longer of the windows ends. The value is never returned after that.
        left: Duration,
    },
    /// There is no value, or none that may be returned.
    Absent,
}

/// How long an entry is still fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ttl {
    /// It is fresh for this time.
    For(Duration),
    /// It is fresh until it is evicted or invalidated.
    Unlimited,
}

impl Ttl {
    fn between(now: Tick, deadline: Tick) -> Self {
        match deadline {
            NEVER => Self::Unlimited,
            _ => Self::For(Duration::from_millis(deadline.saturating_sub(now))),
        }
    }
}

/// A memo and one of its keys.
struct EntryAddress {
    memo: Arc<MemoCore>,
    key: Erased,
    hash: u32,
}

impl EntryAddress {
    fn is_same(&self, other: &Self) -> bool {
        let is_same_memo = Arc::ptr_eq(&self.memo, &other.memo);
        is_same_memo && self.hash == other.hash && self.memo.same(self.key.by_ref(), &other.key)
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.memo.key_ref(&self.key, |key| fmt::Display::fmt(key, f))
    }

    fn invalidate(&self, severity: Severity) -> Applied {
        self.memo.invalidate_key(&self.key, self.hash, severity)
    }

    fn ttl(&self) -> Option<Ttl> {
        let is_fresh =
            |_: EntryRef<'_>, times: Times, state| (state == Freshness::Fresh).then_some(times.deadline);
        let deadline = self.memo.inspect(&self.key, self.hash, is_fresh)?;
        Some(Ttl::between(self.memo.clock().now(), deadline))
    }

    fn set_deadline(&self, ttl: Duration, only_later: bool) -> Done<bool> {
        #[cfg(feature = "store")]
        if let Some(keeping) = self.memo.handle().keeping_behind(&self.key, self.hash, ttl, only_later) {
            return Done::Later(keeping);
        }
        Done::Now(self.memo.set_deadline(&self.key, self.hash, ttl, only_later))
    }

    /// Returns the value, if it is fresh. It counts as a read.
    fn get(&self) -> Read<Erased> {
        let Self { memo, key, hash } = self;
        if memo.is_disabled() {
            return Done::Now(None);
        }
        let is = |other: ErasedRef<'_>| memo.same(other, key);
        if memo.is_tracked() {
            memo.record_dependency(*hash, || key.clone());
        }
        let found = memo.get(*hash, &is, true).map(|(value, _)| value);
        if found.is_some() {
            memo.count_hit();
            return Done::Now(found);
        }
        #[cfg(feature = "store")]
        if let Some(looking) = memo.handle().looking_behind(key) {
            return Done::Later(looking);
        }
        memo.count_miss();
        memo.record_absence();
        Done::Now(None)
    }

    /// Returns the entry, fresh or stale, without counting a read.
    fn peek<V>(&self, companion_value: fn(Erased) -> Option<V>) -> Peek<V> {
        let Self { memo, key, hash } = self;
        let told = memo.flags().is_tracked();
        if told {
            memo.record_dependency(*hash, || key.clone());
        }
        let seen = memo.inspect(key, *hash, |entry, times, state| {
            if told {
                memo.record_tags(entry.tags());
            }
            Some((entry.value.to_owned(), times, state))
        });
        let Some((stored, times, state)) = seen else {
            memo.record_absence();
            return Peek::Absent;
        };
        let now = memo.clock().now();
        let between = |from: Tick, to: Tick| Duration::from_millis(to.saturating_sub(from));
        let age = between(times.created, now);
        match companion_value(stored) {
            Some(value) if state == Freshness::Fresh => {
                Peek::Fresh { value, age, ttl: Ttl::between(now, times.deadline) }
            }
            Some(value) => Peek::Stale {
                value,
                age,
                past: between(times.deadline, now),
                left: between(now, memo.spec.rules.end_unread(&times)),
            },
            None => Peek::Absent,
        }
    }
}

/// An address that clones share. Its type is hidden, because lints would take the inside of a memo for a part
/// of a key.
#[derive(Clone)]
struct SharedAddress(Arc<dyn Borrow<EntryAddress> + Send + Sync>);

impl Deref for SharedAddress {
    type Target = EntryAddress;

    fn deref(&self) -> &EntryAddress {
        (*self.0).borrow()
    }
}

/// The address of an entry. It identifies one call of one memoized function.
///
/// It displays as `cats::get_cat("tom")`; arguments that are not `Debug` show as `_`. It can be kept,
/// compared and hashed, and it stays valid whether or not the entry exists. An equal key that is made later
/// addresses the same entry.
///
/// `V` is the type that [`get`](Self::get) returns. `M` is [`Blocking`], or [`Async`] for an asynchronous
/// function, whose keys have asynchronous verbs.
pub struct Key<V, M = Blocking> {
    address: SharedAddress,
    /// Makes the value that [`get`](Self::get) returns.
    companion_value: fn(Erased) -> Option<V>,
    mode: PhantomData<fn() -> M>,
}

impl<V: 'static, M> Key<V, M> {
    pub(crate) fn new(
        memo: Arc<MemoCore>,
        key: Erased,
        hash: u32,
        companion_value: fn(Erased) -> Option<V>,
    ) -> Self {
        Self {
            address: SharedAddress(Arc::new(EntryAddress { memo, key, hash })),
            companion_value,
            mode: PhantomData,
        }
    }

    /// Returns the same address, with verbs of another kind.
    pub(crate) fn with_mode<N>(self) -> Key<V, N> {
        Key { address: self.address, companion_value: self.companion_value, mode: PhantomData }
    }

    /// Returns the same key without its types.
    #[must_use]
    pub fn any(&self) -> AnyKey {
        AnyKey { address: self.address.clone() }
    }
}

impl<V: 'static> Key<V> {
    /// Returns the fresh value, if there is one. It counts as a read and never computes.
    #[must_use]
    pub fn get(&self) -> Option<V> {
        self.address.get().and_then(self.companion_value).wait()
    }

    /// Returns the value of the entry, fresh or stale, and its times. It does not count as a read and changes
    /// nothing.
    #[must_use]
    pub fn peek(&self) -> Peek<V> {
        self.address.peek(self.companion_value)
    }
}

impl<V: 'static> Key<V, Async> {
    /// Returns the fresh value, if there is one. It counts as a read and never computes.
    pub async fn get(&self) -> Option<V> {
        self.address.get().and_then(self.companion_value).await
    }

    /// Returns the value of the entry, fresh or stale, and its times. It does not count as a read and changes
    /// nothing.
    pub async fn peek(&self) -> Peek<V> {
        ready(self.address.peek(self.companion_value)).await
    }

    /// Returns whether there is a fresh value.
    pub async fn is_live(&self) -> bool {
        ready(self.address.ttl().is_some()).await
    }

    /// Returns how long the entry is still fresh, or `None` if there is no fresh entry.
    pub async fn ttl(&self) -> Option<Ttl> {
        ready(self.address.ttl()).await
    }

    /// Sets the ttl of the entry, counted from now. A ttl of 0 ends it now. Returns whether there was a fresh
    /// entry.
    pub async fn set_ttl(&self, ttl: Duration) -> bool {
        self.address.set_deadline(ttl, false).await
    }

    /// Sets the ttl of the entry, counted from now, only if that makes it longer. Returns whether there was a
    /// fresh entry.
    pub async fn extend_ttl(&self, ttl: Duration) -> bool {
        self.address.set_deadline(ttl, true).await
    }
}

/// A [`Key`] without its types. The [`registry`](crate::registry()) and [`tag`](crate::tag) return such keys.
#[derive(Clone)]
pub struct AnyKey {
    address: SharedAddress,
}

impl AnyKey {
    /// Returns the live entries of a memo with one of these tags, or all live entries if no tags are given.
    pub(crate) fn all_of(memo: &Arc<MemoCore>, tags: Option<&[u64]>) -> Vec<Self> {
        let keys = memo.live_keys(tags).into_iter();
        keys.map(|(key, hash)| Self::new(memo.clone(), key, hash)).collect()
    }

    pub(crate) fn new(memo: Arc<MemoCore>, key: Erased, hash: u32) -> Self {
        Self { address: SharedAddress(Arc::new(EntryAddress { memo, key, hash })) }
    }

    pub(crate) fn invalidate_as(&self, severity: Severity) -> Applied {
        self.address.invalidate(severity)
    }
}

/// The methods of both kinds of addresses.
macro_rules! address_methods {
    ([$($generics:tt)*] $t:ty) => {
        impl<$($generics)*> $t {
            /// Drops the entry. No call that starts after this has returned gets an older value: the value of
            /// a computation under way is returned to the calls that already wait for it, and not stored.
            pub fn invalidate(&self) -> Applied {
                self.address.invalidate(Severity::Hard)
            }

            /// Marks the entry stale, which is the soft form of [`invalidate`](Self::invalidate). The entry
            /// is no longer fresh, and its stale windows (`stale_while_revalidate`, `stale_if_error`) start
            /// now, unless they have started before. The next call starts a new computation. Within a window
            /// the old value is returned meanwhile, or if the computation fails. Without a window both forms
            /// do the same.
            ///
            /// In both forms the value of a computation that began earlier is not stored. From within the
            /// `Eq` of a key both forms drop the entry.
            pub fn mark_stale(&self) -> Applied {
                self.address.invalidate(Severity::Soft)
            }

            /// Returns the memo of the entry.
            #[must_use]
            pub fn memo(&self) -> AnyMemoRef {
                AnyMemoRef(self.address.memo.clone())
            }
        }

        impl<$($generics)*> fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.address.show(f)
            }
        }

        impl<$($generics)*> fmt::Debug for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.address.show(f)
            }
        }

        impl<$($generics)*> PartialEq for $t {
            fn eq(&self, other: &Self) -> bool {
                self.address.is_same(&other.address)
            }
        }

        impl<$($generics)*> Eq for $t {}

        impl<$($generics)*> Hash for $t {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (Arc::as_ptr(&self.address.memo), self.address.hash).hash(state);
            }
        }
    };
}

address_methods!([V: 'static, M] Key<V, M>);
address_methods!([] AnyKey);

/// The methods that act when they are called.
macro_rules! at_once {
    ([$($generics:tt)*] $t:ty) => {
        impl<$($generics)*> $t {
            /// Returns whether there is a fresh value.
            #[must_use]
            pub fn is_live(&self) -> bool {
                self.address.ttl().is_some()
            }

            /// Returns how long the entry is still fresh, or `None` if there is no fresh entry.
            #[must_use]
            pub fn ttl(&self) -> Option<Ttl> {
                self.address.ttl()
            }

            /// Sets the ttl of the entry, counted from now. A ttl of 0 ends it now. Returns whether there was
            /// a fresh entry.
            pub fn set_ttl(&self, ttl: Duration) -> bool {
                self.address.set_deadline(ttl, false).wait()
            }

            /// Sets the ttl of the entry, counted from now, only if that makes it longer. Returns whether
            /// there was a fresh entry.
            pub fn extend_ttl(&self, ttl: Duration) -> bool {
                self.address.set_deadline(ttl, true).wait()
            }
        }
    };
}

at_once!([V: 'static] Key<V>);
at_once!([] AnyKey);

impl<V, M> Clone for Key<V, M> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), companion_value: self.companion_value, mode: PhantomData }
    }
}

impl<V: 'static, M> From<Key<V, M>> for AnyKey {
    fn from(key: Key<V, M>) -> Self {
        key.any()
    }
}
