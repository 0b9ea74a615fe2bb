//! What the attribute writes: a [`Plan`] ties a function's slot to the shape of its key and return;
//! a [`Bound`] is one call of it, with its arguments, hooks and body.

use std::marker::PhantomData;

use crate::blocking;
use crate::engine::{Cx, Draft, Found};
use crate::entry::Key;
use crate::key::{KeyRef, Shape};
use crate::memo::{Memo, MemoSpec, When};
use crate::slot::{Handle, Slot};
use crate::value::Returns;

/// A memoized function, bound to its slot.
///
/// `Id` tells instantiations of a generic function apart, `KA` is the tuple of the arguments that are
/// part of the key, `S` the key's shape, `R` what is decided about the return, `L` looks a call up.
pub struct Plan<Id: ?Sized, KA, S, R: Returns, L> {
    slot: &'static Slot,
    look: L,
    spec: MemoSpec<R>,
    types: PhantomData<fn(&Id, &KA) -> S>,
}

impl<Id, KA, S, R, L> Plan<Id, KA, S, R, L>
where
    Id: ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<S::Owned, R::Held>,
{
    /// Binds a function to its slot. `look` passes the parts of the key on to [`Cx::find`].
    #[inline]
    pub fn new(_: crate::key::Ty<Id>, slot: &'static Slot, _: R, look: L) -> Self {
        Self { slot, look, spec: MemoSpec::new(), types: PhantomData }
    }

    /// Called after a value was stored.
    #[must_use]
    #[inline]
    pub fn on_store(mut self, hook: fn(&KeyRef<'_>, &R::Value)) -> Self {
        self.spec.on_store = Some(hook);
        self
    }

    /// Called when an entry has left.
    #[must_use]
    #[inline]
    pub fn on_evict(mut self, hook: fn(&KeyRef<'_>, &R::Value, crate::event::Cause)) -> Self {
        self.spec.on_evict = Some(hook);
        self
    }

    /// The weight of an entry.
    #[must_use]
    #[inline]
    pub fn weigh(mut self, weigh: fn(&KeyRef<'_>, &R::Value) -> usize) -> Self {
        self.spec.weigh = Some(weigh);
        self
    }

    /// The memo of this instantiation, to work with.
    #[inline]
    pub(crate) fn handle(&self) -> Handle<S::Owned, R::Held> {
        self.slot.memo::<Id, S, R>(self.spec)
    }

    /// Looks the call up.
    #[inline]
    pub(crate) fn look(&self, keyed: &KA, cx: Cx<'_, S, R>) -> Found<S::Owned, R::Held> {
        (self.look)(keyed, cx)
    }

    /// The key of the call with these arguments.
    pub fn key(&self, keyed: &KA) -> Key<R::Face> {
        let memo = self.handle();
        let (key, hash) = self.look(keyed, Cx::own(&memo)).into_key();
        Key::new::<S, R>(memo.arc(), key, hash)
    }

    /// The memo.
    pub fn memo(&self) -> Memo<R::Face> {
        Memo::new::<S, R>(self.handle().arc())
    }

    /// One call.
    #[inline]
    pub fn bind<SA, Run, B, D>(
        self,
        keyed: KA,
        skipped: SA,
        run: Run,
    ) -> Bound<Self, KA, SA, Run, NoHook, NoHook>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        B: FnOnce() -> R::Output,
        D: FnOnce(Option<&R::Value>, &mut Draft),
    {
        Bound {
            plan: self,
            keyed,
            skipped,
            run,
            on_hit: NoHook,
            on_miss: NoHook,
            bypass: false,
            refresh: false,
        }
    }
}

/// Every instantiation of a generic function at once.
#[must_use]
pub fn all(slot: &'static Slot) -> crate::memo::AllMemos {
    crate::memo::AllMemos::new(slot)
}

/// No hook.
#[derive(Clone, Copy)]
pub struct NoHook;

/// A hook that was given.
#[derive(Clone, Copy)]
pub struct Hooked<F>(F);

/// What runs when a call is answered from the cache.
pub trait HitHook<KA, SA, V> {
    /// Whether there is one.
    const SET: bool;
    /// Runs it.
    fn hit(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>, value: &V);
}

impl<KA, SA, V> HitHook<KA, SA, V> for NoHook {
    const SET: bool = false;
    #[inline]
    fn hit(&self, _: &KA, _: &SA, _: &KeyRef<'_>, _: &V) {}
}

impl<KA, SA, V, F: Fn(&KA, &SA, &KeyRef<'_>, &V)> HitHook<KA, SA, V> for Hooked<F> {
    const SET: bool = true;
    fn hit(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>, value: &V) {
        (self.0)(keyed, skipped, key, value);
    }
}

/// What runs when a call is not answered from the cache.
pub trait MissHook<KA, SA> {
    /// Whether there is one.
    const SET: bool;
    /// Runs it.
    fn miss(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>);
}

impl<KA, SA> MissHook<KA, SA> for NoHook {
    const SET: bool = false;
    #[inline]
    fn miss(&self, _: &KA, _: &SA, _: &KeyRef<'_>) {}
}

impl<KA, SA, F: Fn(&KA, &SA, &KeyRef<'_>)> MissHook<KA, SA> for Hooked<F> {
    const SET: bool = true;
    fn miss(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>) {
        (self.0)(keyed, skipped, key);
    }
}

/// One call of a memoized function.
pub struct Bound<P, KA, SA, Run, Hit, Miss> {
    pub(crate) plan: P,
    pub(crate) keyed: KA,
    pub(crate) skipped: SA,
    pub(crate) run: Run,
    pub(crate) on_hit: Hit,
    pub(crate) on_miss: Miss,
    pub(crate) bypass: bool,
    pub(crate) refresh: bool,
}

impl<Id, KA, S, R, L, SA, Run, Hit, Miss> Bound<Plan<Id, KA, S, R, L>, KA, SA, Run, Hit, Miss>
where
    Id: ?Sized,
    R: Returns,
{
    /// Neither read nor write.
    #[must_use]
    #[inline]
    pub fn bypass_if(mut self, bypass: bool) -> Self {
        self.bypass = bypass;
        self
    }

    /// Do not read, but write.
    #[must_use]
    #[inline]
    pub fn refresh_if(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// The hook for hits.
    #[inline]
    pub fn on_hit<F: Fn(&KA, &SA, &KeyRef<'_>, &R::Value)>(
        self,
        hook: F,
    ) -> Bound<Plan<Id, KA, S, R, L>, KA, SA, Run, Hooked<F>, Miss> {
        let Self { plan, keyed, skipped, run, on_hit: _, on_miss, bypass, refresh } = self;
        Bound { plan, keyed, skipped, run, on_hit: Hooked(hook), on_miss, bypass, refresh }
    }

    /// The hook for misses.
    #[inline]
    pub fn on_miss<F: Fn(&KA, &SA, &KeyRef<'_>)>(
        self,
        hook: F,
    ) -> Bound<Plan<Id, KA, S, R, L>, KA, SA, Run, Hit, Hooked<F>> {
        let Self { plan, keyed, skipped, run, on_hit, on_miss: _, bypass, refresh } = self;
        Bound { plan, keyed, skipped, run, on_hit, on_miss: Hooked(hook), bypass, refresh }
    }
}

/// One call of a memoized function: what an [`Entry`](crate::Entry) is made of. Sealed: the
/// attribute makes the only ones.
pub trait Call: sealed::Sealed {
    /// The function's return.
    type Output;
    /// What `get` and `insert` speak of: the `Ok` of a visible `Result`, else the return.
    type Face: 'static;

    /// Answers from the cache, or computes.
    #[doc(hidden)]
    fn call(self) -> Self::Output;
    /// Computes and stores, whatever is there.
    #[doc(hidden)]
    fn refresh(self) -> Self::Output;
    /// Runs the body, touches nothing.
    #[doc(hidden)]
    fn uncached(self) -> Self::Output;
    /// The fresh value, if there is one.
    #[doc(hidden)]
    fn get(&self) -> Option<Self::Face>;
    /// Writes a value.
    #[doc(hidden)]
    fn insert(self, value: Self::Face, when: When) -> bool;
    /// The key.
    #[doc(hidden)]
    fn key(&self) -> Key<Self::Face>;
}

mod sealed {
    pub trait Sealed {}
    impl<P, KA, SA, Run, Hit, Miss> Sealed for super::Bound<P, KA, SA, Run, Hit, Miss> {}
}

impl<Id, KA, S, R, L, SA, Run, B, D, Hit, Miss> Call for Bound<Plan<Id, KA, S, R, L>, KA, SA, Run, Hit, Miss>
where
    Id: ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<S::Owned, R::Held>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: FnOnce(Option<&R::Value>, &mut Draft),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
{
    type Output = R::Output;
    type Face = R::Face;

    #[inline]
    fn call(self) -> R::Output {
        blocking::call(self)
    }

    fn refresh(mut self) -> R::Output {
        self.refresh = true;
        blocking::call(self)
    }

    fn uncached(self) -> R::Output {
        (self.run)(self.keyed, self.skipped).0()
    }

    #[inline]
    fn get(&self) -> Option<R::Face> {
        let memo = self.plan.handle();
        if memo.is_disabled() {
            return None;
        }
        match self.plan.look(&self.keyed, Cx::read(&memo, None)) {
            Found::Hit(held) => {
                memo.count_hit();
                R::face(held)
            }
            Found::Miss(..) => {
                memo.count_miss();
                None
            }
        }
    }

    fn insert(self, value: R::Face, when: When) -> bool {
        let Self { plan, keyed, skipped, run, .. } = self;
        let Some(held) = R::keep(value) else { return false };
        let memo = plan.handle();
        let (key, hash) = plan.look(&keyed, Cx::own(&memo)).into_key();
        // The body is made and dropped: what is wanted is the description that comes with it.
        let (_, describe) = run(keyed, skipped);
        let draft = memo.draft(|draft| describe(R::value(&held), draft));
        memo.put(&key, hash, held, draft, when)
    }

    fn key(&self) -> Key<R::Face> {
        self.plan.key(&self.keyed)
    }
}

/// Describes nothing: no tags, no ttl of its own.
#[inline]
pub fn plain<V>(_: Option<&V>, _: &mut Draft) {}
