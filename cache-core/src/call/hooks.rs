//! What a call is told besides its arguments: hooks that see these, and a placeholder.

use super::Waits;
use crate::key::KeyRef;
use crate::value::Returns;

/// No hook.
#[derive(Clone, Copy)]
pub struct NoHook;

/// A hook that was given.
#[derive(Clone, Copy)]
pub struct Hooked<F>(pub(crate) F);

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

/// What a call returns while the first value is being computed in the background.
pub trait Stand<KA, SA, F> {
    /// Whether there is one.
    const SET: bool;
    /// Makes it.
    fn stand_in(&self, keyed: &KA, skipped: &SA) -> Option<F>;
}

impl<KA, SA, F> Stand<KA, SA, F> for NoHook {
    const SET: bool = false;
    #[inline]
    fn stand_in(&self, _: &KA, _: &SA) -> Option<F> {
        None
    }
}

impl<KA, SA, V, F: Fn(&KA, &SA) -> V> Stand<KA, SA, V> for Hooked<F> {
    const SET: bool = true;
    fn stand_in(&self, keyed: &KA, skipped: &SA) -> Option<V> {
        Some((self.0)(keyed, skipped))
    }
}

/// What a call is told besides its arguments: nothing, unless it says so.
pub trait Extras<KA, SA, R: Returns> {
    /// Whether there is a hook for hits.
    const ON_HIT: bool = false;
    /// Whether there is a hook for misses.
    const ON_MISS: bool = false;
    /// Whether there is a placeholder.
    const PLACEHOLDER: bool = false;
    /// How long a call waits.
    type Timeouts: Waits<R::Output>;

    /// Runs the hook for hits.
    #[inline]
    fn on_hit(&self, _: &KA, _: &SA, _: &KeyRef<'_>, _: &R::Value) {}
    /// Runs the hook for misses.
    #[inline]
    fn on_miss(&self, _: &KA, _: &SA, _: &KeyRef<'_>) {}
    /// Makes the placeholder.
    #[inline]
    fn placeholder(&self, _: &KA, _: &SA) -> Option<R::Face> {
        None
    }
    /// How long a call waits.
    fn timeouts(&self) -> &Self::Timeouts;
}

impl<KA, SA, R: Returns> Extras<KA, SA, R> for NoHook {
    type Timeouts = NoHook;
    fn timeouts(&self) -> &NoHook {
        self
    }
}

/// What was given, of each kind.
pub struct Hooks<Hit, Miss, St, T> {
    hit: Hit,
    miss: Miss,
    stand: St,
    timeouts: T,
}

impl<KA, SA, R, Hit, Miss, St, T> Extras<KA, SA, R> for Hooks<Hit, Miss, St, T>
where
    R: Returns,
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    St: Stand<KA, SA, R::Face>,
    T: Waits<R::Output>,
{
    const ON_HIT: bool = Hit::SET;
    const ON_MISS: bool = Miss::SET;
    const PLACEHOLDER: bool = St::SET;
    type Timeouts = T;

    fn on_hit(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>, value: &R::Value) {
        self.hit.hit(keyed, skipped, key, value);
    }
    fn on_miss(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>) {
        self.miss.miss(keyed, skipped, key);
    }
    fn placeholder(&self, keyed: &KA, skipped: &SA) -> Option<R::Face> {
        self.stand.stand_in(keyed, skipped)
    }
    fn timeouts(&self) -> &T {
        &self.timeouts
    }
}

impl<Hit, Miss, St, T> Hooks<Hit, Miss, St, T> {
    #[inline]
    pub(super) fn with_hit<H>(self, hit: H) -> Hooks<H, Miss, St, T> {
        Hooks { hit, miss: self.miss, stand: self.stand, timeouts: self.timeouts }
    }
    #[inline]
    pub(super) fn with_miss<M>(self, miss: M) -> Hooks<Hit, M, St, T> {
        Hooks { hit: self.hit, miss, stand: self.stand, timeouts: self.timeouts }
    }
    #[inline]
    pub(super) fn with_stand<S>(self, stand: S) -> Hooks<Hit, Miss, S, T> {
        Hooks { hit: self.hit, miss: self.miss, stand, timeouts: self.timeouts }
    }
    #[inline]
    pub(crate) fn with_timeouts<P>(self, timeouts: P) -> Hooks<Hit, Miss, St, P> {
        Hooks { hit: self.hit, miss: self.miss, stand: self.stand, timeouts }
    }
}

/// To which hooks can be added.
pub trait Hooking {
    /// The hook for hits so far.
    type Hit;
    /// The hook for misses so far.
    type Miss;
    /// The placeholder so far.
    type Stand;
    /// The limits so far.
    type Timeouts;
    /// All of them.
    fn hooks(self) -> Hooks<Self::Hit, Self::Miss, Self::Stand, Self::Timeouts>;
}

impl Hooking for NoHook {
    type Hit = NoHook;
    type Miss = NoHook;
    type Stand = NoHook;
    type Timeouts = NoHook;
    #[inline]
    fn hooks(self) -> Hooks<NoHook, NoHook, NoHook, NoHook> {
        Hooks { hit: NoHook, miss: NoHook, stand: NoHook, timeouts: NoHook }
    }
}

impl<Hit, Miss, St, T> Hooking for Hooks<Hit, Miss, St, T> {
    type Hit = Hit;
    type Miss = Miss;
    type Stand = St;
    type Timeouts = T;
    #[inline]
    fn hooks(self) -> Self {
        self
    }
}
