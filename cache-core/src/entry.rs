//! The entry of one call, which is addressed by the function's arguments.

use std::fmt;
use std::future::{Future, IntoFuture as _, ready};
use std::marker::PhantomData;
use std::time::Duration;

use crate::call::{Address, AsyncCall, Call, CallKind, Calling, FlightHandle, WriteCall, begun_now};
use crate::handles::{Key, Peek, Ttl};
use crate::memo::{Applied, When};
use crate::mode::{Async, Blocking};

/// The entry of one call of a memoized function: `get_cat::entry("tom")`.
///
/// Making one runs nothing. It owns the arguments of the call. Verbs that need all of them consume it: those
/// that may run the body, and those that write a value, which gets the tags and the ttl of the attribute. To
/// keep the address of an entry, take its [`id`](Self::id).
///
/// For a function with a store (`store = ".."`), `get`, the verbs that write, and those about the ttl also reach the store,
/// and wait for it. The page about stores in the [guide](https://docs.rs/cache-core/latest/cache_core/guide/) tells what each
/// does there.
///
/// `M` is [`Blocking`], or [`Async`] for an asynchronous function, whose verbs are futures.
#[must_use = "an entry does nothing until one of its verbs is called"]
pub struct Entry<C, M = Blocking> {
    call: C,
    mode: PhantomData<fn() -> M>,
}

impl<C: Address, M> fmt::Debug for Entry<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.id()).finish()
    }
}

impl<C, M> Entry<C, M> {
    #[doc(hidden)]
    #[inline]
    pub fn new(call: C) -> Self {
        Self { call, mode: PhantomData }
    }
}

impl<C: Address, M> Entry<C, M> {
    /// Returns the key of the entry, which is its address. It displays as `cats::get_cat("tom")`. It can be
    /// kept, compared and looked up.
    #[must_use]
    pub fn id(&self) -> Key<C::CompanionValue, C::Mode> {
        self.call.key()
    }

    /// Drops the entry: see [`Key::invalidate`].
    pub fn invalidate(&self) -> Applied {
        self.id().invalidate()
    }

    /// Marks the entry stale, which is the soft form of [`invalidate`](Self::invalidate): see
    /// [`Key::mark_stale`].
    pub fn mark_stale(&self) -> Applied {
        self.id().mark_stale()
    }
}

