//! What a call has besides its arguments: hooks that see these, a placeholder, timeouts.

use std::any::Any;

use super::WaitLimits;
use crate::key::KeyRef;

/// No hook.
#[derive(Clone, Copy)]
pub struct NoHook;

/// A hook that was given.
#[derive(Clone, Copy)]
pub struct Hooked<F>(pub(crate) F);

/// Runs when a call is answered from the cache.
pub trait HitHook<KA, SA> {
    /// Whether it is set.
    const SET: bool;
    /// Runs it.
    fn hit(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>, stored: &dyn Any);
}

impl<KA, SA> HitHook<KA, SA> for NoHook {
    const SET: bool = false;
    #[inline]
    fn hit(&self, _: &KA, _: &SA, _: &KeyRef<'_>, _: &dyn Any) {}
}

impl<KA, SA, F: Fn(&KA, &SA, &KeyRef<'_>, &dyn Any)> HitHook<KA, SA> for Hooked<F> {
    const SET: bool = true;
    fn hit(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>, stored: &dyn Any) {
        (self.0)(keyed, skipped, key, stored);
    }
}

/// Runs when a call is not answered from the cache.
pub trait MissHook<KA, SA> {
    /// Whether it is set.
    const SET: bool;
    /// Whether options of a node ask for the background.
    const IN_BACKGROUND: bool = false;
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

/// Makes what a call returns while the background computes the first value.
pub trait PlaceholderHook<KA, SA, F> {
    /// Whether it is set.
    const SET: bool;
    /// Makes it.
    fn make(&self, keyed: &KA, skipped: &SA) -> Option<F>;
}

impl<KA, SA, F> PlaceholderHook<KA, SA, F> for NoHook {
    const SET: bool = false;
    #[inline]
    fn make(&self, _: &KA, _: &SA) -> Option<F> {
        None
    }
}

impl<KA, SA, V, F: Fn(&KA, &SA) -> V> PlaceholderHook<KA, SA, V> for Hooked<F> {
    const SET: bool = true;
    fn make(&self, keyed: &KA, skipped: &SA) -> Option<V> {
        Some((self.0)(keyed, skipped))
    }
}

/// What a call has besides its arguments. By default nothing.
pub trait Extras<KA, SA, O, V> {
    /// Whether there is a hook for hits.
    const ON_HIT: bool = false;
    /// Whether there is a hook for misses.
    const ON_MISS: bool = false;
    /// Whether there is a placeholder.
    const PLACEHOLDER: bool = false;
    /// Whether options of a node ask for the background.
    const IN_BACKGROUND: bool = false;
    /// How long a call waits.
    type Timeouts: WaitLimits<O>;

    /// Runs the hook for hits.
    #[inline]
    fn on_hit(&self, _: &KA, _: &SA, _: &KeyRef<'_>, _: &dyn Any) {}
    /// Runs the hook for misses.
    #[inline]
    fn on_miss(&self, _: &KA, _: &SA, _: &KeyRef<'_>) {}
    /// Makes the placeholder.
    #[inline]
    fn placeholder(&self, _: &KA, _: &SA) -> Option<V> {
        None
    }
    /// How long a call waits.
    fn timeouts(&self) -> &Self::Timeouts;
}

impl<KA, SA, O, V> Extras<KA, SA, O, V> for NoHook {
    type Timeouts = NoHook;
    fn timeouts(&self) -> &NoHook {
        self
    }
}

/// The hooks, placeholder and timeouts of a call.
pub struct Hooks<Hit, Miss, Pl, T> {
    hit: Hit,
    miss: Miss,
    placeholder: Pl,
    timeouts: T,
}

impl<KA, SA, O, V, Hit, Miss, Pl, T> Extras<KA, SA, O, V> for Hooks<Hit, Miss, Pl, T>
where
    Hit: HitHook<KA, SA>,
    Miss: MissHook<KA, SA>,
    Pl: PlaceholderHook<KA, SA, V>,
    T: WaitLimits<O>,
{
    const ON_HIT: bool = Hit::SET;
    const ON_MISS: bool = Miss::SET;
    const PLACEHOLDER: bool = Pl::SET;
    const IN_BACKGROUND: bool = Miss::IN_BACKGROUND;
    type Timeouts = T;

    fn on_hit(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>, stored: &dyn Any) {
        self.hit.hit(keyed, skipped, key, stored);
    }
    fn on_miss(&self, keyed: &KA, skipped: &SA, key: &KeyRef<'_>) {
        self.miss.miss(keyed, skipped, key);
    }
    fn placeholder(&self, keyed: &KA, skipped: &SA) -> Option<V> {
        self.placeholder.make(keyed, skipped)
    }
    fn timeouts(&self) -> &T {
        &self.timeouts
    }
}

impl<Hit, Miss, Pl, T> Hooks<Hit, Miss, Pl, T> {
    #[inline]
    pub(super) fn with_hit<H>(self, hit: H) -> Hooks<H, Miss, Pl, T> {
        Hooks { hit, miss: self.miss, placeholder: self.placeholder, timeouts: self.timeouts }
    }
    #[inline]
    pub(super) fn with_miss<M>(self, miss: M) -> Hooks<Hit, M, Pl, T> {
        Hooks { hit: self.hit, miss, placeholder: self.placeholder, timeouts: self.timeouts }
    }
    #[inline]
    pub(super) fn with_placeholder<S>(self, placeholder: S) -> Hooks<Hit, Miss, S, T> {
        Hooks { hit: self.hit, miss: self.miss, placeholder, timeouts: self.timeouts }
    }
    #[inline]
    pub(crate) fn with_timeouts<P>(self, timeouts: P) -> Hooks<Hit, Miss, Pl, P> {
        Hooks { hit: self.hit, miss: self.miss, placeholder: self.placeholder, timeouts }
    }
}

/// Something that hooks can be added to.
pub trait Hooking {
    /// The hook for hits so far.
    type Hit;
    /// The hook for misses so far.
    type Miss;
    /// The placeholder so far.
    type PlaceholderHook;
    /// The limits so far.
    type Timeouts;
    /// All of them together.
    fn hooks(self) -> Hooks<Self::Hit, Self::Miss, Self::PlaceholderHook, Self::Timeouts>;
}

impl Hooking for NoHook {
    type Hit = NoHook;
    type Miss = NoHook;
    type PlaceholderHook = NoHook;
    type Timeouts = NoHook;
    #[inline]
    fn hooks(self) -> Hooks<NoHook, NoHook, NoHook, NoHook> {
        Hooks { hit: NoHook, miss: NoHook, placeholder: NoHook, timeouts: NoHook }
    }
}

impl<Hit, Miss, Pl, T> Hooking for Hooks<Hit, Miss, Pl, T> {
    type Hit = Hit;
    type Miss = Miss;
    type PlaceholderHook = Pl;
    type Timeouts = T;
    #[inline]
    fn hooks(self) -> Self {
        self
    }
}
