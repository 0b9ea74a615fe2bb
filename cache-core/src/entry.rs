//! One call's entry, addressed by the function's arguments.

use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::time::Duration;

use crate::call::{Address, AsyncCall, Call, CallKind, Calling, FlightHandle, WriteCall};
use crate::handles::{Key, Peek, Ttl};
use crate::memo::{Applied, When};
use crate::mode::{Async, Blocking};

/// One call of a memoized function: `get_cat::entry("tom")`.
///
/// Making one runs nothing. It owns the call's arguments, so verbs that may run the body, or that
/// tag and time the entry as the attribute says, consume it. To keep an address, take its
/// [`id`](Self::id).
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
    /// The address of the entry: it displays as `cats::get_cat("tom")`, can be kept, compared and
    /// looked up.
    #[must_use]
    pub fn id(&self) -> Key<C::CompanionValue, C::Mode> {
        self.call.key()
    }

    /// Drops the entry: see [`Key::invalidate`].
    pub fn invalidate(&self) -> Applied {
        self.id().invalidate()
    }

    /// The soft form: see [`Key::mark_stale`].
    pub fn mark_stale(&self) -> Applied {
        self.id().mark_stale()
    }
}

impl<C: Call> Entry<C> {
    /// What calling the function does: answers from the cache, waits for a computation under way, or
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

    /// What is there, at once. When nothing fresh is there it is computed in the background, by a
    /// small pool of threads or the [`Executor`](crate::Executor) that was set. Counts as a read.
    ///
    /// Arguments that the call has borrowed are owned for that, by `ToOwned`, and only then. Where that
    /// is impossible a build fails and names the argument. Nothing is computed while caching is
    /// switched off, nor when more work waits than the pool keeps (1024 calls).
    pub fn prefetch(self) -> Option<C::CompanionValue> {
        const { can_be_computed_in_the_background::<C>() }
        self.call.prefetch()
    }