impl<C: Call> Entry<C> {
    /// Does the same as a call of the function: answers from the cache, waits for a computation under way, or
    /// computes.
    ///
    /// # Panics
    ///
    /// If the body does.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn call(self) -> C::Output {
        self.call.call()
    }

    /// Computes now, replaces the stored value, and returns the new one. Other calls get the old value
    /// meanwhile. If a computation was under way, its value is returned to its callers and not stored.
    ///
    /// # Panics
    ///
    /// If the body does. The old value then stays.
    pub fn refresh(self) -> C::Output {
        self.call.refresh()
    }

    /// Runs the body without reading or writing the cache.
    pub fn uncached(self) -> C::Output {
        self.call.uncached()
    }

    /// Returns the stored value at once, as a hit does. If there is none, it returns `None` and starts a
    /// computation in the background: on a small pool of threads, or on the [`Executor`](crate::Executor)
    /// that was set. It counts as a read.
    ///
    /// For the background, borrowed arguments are made owned by `ToOwned`. If an argument cannot be owned,
    /// the build fails and names it. Nothing is computed while caching is switched off, or if the queue of
    /// the pool is full (1024 calls).
    pub fn prefetch(self) -> Option<C::CompanionValue> {
        const { can_be_computed_in_the_background::<C>() }
        self.call.prefetch()
    }

    /// Returns the fresh value, if there is one. It counts as a read and never computes.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Option<C::CompanionValue> {
        self.call.get().wait()
    }

    /// Writes a value with the tags and the ttl of the attribute, and returns whether it was stored. If so,
    /// the value of a computation that is under way is not stored.
    ///
    /// The value is not stored if caching is switched off, if `cache_if` or a ttl of 0 refuses it, if it
    /// weighs more than the memo may hold, if it is an `Err` that is not kept, or if an invalidation comes
    /// between.
    pub fn insert(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::Always).wait()
    }

    /// Writes a value as [`insert`](Self::insert) does, but only if there is a fresh value.
    pub fn insert_if_present(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::IfPresent).wait()
    }

    /// Writes a value as [`insert`](Self::insert) does, but only if there is no fresh value.
    pub fn insert_if_absent(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::IfAbsent).wait()
    }

    /// Changes the fresh value atomically: if another thread writes the entry meanwhile, `change` runs again
    /// on the new value. No lock is held while `change` runs.
    ///
    /// Returns the new value, which was stored with the tags and the ttl of the attribute. Returns `None` if
    /// there was no fresh value, if the new one is not to be kept (see [`insert`](Self::insert)), or if
    /// `change` itself has invalidated the entry. Nothing is written then.
    ///
    /// ```
    /// # use cache_core::memoize;
    /// #[memoize]
    /// fn seats(flight: &str) -> u32 {
    ///     180
    /// }
    ///
    /// seats("LH 400");
    /// assert_eq!(seats::entry("LH 400").update(|left| left - 1), Some(179));
    /// assert_eq!(seats("LH 400"), 179);
    /// ```
    ///
    /// # Panics
    ///
    /// If `change` does. The old value then stays.
    pub fn update(
        self,
        change: impl FnMut(C::CompanionValue) -> C::CompanionValue,
    ) -> Option<C::CompanionValue> {
        let begun = self.call.begin_update().map(begun_now);
        self.call.update(begun, change).wait()
    }

    /// Returns the value of the entry, fresh or stale, and its times. It does not count as a read and changes
    /// nothing.
    #[must_use]
    pub fn peek(&self) -> Peek<C::CompanionValue> {
        self.id().peek()
    }

    /// Returns how long the entry is still fresh: see [`Key::ttl`].
    #[must_use]
    pub fn ttl(&self) -> Option<Ttl> {
        self.id().ttl()
    }

    /// Sets the ttl of the entry, counted from now: see [`Key::set_ttl`].
    pub fn set_ttl(&self, ttl: Duration) -> bool {
        self.id().set_ttl(ttl)
    }

    /// Extends the ttl of the entry, counted from now: see [`Key::extend_ttl`].
    pub fn extend_ttl(&self, ttl: Duration) -> bool {
        self.id().extend_ttl(ttl)
    }
}

/// The verbs of asynchronous functions. They do what the verbs of other functions do.
impl<C: AsyncCall> Entry<C, Async> {
    /// Does the same as a call of the function: answers from the cache, waits for a computation under way, or
    /// computes.
    ///
    /// # Panics
    ///
    /// If the body does.
    #[inline]
    pub fn call(self) -> Calling<C> {
        Calling::new(self.call)
    }

    /// Computes now, replaces the stored value, and returns the new one. Other calls get the old value
    /// meanwhile. If a computation was under way, its value is returned to its callers and not stored.
    ///
    /// # Panics
    ///
    /// If the body does. The old value then stays.
    pub fn refresh(self) -> Calling<C> {
        Calling::refresh(self.call)
    }

    /// Runs the body without reading or writing the cache.
    pub fn uncached(self) -> Calling<C> {
        Calling::by(CallKind::Uncached, self.call)
    }

    /// Computes for a flight that has begun.
    #[doc(hidden)]
    pub async fn lead(self, mut handle: FlightHandle)
    where
        C::Output: 'static,
    {
        let one_shot = handle.take_one_shot();
        one_shot.put(Calling::by(CallKind::ForFlight(handle), self.call).await);
    }

