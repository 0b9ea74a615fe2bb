//! One call's entry, addressed by the function's arguments ([`Entry`]), by its key ([`Key`]), or by a
//! key whose types are not known ([`AnyKey`]).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::invalidate::Applied;
use crate::key::Shape;
use crate::memo::{AnyMemo, AnyMemoRef, Data, TypedMemo};
use crate::plan::Call;
use crate::store::Resident;
use crate::time::{NEVER, Tick};
use crate::value::Returns;

/// One call of a memoized function: `get_cat::entry("tom")`.
///
/// Making one runs nothing. It owns the call's arguments, so verbs that may run the body, or that
/// tag and time the entry as the attribute says, consume it. To keep an address, take its
/// [`id`](Self::id).
#[must_use = "an entry does nothing until one of its verbs is called"]
pub struct Entry<C: Call> {
    call: C,
}

impl<C: Call> fmt::Debug for Entry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.id()).finish()
    }
}

impl<C: Call> Entry<C> {
    #[doc(hidden)]
    #[inline]
    pub fn new(call: C) -> Self {
        Self { call }
    }

    /// What calling the function does: answers from the cache, waits for a computation under way, or
    /// computes.
    ///
    /// # Panics
    ///
    /// If the body does.
    #[inline]
    pub fn call(self) -> C::Output {
        self.call.call()
    }

    /// Computes now and replaces what is there. The old value serves others meanwhile; a computation
    /// that was under way is returned to its callers, and not stored.
    ///
    /// # Panics
    ///
    /// If the body does; then the old value stays.
    pub fn refresh(self) -> C::Output {
        self.call.refresh()
    }

    /// Runs the body and touches nothing.
    pub fn uncached(self) -> C::Output {
        self.call.uncached()
    }

    /// The fresh value, if there is one. Counts as a read; never computes.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Option<C::Face> {
        self.call.get()
    }

    /// Writes a value, tagged and timed as the attribute says. It supersedes what is being computed.
    ///
    /// Whether it was stored: not if caching is switched off, if `cache_if` or a ttl of 0 refuses it,
    /// if it weighs more than the memo may hold, if it is an `Err` that is not kept, or if an
    /// invalidation came between.
    pub fn insert(self, value: C::Face) -> bool {
        self.call.insert(value, crate::memo::When::Always)
    }

    /// The same, if a fresh value is there.
    pub fn insert_if_present(self, value: C::Face) -> bool {
        self.call.insert(value, crate::memo::When::IfPresent)
    }

    /// The same, if no fresh value is there.
    pub fn insert_if_absent(self, value: C::Face) -> bool {
        self.call.insert(value, crate::memo::When::IfAbsent)
    }

    /// The address of the entry: it displays as `cats::get_cat("tom")`, can be kept, compared and
    /// looked up.
    #[must_use]
    pub fn id(&self) -> Key<C::Face> {
        self.call.key()
    }

    /// What is there, without touching it.
    #[must_use]
    pub fn peek(&self) -> Peek<C::Face> {
        self.id().peek()
    }

    /// Drops the entry: see [`Key::invalidate`].
    pub fn invalidate(&self) -> Applied {
        self.id().invalidate()
    }

    /// How long it is still fresh: see [`Key::ttl`].
    #[must_use]
    pub fn ttl(&self) -> Option<Ttl> {
        self.id().ttl()
    }

    /// Lets it be fresh for so long from now: see [`Key::set_ttl`].
    pub fn set_ttl(&self, ttl: Duration) -> bool {
        self.id().set_ttl(ttl)
    }

    /// Lets it be fresh for at least so long from now: see [`Key::extend_ttl`].
    pub fn extend_ttl(&self, ttl: Duration) -> bool {
        self.id().extend_ttl(ttl)
    }
}

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
    fn invalidate(&self) -> usize;
    fn is_live(&self) -> bool;
    fn ttl(&self) -> Option<Ttl>;
    fn set_deadline(&self, ttl: Duration, only_later: bool) -> bool;
}

/// A memo and one of its keys.
struct Address<K, V> {
    memo: Arc<TypedMemo<K, V>>,
    key: K,
    hash: u32,
}

impl<K: Data, V: Data> Address<K, V> {
    fn is(&self, key: &K) -> bool {
        (self.memo.key_fns.same)(key, &self.key)
    }
}

impl<K: Data, V: Data> ErasedKey for Address<K, V> {
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

    fn invalidate(&self) -> usize {
        self.memo.invalidate_key(&self.key, self.hash)
    }

    fn is_live(&self) -> bool {
        self.memo.see(&self.key, self.hash, |_| ()).is_some()
    }

    fn ttl(&self) -> Option<Ttl> {
        let deadline = self.memo.see(&self.key, self.hash, Resident::deadline)?;
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
    address: Address<S::Owned, R::Held>,
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
    fn invalidate(&self) -> usize {
        self.address.invalidate()
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
        let Address { memo, hash, .. } = &self.address;
        if memo.is_disabled() {
            return None;
        }
        if let Some(held) = memo.get(*hash, |key| self.address.is(key)) {
            memo.count_hit();
            R::face(held)
        } else {
            memo.count_miss();
            None
        }
    }

    fn peek(&self) -> Peek<R::Face> {
        let Address { memo, key, hash } = &self.address;
        let seen = memo.see(key, *hash, |entry| (entry.value.clone(), entry.created, entry.deadline()));
        let Some((held, created, deadline)) = seen else { return Peek::Absent };
        let now = memo.clock().now();
        match R::face(held) {
            Some(value) => Peek::Fresh {
                value,
                age: Duration::from_millis(now.saturating_sub(created)),
                ttl: Ttl::between(now, deadline),
            },
            None => Peek::Absent,
        }
    }
}

/// The address of an entry: what identifies one call of one memoized function.
///
/// Displays as `cats::get_cat("tom")`; arguments that are not `Debug` show as `_`. It can be kept and
/// compared; it stays good whether or not the entry is there. An equal key made later is the same
/// entry. `V` is what [`get`](Self::get) gives.
pub struct Key<V> {
    key: Arc<dyn KeyOf<V>>,
}

impl<V: 'static> Key<V> {
    pub(crate) fn new<S, R>(memo: Arc<TypedMemo<S::Owned, R::Held>>, key: S::Owned, hash: u32) -> Self
    where
        S: Shape,
        R: Returns<Face = V>,
    {
        let address = Address { memo, key, hash };
        Self { key: Arc::new(Typed::<S, R> { address, types: PhantomData }) }
    }

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

    /// The same address without its types.
    #[must_use]
    pub fn any(&self) -> AnyKey {
        AnyKey { key: self.key.clone() }
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
        Self { key: Arc::new(Address { memo, key, hash }) }
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
                Applied::new(self.key.invalidate())
            }

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

address!([V: 'static] Key<V>);
address!([] AnyKey);

impl<V> Clone for Key<V> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone() }
    }
}

impl<V: 'static> From<Key<V>> for AnyKey {
    fn from(key: Key<V>) -> Self {
        key.any()
    }
}
