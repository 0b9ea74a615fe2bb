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

    /// For a call in a mode: one that is to compute does not read, and one that touches nothing looks as where the
    /// memo is switched off.
    #[inline]
    pub(crate) fn in_mode(self, mode: Mode) -> Self {
        let mut look = self.0;
        if mode.refresh || mode.origin {
            look |= Self::UNREAD;
        }
        if mode.bypass {
            look |= Flags::DISABLED;
        }
        Self(look)
    }

    /// Only for what is fresh, and without having it computed anew.
    pub(crate) fn only_fresh(self) -> Self {
        Self(self.0 | Self::FRESH)
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

    /// Looks the key up that is made of these parts.
    #[inline]
    pub fn find<P: Part<S>>(self, _: S, parts: &P) -> Found<R::Held> {
        self.look_up(parts)
    }

    #[inline]
    pub(crate) fn look_up<P: Part<S>>(self, parts: &P) -> Found<R::Held> {
        let memo = self.memo;
        if self.look.0 == 0
            && let Some(value) = memo.get_at_once(memo.long_hash(parts), |key| parts.matches(key))
        {
            if let Some(on_hit) = self.on_hit {
                Self::tell(memo.memo(), on_hit, parts, &value);
            }
            return Found::Hit(value);
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