    /// Returns the stored value at once, as a hit does. If there is none, it returns `None` and starts a
    /// computation in the background: on the [`Executor`](crate::Executor) that was set, else on the runtime
    /// of the caller (feature `tokio`), else on a small pool of threads, which suits futures that need no
    /// runtime. It counts as a read.
    ///
    /// For the background, borrowed arguments are made owned by `ToOwned`. If an argument cannot be owned,
    /// the build fails and names it. Nothing is computed while caching is switched off.
    pub async fn prefetch(self) -> Option<C::CompanionValue> {
        const { can_be_computed_in_the_background::<C>() }
        ready(self.call.prefetch()).await
    }

    /// Returns the fresh value, if there is one. It counts as a read and never computes. It reads when it is
    /// called, not when the future is polled.
    pub fn get(&self) -> impl Future<Output = Option<C::CompanionValue>> + use<C> {
        self.call.get().into_future()
    }

    /// Writes a value with the tags and the ttl of the attribute, and returns whether it was stored. If so,
    /// the value of a computation that is under way is not stored.
    ///
    /// The value is not stored if caching is switched off, if `cache_if` or a ttl of 0 refuses it, if it
    /// weighs more than the memo may hold, if it is an `Err` that is not kept, or if an invalidation comes
    /// between.
    pub async fn insert(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::Always).await
    }

    /// Writes a value as [`insert`](Self::insert) does, but only if there is a fresh value.
    pub async fn insert_if_present(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::IfPresent).await
    }

    /// Writes a value as [`insert`](Self::insert) does, but only if there is no fresh value.
    pub async fn insert_if_absent(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::IfAbsent).await
    }

    /// Changes the fresh value atomically: if another thread writes the entry meanwhile, `change` runs again
    /// on the new value. No lock is held while `change` runs.
    ///
    /// Returns the new value, which was stored with the tags and the ttl of the attribute. Returns `None` if
    /// there was no fresh value, if the new one is not to be kept (see [`insert`](Self::insert)), or if
    /// `change` itself has invalidated the entry. Nothing is written then.
    ///
    /// # Panics
    ///
    /// If `change` does. The old value then stays.
    pub async fn update(
        self,
        change: impl FnMut(C::CompanionValue) -> C::CompanionValue,
    ) -> Option<C::CompanionValue> {
        let begun = match self.call.begin_update() {
            Some(begins) => Some(begins.await),
            None => None,
        };
        self.call.update(begun, change).await
    }

    /// Returns the value of the entry, fresh or stale, and its times. It does not count as a read and changes
    /// nothing. It looks when it is called, not when the future is polled.
    pub fn peek(&self) -> impl Future<Output = Peek<C::CompanionValue>> + use<C> {
        ready(self.id().with_mode::<Blocking>().peek())
    }

    /// Returns how long the entry is still fresh: see [`Key::ttl`]. It looks when it is called, not when the
    /// future is polled.
    pub fn ttl(&self) -> impl Future<Output = Option<Ttl>> + use<C> {
        ready(self.id().with_mode::<Blocking>().ttl())
    }

    /// Sets the ttl of the entry, counted from now: see [`Key::set_ttl`].
    pub fn set_ttl(&self, ttl: Duration) -> impl Future<Output = bool> + use<C> {
        let key = self.id();
        async move { key.set_ttl(ttl).await }
    }

    /// Extends the ttl of the entry, counted from now: see [`Key::extend_ttl`].
    pub fn extend_ttl(&self, ttl: Duration) -> impl Future<Output = bool> + use<C> {
        let key = self.id();
        async move { key.extend_ttl(ttl).await }
    }
}

impl<C: Call> Entry<C> {
    /// Computes for a flight that has begun.
    #[doc(hidden)]
    pub fn lead(self, handle: FlightHandle) {
        self.call.lead(handle);
    }
}

/// Fails to compile if the call cannot be computed in the background.
const fn can_be_computed_in_the_background<C: WriteCall>() {
    if let Some(why) = C::WHY_NOT_IN_BACKGROUND {
        panic!("{}", why);
    }
}