    /// The fresh value, if there is one. Counts as a read; never computes.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Option<C::CompanionValue> {
        self.call.get()
    }

    /// Writes a value, tagged and timed as the attribute says. It supersedes what is being computed.
    ///
    /// Whether it was stored: not if caching is switched off, if `cache_if` or a ttl of 0 refuses it,
    /// if it weighs more than the memo may hold, if it is an `Err` that is not kept, or if an
    /// invalidation came between.
    pub fn insert(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::Always)
    }

    /// The same, if a fresh value is there.
    pub fn insert_if_present(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::IfPresent)
    }

    /// The same, if no fresh value is there.
    pub fn insert_if_absent(self, value: C::CompanionValue) -> bool {
        self.call.insert(value, When::IfAbsent)
    }

    /// Changes the fresh value that is there, in one piece: nothing is lost that is written meanwhile,
    /// since `change` runs again then. It runs outside every lock.
    ///
    /// The new value, tagged and timed as the attribute says; `None` if no fresh value was there, or
    /// the new one is not to be kept (see [`insert`](Self::insert)). Then what was there stays.
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
    /// If `change` does; then the old value stays.
    pub fn update(
        self,
        change: impl FnMut(C::CompanionValue) -> C::CompanionValue,
    ) -> Option<C::CompanionValue> {
        self.call.update(change)
    }

    /// What is there, without touching it.
    #[must_use]
    pub fn peek(&self) -> Peek<C::CompanionValue> {
        self.id().peek()
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

/// The verbs of asynchronous functions. What they do is told at those of the other kind.
impl<C: AsyncCall> Entry<C, Async> {
    /// What calling the function does: answers from the cache, waits for a computation under way, or
    /// computes.
    ///
    /// # Panics
    ///
    /// If the body does.
    #[inline]
    pub fn call(self) -> Calling<C> {
        Calling::new(self.call)
    }

    /// Computes now and replaces what is there. The old value serves others meanwhile; a computation
    /// that was under way is returned to its callers, and not stored.
    ///
    /// # Panics
    ///
    /// If the body does; then the old value stays.
    pub fn refresh(self) -> Calling<C> {
        Calling::refresh(self.call)
    }

    /// Runs the body and touches nothing.
    pub fn uncached(self) -> Calling<C> {
        Calling::by(CallKind::Uncached, self.call)
    }

    /// Computes for a flight that was begun.
    #[doc(hidden)]
    pub async fn lead(self, mut handle: FlightHandle)
    where
        C::Output: 'static,
    {
        let one_shot = handle.take_one_shot();
        one_shot.put(Calling::by(CallKind::ForFlight(handle), self.call).await);
    }

    /// What is there, at once. When nothing fresh is there it is computed in the background, by the
    /// [`Executor`](crate::Executor) that was set, else on the runtime this is called from (feature
    /// `tokio`), else by a small pool of threads, which suits futures that need no runtime. Counts as
    /// a read.
    ///
    /// Arguments that the call has borrowed are owned for that, by `ToOwned`, and only then. Where that
    /// is impossible a build fails and names the argument.
    pub async fn prefetch(self) -> Option<C::CompanionValue> {
        const { can_be_computed_in_the_background::<C>() }
        ready(self.call.prefetch()).await
    }

    /// The fresh value, if there is one. Counts as a read; never computes. Reads when it is called.
    pub fn get(&self) -> impl Future<Output = Option<C::CompanionValue>> + use<C> {
        ready(self.call.get())
    }

    /// Writes a value, tagged and timed as the attribute says. It supersedes what is being computed.
    ///
    /// Whether it was stored: not if caching is switched off, if `cache_if` or a ttl of 0 refuses it,
    /// if it weighs more than the memo may hold, if it is an `Err` that is not kept, or if an
    /// invalidation came between.
    pub async fn insert(self, value: C::CompanionValue) -> bool {
        ready(self.call.insert(value, When::Always)).await
    }

    /// The same, if a fresh value is there.
    pub async fn insert_if_present(self, value: C::CompanionValue) -> bool {
        ready(self.call.insert(value, When::IfPresent)).await
    }

    /// The same, if no fresh value is there.
    pub async fn insert_if_absent(self, value: C::CompanionValue) -> bool {
        ready(self.call.insert(value, When::IfAbsent)).await
    }

    /// Changes the fresh value that is there, in one piece: nothing is lost that is written meanwhile,
    /// since `change` runs again then. It runs outside every lock.
    ///
    /// The new value; `None` if no fresh value was there, or the new one is not to be kept.
    ///
    /// # Panics
    ///
    /// If `change` does; then the old value stays.
    pub async fn update(
        self,
        change: impl FnMut(C::CompanionValue) -> C::CompanionValue,
    ) -> Option<C::CompanionValue> {
        ready(self.call.update(change)).await
    }

    /// What is there, without touching it. Looks when it is called.
    pub fn peek(&self) -> impl Future<Output = Peek<C::CompanionValue>> + use<C> {
        ready(self.id().with_mode::<Blocking>().peek())
    }

    /// How long it is still fresh: see [`Key::ttl`]. Looks when it is called.
    pub fn ttl(&self) -> impl Future<Output = Option<Ttl>> + use<C> {
        ready(self.id().with_mode::<Blocking>().ttl())
    }

    /// Lets it be fresh for so long from now: see [`Key::set_ttl`].
    pub async fn set_ttl(self, ttl: Duration) -> bool {
        self.id().set_ttl(ttl).await
    }

    /// Lets it be fresh for at least so long from now: see [`Key::extend_ttl`].
    pub async fn extend_ttl(self, ttl: Duration) -> bool {
        self.id().extend_ttl(ttl).await
    }
}

impl<C: Call> Entry<C> {
    /// Computes for a flight that was begun.
    #[doc(hidden)]
    pub fn lead(self, handle: FlightHandle) {
        self.call.lead(handle);
    }
}

/// Fails when it is compiled.
const fn can_be_computed_in_the_background<C: WriteCall>() {
    if let Some(why) = C::WHY_NOT_IN_BACKGROUND {
        panic!("{}", why);
    }
}
