//! The address of an entry: its memo and its key, with its types ([`Key`]) or without ([`AnyKey`]).

use std::fmt;
use std::future::ready;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::entry::{Async, Blocking};
use crate::invalidate::Applied;
use crate::key::Shape;
use crate::memo::{AnyMemo, AnyMemoRef, Data, TypedMemo};
use crate::policy::State;
use crate::tags::Form;
use crate::time::{NEVER, Tick};
use crate::value::Returns;

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

/// An entry whose types are not known.
pub(crate) trait ErasedKey: Send + Sync {
    fn memo(&self) -> Arc<dyn AnyMemo>;
    fn address(&self) -> (*const (), u32);
    fn any(&self) -> &dyn std::any::Any;
    fn same(&self, other: &dyn ErasedKey) -> bool;
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn invalidate(&self, form: Form) -> Applied;
    fn is_live(&self) -> bool;
    fn ttl(&self) -> Option<Ttl>;
    fn set_deadline(&self, ttl: Duration, only_later: bool) -> bool;
}

/// A memo and one of its keys.
struct Place<K, V> {
    memo: Arc<TypedMemo<K, V>>,
    key: K,
    hash: u32,
}

impl<K: Data, V: Data> Place<K, V> {
    fn is(&self, key: &K) -> bool {
        (self.memo.key_fns.same)(key, &self.key)
    }
}

impl<K: Data, V: Data> ErasedKey for Place<K, V> {
    fn memo(&self) -> Arc<dyn AnyMemo> {
        self.memo.clone()
    }

    fn address(&self) -> (*const (), u32) {
        (Arc::as_ptr(&self.memo).cast(), self.hash)
    }

    fn any(&self) -> &dyn std::any::Any {
        &self.key
    }

    fn same(&self, other: &dyn ErasedKey) -> bool {
        self.address() == other.address() && other.any().downcast_ref().is_some_and(|key| self.is(key))
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.memo.key_ref(&self.key, |key| fmt::Display::fmt(key, f))
    }

    fn invalidate(&self, form: Form) -> Applied {
        self.memo.invalidate_key(&self.key, self.hash, form)
    }

    fn is_live(&self) -> bool {
        self.ttl().is_some()
    }

    fn ttl(&self) -> Option<Ttl> {
        let deadline = self
            .memo
            .see(&self.key, self.hash, |_, times, state| (state == State::Fresh).then_some(times.deadline))?;
        Some(Ttl::between(self.memo.clock().now(), deadline))
    }

    fn set_deadline(&self, ttl: Duration, only_later: bool) -> bool {
        self.memo.set_deadline(&self.key, self.hash, ttl, only_later)
    }
}

/// The same where the value's type is known.
pub(crate) trait KeyOf<F>: ErasedKey {
    fn get(&self) -> Option<F>;
    fn peek(&self) -> Peek<F>;
}

struct Typed<S: Shape, R: Returns> {
    address: Place<S::Owned, R::Held>,
    types: PhantomData<fn() -> (S, R)>,
}

impl<S: Shape, R: Returns> ErasedKey for Typed<S, R> {
    fn memo(&self) -> Arc<dyn AnyMemo> {
        self.address.memo()
    }
    fn address(&self) -> (*const (), u32) {
        self.address.address()
    }
    fn any(&self) -> &dyn std::any::Any {
        self.address.any()
    }
    fn same(&self, other: &dyn ErasedKey) -> bool {
        self.address.same(other)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.show(f)
    }
    fn invalidate(&self, form: Form) -> Applied {
        self.address.invalidate(form)
    }
    fn is_live(&self) -> bool {
        self.address.is_live()
    }
    fn ttl(&self) -> Option<Ttl> {
        self.address.ttl()
    }
    fn set_deadline(&self, ttl: Duration, only_later: bool) -> bool {
        self.address.set_deadline(ttl, only_later)
    }
}

