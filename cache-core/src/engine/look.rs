//! Looking a call up: what is there, and what it is good for.

use crate::key::{Borrowed, KeyRef, Part, Shape};
use crate::memo::{Flags, TypedMemo};
use crate::value::Returns;

/// A look-up, handed to the closure that knows the parts of the key.
pub struct Cx<'m, S: Shape, R: Returns> {
    memo: &'m TypedMemo<S::Owned, R::Held>,
    on_hit: Option<OnHit<'m, R::Held>>,
    look: Look,
}

/// How to look: what is unusual about it, in one number, of which a hit asks whether it is 0. It begins with
/// what is unusual about the memo.
#[derive(Clone, Copy)]
pub(crate) struct Look(usize);

impl Look {
    const UNREAD: usize = Flags::END;
    const FRESH: usize = Flags::END << 1;

    /// Only to make the key.
    pub(crate) const OWN: Self = Self(Self::UNREAD);

    #[inline]
    pub(crate) fn at(flags: Flags) -> Self {
        Self(flags.bits())
    }

    fn flags(self) -> Flags {
        Flags::of(self.0)
    }

    /// Not to read, if so.
    #[inline]
    pub(crate) fn unread_if(self, unread: bool) -> Self {
        Self(if unread { self.0 | Self::UNREAD } else { self.0 })
    }

    /// Only for what is fresh, and without having it computed anew.
    pub(crate) fn only_fresh(self) -> Self {
        Self(self.0 | Self::FRESH)
    }

    /// For a call that touches nothing, if so: as where the memo is switched off.
    #[inline]
    pub(crate) fn bypass_if(self, bypass: bool) -> Self {
        Self(if bypass { self.0 | Flags::DISABLED } else { self.0 })
    }
}

/// A hook that sees the key while it is still borrowed from the call.
pub(crate) type OnHit<'m, V> = &'m dyn Fn(&KeyRef<'_>, &V);

/// What a look-up found.
pub enum Found<K, V> {
    /// An entry to answer with.
    Hit(V),
    /// One that is to be computed anew in the background; and its key, to go on with.
    Renew(V, K, u32),
    /// None: the key, to go on with.
    Miss(K, u32),
    /// The call touches nothing. Its key, if what is computed from it is to know of it.
    Bypass(Option<(K, u32)>),
}

impl<K, V> Found<K, V> {
    /// The key of a look-up that was not to read.
    pub(crate) fn into_key(self) -> (K, u32) {
        match self {
            Self::Miss(key, hash) => (key, hash),
            Self::Hit(_) | Self::Renew(..) | Self::Bypass(_) => {
                unreachable!("asked for the key, not for the entry")
            }
        }
    }
}

impl<'m, S: Shape, R: Returns> Cx<'m, S, R> {
    #[inline]
    pub(crate) fn new(memo: &'m TypedMemo<S::Owned, R::Held>, look: Look) -> Self {
        Self { memo, on_hit: None, look }
    }

    /// Tells a hook.
    #[inline]
    pub(crate) fn on_hit(mut self, on_hit: Option<OnHit<'m, R::Held>>) -> Self {
        self.on_hit = on_hit;
        self
    }

    /// Looks the key up that is made of these parts.
    #[inline]
    pub fn find<P: Part<S>>(self, _: S, parts: &P) -> Found<S::Owned, R::Held> {
        self.look_up(parts)
    }

    #[inline]
    pub(crate) fn look_up<P: Part<S>>(self, parts: &P) -> Found<S::Owned, R::Held> {
        if self.look.0 == 0
            && let Some(value) = Self::hit(self.memo, parts)
        {
            if let Some(on_hit) = self.on_hit {
                Self::tell(self.memo, on_hit, parts, &value);
            }
            return Found::Hit(value);
        }
        Self::look_further(self.memo, self.look, self.on_hit, parts)
    }

    /// One function for all functions of such a key and value. So it is small, nothing of what follows a miss
    /// gets into its way, and whoever builds many memoized functions builds it once.
    #[inline]
    fn hit<P: Part<S>>(memo: &TypedMemo<S::Owned, R::Held>, parts: &P) -> Option<R::Held> {
        memo.get_at_once(memo.long_hash(parts), |key| parts.matches(key))
    }

    fn tell<P: Part<S>>(
        memo: &TypedMemo<S::Owned, R::Held>,
        on_hit: OnHit<'_, R::Held>,
        parts: &P,
        value: &R::Held,
    ) {
        let key = Borrowed { part: parts, shape: std::marker::PhantomData::<S> };
        on_hit(&KeyRef { name: &memo.name, key: &key }, value);
    }

    /// Not a method: a hit would have to keep all of this in memory for it.
    #[inline(never)]
    fn look_further<P: Part<S>>(
        memo: &TypedMemo<S::Owned, R::Held>,
        look: Look,
        on_hit: Option<OnHit<'_, R::Held>>,
        parts: &P,
    ) -> Found<S::Owned, R::Held> {
        // Once more: a hit would have to keep it for this.
        let hash = memo.hash(parts);
        let flags = look.flags();
        if flags.is_disabled() && !flags.is_tracked() {
            return Found::Bypass(None);
        }
        if flags.is_tracked() {
            memo.hand_up_source(hash, || parts.own());
        }
        if flags.is_disabled() {
            return Found::Bypass(Some((parts.own(), hash)));
        }
        let found = if look.0 & Look::UNREAD != 0 {
            None
        } else if look.0 == 0 && !memo.spec.rules.has_window() {
            // An entry that is not fresh is of use within a window only.
            memo.get(hash, |key| parts.matches(key)).map(|value| (value, false))
        } else {
            memo.get_by_rules(hash, |key| parts.matches(key), look.0 & Look::FRESH != 0)
        };
        let Some((value, renew)) = found else { return Found::Miss(parts.own(), hash) };
        memo.count_hit();
        if let Some(on_hit) = on_hit {
            Self::tell(memo, on_hit, parts, &value);
        }
        if renew { Found::Renew(value, parts.own(), hash) } else { Found::Hit(value) }
    }
}
