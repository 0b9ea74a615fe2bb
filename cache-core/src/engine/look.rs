//! Looking a call up: what is there, and what it is good for.

use super::Mode;
use crate::erased::{Erased, ErasedRef};
use crate::key::{Borrowed, KeyRef, Part, Shape};
use crate::memo::{Flags, MemoCore, Typed};
use crate::value::Returns;

/// A look-up, handed to the closure that knows the parts of the key.
pub struct Cx<'m, S: Shape, R: Returns> {
    memo: Typed<'m, S::Owned, R::Held>,
    on_hit: Option<OnHit<'m, R::Held>>,
    look: Look,
}

/// How to look: what is unusual about the call, in bits beside those that say what is unusual about the memo.
#[derive(Clone, Copy)]
pub(crate) struct Look(usize);

impl Look {
    const UNREAD: usize = Flags::END;
    const FRESH: usize = Flags::END << 1;
    const AFTER_GLANCE: usize = Flags::END << 2;

    /// As calls usually do.
    pub(crate) const USUAL: Self = Self(0);
    /// Only for what is found at once.
    const GLANCE: Self = Self(Flags::END << 3);
    /// Only to make the key, whatever is unusual about the memo.
    pub(crate) const OWN: Self = Self(Self::UNREAD | Flags::END << 4);
    /// Only for what is fresh, and without having it computed anew.
    pub(crate) const ONLY_FRESH: Self = Self(Self::FRESH);

    /// For a call that is told so.
    #[inline]
    pub(crate) fn of(mode: Mode) -> Self {
        let unread = if mode.computes() { Self::UNREAD } else { 0 };
        // A call that touches nothing is one where the memo is switched off.
        Self(unread | if mode.bypasses() { Flags::DISABLED } else { 0 })
    }

    /// The same after a glance, if so.
    #[inline]
    pub(crate) fn after_glance_if(self, after_glance: bool) -> Self {
        Self(if after_glance { self.0 | Self::AFTER_GLANCE } else { self.0 })
    }

    /// With what is unusual about the memo.
    fn at(self, memo: &MemoCore) -> Self {
        let memo = if self.0 == Self::OWN.0 { 0 } else { memo.flags().bits() };
        Self((self.0 & !Self::AFTER_GLANCE) | memo)
    }

    fn flags(self) -> Flags {
        Flags::of(self.0)
    }
}

/// A hook that sees the key while it is still borrowed from the call.
pub(crate) type OnHit<'m, V> = &'m dyn Fn(&KeyRef<'_>, &V);

/// What a look-up found.
pub enum Found<V> {
    /// An entry to answer with.
    Hit(V),
    /// Anything else.
    Further(Further),
}

/// What a look-up found that is not just an entry to answer with.
pub enum Further {
    /// One that is to be computed anew in the background; and its key, to go on with.
    Renew(Erased, Erased, u32),
    /// None: the key, to go on with.
    Miss(Erased, u32),
    /// The call touches nothing. Its key, if what is computed from it is to know of it.
    Bypass(Option<(Erased, u32)>),
}

impl<V> Found<V> {
    /// The key of a look-up that was not to read.
    pub(crate) fn into_key(self) -> (Erased, u32) {
        match self {
            Self::Further(Further::Miss(key, hash)) => (key, hash),
            _ => unreachable!("asked for the key, not for the entry"),
        }
    }
}

impl<'m, S: Shape, R: Returns> Cx<'m, S, R> {
    #[inline]
    pub(crate) fn new(memo: Typed<'m, S::Owned, R::Held>, look: Look) -> Self {
        Self { memo, on_hit: None, look }
    }

    /// Tells a hook.
    #[inline]
    pub(crate) fn on_hit(mut self, on_hit: Option<OnHit<'m, R::Held>>) -> Self {
        self.on_hit = on_hit;
        self
    }

    /// A look-up that finds a fresh entry at once, or nothing: then the call is to be looked up again.
    #[inline]
    pub(crate) fn glance(
        memo: Typed<'m, S::Owned, R::Held>,
        look: impl FnOnce(Self) -> Found<R::Held>,
    ) -> Option<R::Held> {
        match look(Self::new(memo, Look::GLANCE)) {
            Found::Hit(held) => Some(held),
            Found::Further(nothing) => {
                std::mem::forget(nothing);
                None
            }
        }
    }

    /// Looks the key up that is made of these parts.
    #[inline]
    pub fn find<P: Part<S>>(self, _: S, parts: &P) -> Found<R::Held> {
        self.look_up(parts)
    }

    #[inline]
    pub(crate) fn look_up<P: Part<S>>(self, parts: &P) -> Found<R::Held> {
        let memo = self.memo;
        let glance = self.look.0 == Look::GLANCE.0;
        if (self.look.0 == 0 || glance)
            && memo.flags().is_plain()
            && let Some(value) = memo.get_at_once(parts)
        {
            if let Some(on_hit) = self.on_hit {
                Self::tell(memo.memo(), on_hit, parts, &value);
            }
            return Found::Hit(value);
        }
        if glance {
            return Found::Further(Further::Bypass(None));
        }
        Self::look_further(memo.memo(), self.look, self.on_hit, parts)
    }

    fn tell<P: Part<S>>(memo: &MemoCore, on_hit: OnHit<'_, R::Held>, parts: &P, value: &R::Held) {
        let key = Borrowed { part: parts, shape: std::marker::PhantomData::<S> };
        on_hit(&KeyRef { name: &memo.name, key: &key }, value);
    }

    /// It takes no `self`: a hit would have to write all of that to memory for it.
    #[inline(never)]
    fn look_further<P: Part<S>>(
        memo: &MemoCore,
        look: Look,
        on_hit: Option<OnHit<'_, R::Held>>,
        parts: &P,
    ) -> Found<R::Held> {
        // Once more: a hit would have to keep it for this.
        let hash = memo.hash(parts);
        let matches = |key: ErasedRef<'_>| parts.matches(key.get());
        let found = memo.look_further(hash, look, &matches, &|| Erased::new(parts.own()));
        if let (Some(on_hit), Found::Hit(value) | Found::Further(Further::Renew(value, ..))) =
            (on_hit, &found)
        {
            Self::tell(memo, on_hit, parts, value.get());
        }
        match found {
            Found::Hit(value) => Found::Hit(value.into()),
            Found::Further(further) => Found::Further(further),
        }
    }
}

impl MemoCore {
    fn look_further(
        &self,
        hash: u32,
        look: Look,
        matches: &dyn Fn(ErasedRef<'_>) -> bool,
        own: &dyn Fn() -> Erased,
    ) -> Found<Erased> {
        let look = look.at(self);
        let flags = look.flags();
        if flags.is_disabled() && !flags.is_tracked() {
            return Found::Further(Further::Bypass(None));
        }
        if flags.is_tracked() {
            self.record_source(hash, own);
        }
        if flags.is_disabled() {
            return Found::Further(Further::Bypass(Some((own(), hash))));
        }
        let found = if look.0 & Look::UNREAD != 0 {
            None
        } else if look.0 == 0 && !self.spec.rules.has_window() {
            // An entry that is not fresh is of use within a window only.
            self.get(hash, matches).map(|value| (value, false))
        } else {
            self.get_by_rules(hash, matches, look.0 & Look::FRESH != 0)
        };
        let Some((value, renew)) = found else { return Found::Further(Further::Miss(own(), hash)) };
        self.count_hit();
        if renew { Found::Further(Further::Renew(value, own(), hash)) } else { Found::Hit(value) }
    }
}