impl<S: Shape, R: Returns> KeyOf<R::Face> for Typed<S, R> {
    fn get(&self) -> Option<R::Face> {
        let Place { memo, hash, .. } = &self.address;
        if memo.is_disabled() {
            return None;
        }
        let is = |key: &S::Owned| self.address.is(key);
        let flags = memo.flags();
        let found = if flags.is_plain() {
            memo.get(*hash, is)
        } else {
            if flags.is_tracked() {
                memo.hand_up_source(*hash, || self.address.key.clone());
            }
            memo.get_by_rules(*hash, is, true).map(|(value, _)| value)
        };
        if let Some(held) = found {
            memo.count_hit();
            R::face(held)
        } else {
            memo.count_miss();
            memo.hand_up_absence();
            None
        }
    }

    fn peek(&self) -> Peek<R::Face> {
        let Place { memo, key, hash } = &self.address;
        let told = memo.flags().is_tracked();
        if told {
            memo.hand_up_source(*hash, || key.clone());
        }
        let seen = memo.see(key, *hash, |entry, times, state| {
            if told {
                memo.hand_up_tags(entry.tags());
            }
            Some((entry.value.clone(), times, state))
        });
        let Some((held, times, state)) = seen else {
            memo.hand_up_absence();
            return Peek::Absent;
        };
        let now = memo.clock().now();
        let between = |from: Tick, to: Tick| Duration::from_millis(to.saturating_sub(from));
        let age = between(times.created, now);
        match R::face(held) {
            Some(value) if state == State::Fresh => {
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

/// The address of an entry: what identifies one call of one memoized function.
///
/// Displays as `cats::get_cat("tom")`; arguments that are not `Debug` show as `_`. It can be kept and
/// compared; it stays good whether or not the entry is there. An equal key made later is the same
/// entry. `V` is what [`get`](Self::get) gives; `M` is [`Blocking`], or [`Async`] for the key of an
/// asynchronous function, which reads and writes as the function does.
pub struct Key<V, M = Blocking> {
    key: Arc<dyn KeyOf<V>>,
    mode: PhantomData<fn() -> M>,
}

pub(crate) fn address<S: Shape, R: Returns>(
    memo: Arc<TypedMemo<S::Owned, R::Held>>,
    key: S::Owned,
    hash: u32,
) -> Arc<dyn KeyOf<R::Face>> {
    Arc::new(Typed::<S, R> { address: Place { memo, key, hash }, types: PhantomData })
}

impl<V: 'static, M> Key<V, M> {
    pub(crate) fn new<S, R>(memo: Arc<TypedMemo<S::Owned, R::Held>>, key: S::Owned, hash: u32) -> Self
    where
        S: Shape,
        R: Returns<Face = V>,
    {
        Self::from_address(address::<S, R>(memo, key, hash))
    }

    pub(crate) fn from_address(key: Arc<dyn KeyOf<V>>) -> Self {
        Self { key, mode: PhantomData }
    }

    /// The same address, of a function of another kind.
    pub(crate) fn with_mode<N>(self) -> Key<V, N> {
        Key::from_address(self.key)
    }

    /// The same address without its types.
    #[must_use]
    pub fn any(&self) -> AnyKey {
        AnyKey { key: self.key.clone() }
    }
}

impl<V: 'static> Key<V> {
    /// The fresh value, if there is one. Counts as a read; never computes.
    #[must_use]
    pub fn get(&self) -> Option<V> {
        self.key.get()
    }

    /// What is there, without touching it.
    #[must_use]
    pub fn peek(&self) -> Peek<V> {
        self.key.peek()
    }
}

impl<V: 'static> Key<V, Async> {
    /// The fresh value, if there is one. Counts as a read; never computes.
    pub async fn get(&self) -> Option<V> {
        ready(self.key.get()).await
    }

    /// What is there, without touching it.
    pub async fn peek(&self) -> Peek<V> {
        ready(self.key.peek()).await
    }

    /// Whether a fresh value is there.
    pub async fn is_live(&self) -> bool {
        ready(self.key.is_live()).await
    }

    /// How long the entry is still fresh; `None` if none is there.
    pub async fn ttl(&self) -> Option<Ttl> {
        ready(self.key.ttl()).await
    }

    /// Lets the entry be fresh for so long from now. Whether one was there. A ttl of 0 ends it now.
    pub async fn set_ttl(&self, ttl: Duration) -> bool {
        ready(self.key.set_deadline(ttl, false)).await
    }

    /// Lets the entry be fresh for at least so long from now; never shortens what it has. Whether one
    /// was there.
    pub async fn extend_ttl(&self, ttl: Duration) -> bool {
        ready(self.key.set_deadline(ttl, true)).await
    }
}

/// An address whose types are not known: what the [`registry`](crate::registry()) and
/// [`tag`](crate::tag) hand out. See [`Key`].
#[derive(Clone)]
pub struct AnyKey {
    key: Arc<dyn ErasedKey>,
}

impl AnyKey {
    pub(crate) fn new<K: Data, V: Data>(memo: Arc<TypedMemo<K, V>>, key: K, hash: u32) -> Self {
        Self { key: Arc::new(Place { memo, key, hash }) }
    }
}

/// What both kinds of addresses can do.
macro_rules! address {
    ([$($generics:tt)*] $t:ty) => {
        impl<$($generics)*> $t {
            /// Drops the entry. Nobody who calls after this has returned gets a value from before:
            /// a computation under way is returned to those who already wait for it, and is not
            /// stored.
            pub fn invalidate(&self) -> Applied {
                self.key.invalidate(Form::Hard)
            }

            /// The soft form of [`invalidate`](Self::invalidate): the entry is no longer fresh, and its stale
            /// windows (`stale_while_revalidate`, `stale_if_error`) count from now, if they do not count
            /// from earlier. Whoever comes next has it computed anew; within a window the old value is an
            /// answer meanwhile, or if that fails. Without a window both forms do the same.
            ///
            /// A computation under way is treated as by [`invalidate`](Self::invalidate): what it computes
            /// from before the mark is not stored. From within the `Eq` of a key both forms drop the entry.
            pub fn mark_stale(&self) -> Applied {
                self.key.invalidate(Form::Soft)
            }

            /// The memo it belongs to.
            #[must_use]
            pub fn memo(&self) -> AnyMemoRef {
                AnyMemoRef(self.key.memo())
            }
        }

        impl<$($generics)*> fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.key.show(f)
            }
        }

