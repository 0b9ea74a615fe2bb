//! The address of an entry: its memo and its key, with its types ([`Key`]) or without ([`AnyKey`]).

use std::borrow::Borrow;
use std::fmt;
use std::future::ready;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::AnyMemoRef;
use crate::erased::{Erased, ErasedRef};
use crate::memo::{Applied, MemoCore};
use crate::mode::{Async, Blocking};
use crate::policy::{Freshness, Times};
use crate::store::EntryRef;
use crate::tags::Severity;
use crate::time::{NEVER, Tick};

/// What is there for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peek<V> {
    /// A fresh value.
    #[non_exhaustive]
    Fresh {
        /// The value.
        value: V,
        /// Since it was stored.
        age: Duration,
        /// Until when it is fresh.
        ttl: Ttl,
    },
    /// A value that is no longer fresh, but within a stale window: `stale_while_revalidate` or
    /// `stale_if_error`.
    #[non_exhaustive]
    Stale {
        /// The value.
        value: V,
        /// Since it was stored.
        age: Duration,
        /// Since it was no longer fresh: its time was up, or it was marked stale.
        past: Duration,
        /// Until it is of no use: the longer of the windows has ended.
        left: Duration,
    },
    /// Nothing, or nothing that may be used.
    Absent,
}

/// How long an entry is still fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ttl {
    /// For so long.
    For(Duration),
    /// Until it is evicted or invalidated.
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

    fn set_deadline(&self, ttl: Duration, only_later: bool) -> bool {
        self.memo.set_deadline(&self.key, self.hash, ttl, only_later)
    }

    /// The value, if it is fresh. Counts as a read.
    fn get(&self) -> Option<Erased> {
        let Self { memo, key, hash } = self;
        if memo.is_disabled() {
            return None;
        }
        let is = |other: ErasedRef<'_>| memo.same(other, key);
        if memo.is_tracked() {
            memo.record_dependency(*hash, || key.clone());
        }
        let found = memo.get(*hash, &is, true).map(|(value, _)| value);
        if found.is_some() {
            memo.count_hit();
        } else {
            memo.count_miss();
            memo.record_absence();
        }
        found
    }

    /// The entry, fresh or stale, without counting a read.
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

/// A place that addresses share, without its type: lints would take what a memo has inside for a part of its key.
#[derive(Clone)]
struct SharedAddress(Arc<dyn Borrow<EntryAddress> + Send + Sync>);

impl Deref for SharedAddress {
    type Target = EntryAddress;

    fn deref(&self) -> &EntryAddress {
        (*self.0).borrow()
    }
}

/// The address of an entry: what identifies one call of one memoized function.
///
/// Displays as `cats::get_cat("tom")`; arguments that are not `Debug` show as `_`. It can be kept and
/// compared; it stays good whether or not the entry is there. An equal key made later is the same
/// entry. `V` is what [`get`](Self::get) gives; `M` is [`Blocking`], or [`Async`] for the key of an
/// asynchronous function, which reads and writes as the function does.
pub struct Key<V, M = Blocking> {
    address: SharedAddress,
    /// A value, as [`get`](Self::get) hands it out.
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

    fn read(&self) -> Option<V> {
        self.address.get().and_then(self.companion_value)
    }

    fn look(&self) -> Peek<V> {
        self.address.peek(self.companion_value)
    }

    /// The same address, of a function of another kind.
    pub(crate) fn with_mode<N>(self) -> Key<V, N> {
        Key { address: self.address, companion_value: self.companion_value, mode: PhantomData }
    }

    /// The same address without its types.
    #[must_use]
    pub fn any(&self) -> AnyKey {
        AnyKey { address: self.address.clone() }
    }
}

impl<V: 'static> Key<V> {
    /// The fresh value, if there is one. Counts as a read; never computes.
    #[must_use]
    pub fn get(&self) -> Option<V> {
        self.read()
    }

    /// What is there, without touching it.
    #[must_use]
    pub fn peek(&self) -> Peek<V> {
        self.look()
    }
}

impl<V: 'static> Key<V, Async> {
    /// The fresh value, if there is one. Counts as a read; never computes.
    pub async fn get(&self) -> Option<V> {
        ready(self.read()).await
    }

    /// What is there, without touching it.
    pub async fn peek(&self) -> Peek<V> {
        ready(self.look()).await
    }

    /// Whether a fresh value is there.
    pub async fn is_live(&self) -> bool {
        ready(self.address.ttl().is_some()).await
    }

    /// How long the entry is still fresh; `None` if none is there.
    pub async fn ttl(&self) -> Option<Ttl> {
        ready(self.address.ttl()).await
    }

    /// Lets the entry be fresh for so long from now. Whether one was there. A ttl of 0 ends it now.
    pub async fn set_ttl(&self, ttl: Duration) -> bool {
        ready(self.address.set_deadline(ttl, false)).await
    }

    /// Lets the entry be fresh for at least so long from now; never shortens what it has. Whether one
    /// was there.
    pub async fn extend_ttl(&self, ttl: Duration) -> bool {
        ready(self.address.set_deadline(ttl, true)).await
    }
}

/// An address whose types are not known: what the [`registry`](crate::registry()) and
/// [`tag`](crate::tag) hand out. See [`Key`].
#[derive(Clone)]
pub struct AnyKey {
    address: SharedAddress,
}

impl AnyKey {
    /// What is live in a memo with one of these tags; all that is live, if none are given.
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

/// What both kinds of addresses can do.
macro_rules! address_methods {
    ([$($generics:tt)*] $t:ty) => {
        impl<$($generics)*> $t {
            /// Drops the entry. Nobody who calls after this has returned gets a value from before:
            /// a computation under way is returned to those who already wait for it, and is not
            /// stored.
            pub fn invalidate(&self) -> Applied {
                self.address.invalidate(Severity::Hard)
            }

            /// The soft form of [`invalidate`](Self::invalidate): the entry is no longer fresh, and its stale
            /// windows (`stale_while_revalidate`, `stale_if_error`) count from now, if they do not count
            /// from earlier. Whoever comes next has it computed anew; within a window the old value is an
            /// answer meanwhile, or if that fails. Without a window both forms do the same.
            ///
            /// A computation under way is treated as by [`invalidate`](Self::invalidate): what it computes
            /// from before the mark is not stored. From within the `Eq` of a key both forms drop the entry.
            pub fn mark_stale(&self) -> Applied {
                self.address.invalidate(Severity::Soft)
            }

            /// The memo it belongs to.
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

/// What acts at once.
macro_rules! at_once {
    ([$($generics:tt)*] $t:ty) => {
        impl<$($generics)*> $t {
            /// Whether a fresh value is there.
            #[must_use]
            pub fn is_live(&self) -> bool {
                self.address.ttl().is_some()
            }

            /// How long the entry is still fresh; `None` if none is there.
            #[must_use]
            pub fn ttl(&self) -> Option<Ttl> {
                self.address.ttl()
            }

            /// Lets the entry be fresh for so long from now. Whether one was there. A ttl of 0 ends
            /// it now.
            pub fn set_ttl(&self, ttl: Duration) -> bool {
                self.address.set_deadline(ttl, false)
            }

            /// Lets the entry be fresh for at least so long from now; never shortens what it has.
            /// Whether one was there.
            pub fn extend_ttl(&self, ttl: Duration) -> bool {
                self.address.set_deadline(ttl, true)
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
