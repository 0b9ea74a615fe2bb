//! What a call is told besides its arguments: hooks that see these, and a placeholder.

use crate::key::KeyRef;

/// No hook.
#[derive(Clone, Copy)]
pub struct NoHook;

/// A hook that was given.
#[derive(Clone, Copy)]
pub struct Hooked<F>(pub(super) F);

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