        impl<$($generics)*> fmt::Debug for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.key.show(f)
            }
        }

        impl<$($generics)*> PartialEq for $t {
            fn eq(&self, other: &Self) -> bool {
                self.key.same(&*other.key)
            }
        }

        impl<$($generics)*> Eq for $t {}

        impl<$($generics)*> Hash for $t {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key.address().hash(state);
            }
        }
    };
}

address!([V: 'static, M] Key<V, M>);
address!([] AnyKey);

/// What acts at once.
macro_rules! at_once {
    ([$($generics:tt)*] $t:ty) => {
        impl<$($generics)*> $t {
            /// Whether a fresh value is there.
            #[must_use]
            pub fn is_live(&self) -> bool {
                self.key.is_live()
            }

            /// How long the entry is still fresh; `None` if none is there.
            #[must_use]
            pub fn ttl(&self) -> Option<Ttl> {
                self.key.ttl()
            }

            /// Lets the entry be fresh for so long from now. Whether one was there. A ttl of 0 ends
            /// it now.
            pub fn set_ttl(&self, ttl: Duration) -> bool {
                self.key.set_deadline(ttl, false)
            }

            /// Lets the entry be fresh for at least so long from now; never shortens what it has.
            /// Whether one was there.
            pub fn extend_ttl(&self, ttl: Duration) -> bool {
                self.key.set_deadline(ttl, true)
            }
        }
    };
}

at_once!([V: 'static] Key<V>);
at_once!([] AnyKey);

impl<V, M> Clone for Key<V, M> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), mode: PhantomData }
    }
}

impl<V: 'static, M> From<Key<V, M>> for AnyKey {
    fn from(key: Key<V, M>) -> Self {
        key.any()
    }
}
