//! Looking a call up: what is there, and what it is good for.

use super::CallMode;
use crate::erased::{Erased, ErasedRef};
use crate::key::{KeyRef, Part, Shape, Shows};
use crate::memo::{Flags, MemoCore, TypedMemo};
use crate::table::short;
use crate::value::Returns;

/// A look-up, handed to the closure that knows the parts of the key.
pub struct Cx<'m, S: Shape, R: Returns> {
    memo: TypedMemo<'m, S::Owned, R::StoredValue>,
    on_hit: Option<OnHit<'m, R::StoredValue>>,
    look: LookFlags,
    /// Set to what was found, if that is no hit.
    slow_path: &'m mut SlowPath,
}

/// How to look: what is unusual about the call, in bits beside those that say what is unusual about the memo.
#[derive(Clone, Copy)]
pub(crate) struct LookFlags(usize);

impl LookFlags {
    const NO_READ: usize = Flags::END;
    const FRESH_ONLY: usize = Flags::END << 1;
    /// So that it is not looked up by a glance again.
    const AFTER_GLANCE: usize = Flags::END << 2;

    /// As calls usually do.
    pub(crate) const USUAL: Self = Self(0);
    /// Only to make the key, whatever is unusual about the memo.
    pub(crate) const KEY_ONLY: Self = Self(Self::NO_READ | Flags::END << 3);

    /// Only for what is fresh in a memo, and without having it computed anew.
    #[inline]
    pub(crate) fn only_fresh(memo: &MemoCore) -> Self {
        let is_usual = memo.flags().is_plain() && !memo.spec.rules.has_window();
        if is_usual { Self::USUAL } else { Self(Self::FRESH_ONLY) }
    }

    /// For a call that is told so.
    #[inline]
    pub(crate) fn of(mode: CallMode) -> Self {
        let unread = if mode.computes() { Self::NO_READ } else { 0 };
        // A call that touches nothing is one where the memo is switched off.
        Self(unread | if mode.bypasses() { Flags::DISABLED } else { 0 })
    }

    /// The same after a glance.
    #[inline]
    pub(crate) fn after_glance(self) -> Self {
        Self(self.0 | Self::AFTER_GLANCE)
    }

    /// Whether it is as calls usually do, be it after a glance.
    fn is_usual(self) -> bool {
        self.0 & !Self::AFTER_GLANCE == 0
    }

    /// With what is unusual for another reason.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// With what is unusual about the memo.
    fn of_memo(self, memo: &MemoCore) -> Self {
        Self((self.0 & !Self::AFTER_GLANCE) | memo.flags().bits())
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
    /// Anything else. The look-up has noted what.
    Slow,
}

/// What a look-up found that is not just an entry to answer with.
pub(crate) enum SlowPath {
    /// An entry that answers the call, and is to be computed again in the background; its key and hash. In a box: a miss,
    /// which is more frequent, would have room for two values.
    Renew(Box<Erased>, Erased, u32),
    /// No entry; the key and its hash.
    Miss(Erased, u32),
    /// The call neither reads nor writes. Its key and hash, if the caller inherits tags.
    Bypass(Option<(Erased, u32)>),
}

impl<'m, S: Shape, R: Returns> Cx<'m, S, R> {
    #[inline]
    pub(crate) fn new(
        memo: TypedMemo<'m, S::Owned, R::StoredValue>,
        look: LookFlags,
        slow_path: &'m mut SlowPath,
    ) -> Self {
        Self { memo, on_hit: None, look, slow_path }
    }

    /// Tells a hook.
    #[inline]
    pub(crate) fn on_hit(mut self, on_hit: Option<OnHit<'m, R::StoredValue>>) -> Self {
        self.on_hit = on_hit;
        self
    }

    /// Looks the key up that is made of these parts.
    #[inline]
    pub fn find<P: Part<S>>(self, _: S, parts: &P) -> Found<R::StoredValue> {
        self.look_up(parts)
    }

    #[inline]
    pub(crate) fn look_up<P: Part<S>>(self, parts: &P) -> Found<R::StoredValue> {
        let memo = self.memo;
        if self.look.0 == 0
            && memo.flags().is_plain()
            && let Some(value) = memo.get_at_once(parts)
        {
            if let Some(on_hit) = self.on_hit {
                Self::tell(memo.memo(), on_hit, parts, &value);
            }
            return Found::Hit(value);
        }
        Self::look_up_slowly(memo.memo(), self.look, self.on_hit, parts, self.slow_path)
    }

    /// Tells a hook of a hit.
    pub(crate) fn tell<P: Part<S>>(
        memo: &MemoCore,
        on_hit: OnHit<'_, R::StoredValue>,
        parts: &P,
        value: &R::StoredValue,
    ) {
        let key = Shows::<S, _>::new(parts);
        on_hit(&KeyRef { name: &memo.name, key: &key }, value);
    }

    /// It does not take `self`: then a hit would have to write all of it to memory.
    #[inline(never)]
    fn look_up_slowly<P: Part<S>>(
        memo: &MemoCore,
        look: LookFlags,
        on_hit: Option<OnHit<'_, R::StoredValue>>,
        parts: &P,
        slow_path: &mut SlowPath,
    ) -> Found<R::StoredValue> {
        // The hash is made again: a hit would have to keep it.
        let hash = short(memo.long_hash(parts));
        // What was just not found is not looked for again but by who begins to compute, with the shard held.
        let is_absent = memo.has_just_found_nothing() && look.is_usual() && memo.flags().is_plain();
        if is_absent || look.0 == LookFlags::KEY_ONLY.0 {
            // Nothing was there. It is forgotten, not dropped: a drop would look.
            std::mem::forget(std::mem::replace(slow_path, SlowPath::Miss(Erased::new(parts.own()), hash)));
            return Found::Slow;
        }
        let matches = |key: ErasedRef<'_>| parts.matches(key.get());
        let hit = match memo.look_up_slowly(hash, look, &matches, &|| Erased::new(parts.own())) {
            Ok(hit) => Some(hit),
            Err(found) => {
                *slow_path = found;
                None
            }
        };
        let value = match (&hit, slow_path) {
            (Some(value), _) => Some(value),
            (None, SlowPath::Renew(value, ..)) => Some(&**value),
            (None, _) => None,
        };
        if let (Some(on_hit), Some(value)) = (on_hit, value) {
            Self::tell(memo, on_hit, parts, value.get());
        }
        match hit {
            Some(hit) => Found::Hit(hit.into()),
            None => Found::Slow,
        }
    }
}

impl MemoCore {
    /// Looks up as a hit of the usual kind is not, however long it takes.
    pub(crate) fn look_up_slowly(
        &self,
        hash: u32,
        look: LookFlags,
        matches: &dyn Fn(ErasedRef<'_>) -> bool,
        own: &dyn Fn() -> Erased,
    ) -> Result<Erased, SlowPath> {
        let look = look.of_memo(self);
        let flags = look.flags();
        if flags.is_disabled() && !flags.is_tracked() {
            return Err(SlowPath::Bypass(None));
        }
        if flags.is_tracked() {
            self.record_dependency(hash, own);
        }
        if flags.is_disabled() {
            return Err(SlowPath::Bypass(Some((own(), hash))));
        }
        let found = if look.0 & LookFlags::NO_READ != 0 {
            None
        } else {
            self.get(hash, matches, look.0 & LookFlags::FRESH_ONLY != 0)
        };
        let Some((value, renew)) = found else { return Err(SlowPath::Miss(own(), hash)) };
        self.count_hit();
        if renew { Err(SlowPath::Renew(Box::new(value), own(), hash)) } else { Ok(value) }
    }
}
