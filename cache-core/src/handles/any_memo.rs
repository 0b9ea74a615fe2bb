//! Memos whose types are not known, as users hold them.

use std::fmt;
use std::sync::Arc;

use super::AnyKey;
use crate::event::Stats;
use crate::memo::slot::Slot;
use crate::memo::{Applied, MemoCore, Predicate, invalidate_where};
use crate::tags::{Carrier, Severity, TagName};

/// A memo whose types are not known: what the [`registry`](crate::registry()) hands out.
#[derive(Clone)]
pub struct AnyMemoRef(pub(crate) Arc<MemoCore>);

impl fmt::Debug for AnyMemoRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("name", &self.name()).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl AnyMemoRef {
    /// The registered name: crate, modules and function, such as `cats::get_cat`, or what `name = …`
    /// says. An instantiation of a generic function carries its types: `cats::get<u32>`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many entries are live: fresh and not invalidated. Looks at each of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no entry is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries, or how much weight, it may hold; `None` without a bound.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    /// What its entries weigh together, as the attribute's `weigh` says; without one, how many they are. Entries
    /// whose time is up count until they are reclaimed. One load.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.0.total_weight.load(crate::sync::Ordering::Relaxed)
    }

    /// Bounds it anew; what is too much is evicted before this returns.
    ///
    /// # Errors
    ///
    /// For a capacity of 0: switch the memo off instead, with [`set_enabled`](Self::set_enabled).
    pub fn set_capacity(&self, capacity: usize) -> Result<(), ZeroCapacity> {
        if capacity == 0 {
            return Err(ZeroCapacity);
        }
        self.0.bound(capacity);
        Ok(())
    }

    /// Switches caching off or on for this memo. While it is off, calls run the body, reads find
    /// nothing and writes do nothing; what was there is still there afterwards.
    pub fn set_enabled(&self, enabled: bool) {
        self.0.switch(enabled);
    }

    /// Whether calls are cached: neither this memo nor caching as a whole is switched off.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.0.is_disabled()
    }

    /// The figures so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// The tags that live entries carry, in order: text tags by the alphabet, then typed ones.
    #[must_use]
    pub fn tags(&self) -> Vec<TagName> {
        self.0.tags()
    }

    /// The live entries, in no order.
    #[must_use]
    pub fn any_keys(&self) -> Vec<AnyKey> {
        AnyKey::all_of(&self.0, None)
    }

    /// Invalidates every entry. Values being computed are not stored.
    pub fn clear(&self) -> Applied {
        clear(std::slice::from_ref(self), Severity::Hard)
    }

    /// Invalidates every entry whose key, as it displays, matches a pattern of `*` (any text) and `?`
    /// (any one character): `*get_cat("tom"*`. Values being computed for such keys are not stored.
    /// Looks at every entry.
    pub fn invalidate_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(std::slice::from_ref(self), pattern, Severity::Hard)
    }

    /// Invalidates the entry whose key displays as this text, such as `cats::get_cat("tom")`; several if
    /// they show alike. Looks at every entry.
    pub fn invalidate_key_text(&self, text: &str) -> Applied {
        invalidate_shown(std::slice::from_ref(self), &|key| key == text, Severity::Hard)
    }

    /// The soft form of [`clear`](Self::clear): see [`Key::mark_stale`](crate::Key::mark_stale).
    pub fn mark_all_stale(&self) -> Applied {
        clear(std::slice::from_ref(self), Severity::Soft)
    }

    /// The soft form of [`invalidate_matching`](Self::invalidate_matching).
    pub fn mark_stale_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(std::slice::from_ref(self), pattern, Severity::Soft)
    }

    /// The soft form of [`invalidate_key_text`](Self::invalidate_key_text).
    pub fn mark_stale_key_text(&self, text: &str) -> Applied {
        invalidate_shown(std::slice::from_ref(self), &|key| key == text, Severity::Soft)
    }

    /// Reclaims entries whose time is up now, instead of when their place is needed or the
    /// background sweep comes by (within seconds); and what large invalidations have left for later. How
    /// many entries had expired.
    pub fn sweep(&self) -> usize {
        self.0.reclaim()
    }

    /// The key of a call, from its arguments as anything that serializes as JSON: a tuple or array in
    /// the order of the key, or a map or struct by the arguments' names (one that is left out is
    /// `None`). Arguments under `skip` are left out.
    ///
    /// # Errors
    ///
    /// If an argument is missing, unknown, of another type, or of a type that is not `Deserialize`.
    #[cfg(feature = "json")]
    pub fn key_of_json(
        &self,
        arguments: &impl serde::Serialize,
    ) -> Result<AnyKey, crate::handles::LookupError> {
        let json = serde_json::to_value(arguments).map_err(|error| error.to_string());
        json.and_then(|json| self.0.key_of_json(&json))
            .map(|(key, hash)| AnyKey::new(self.0.clone(), key, hash))
            .map_err(|why| crate::handles::LookupError::arguments(self.name(), &why))
    }
}

/// Invalidates all of some memos of one runtime in one piece: what is computed for one may be made of what is
/// in another.
pub(crate) fn clear(memos: &[AnyMemoRef], severity: Severity) -> Applied {
    let Some(first) = memos.first() else { return Applied::default() };
    let stamp = first.0.runtime().bump_whole(memos.iter().map(|memo| memo.0.revision()), severity);
    memos.iter().map(|memo| memo.0.remove_cleared(stamp)).sum()
}

/// Invalidates, in all of these memos, the keys that display as `is_selected` says.
pub(crate) fn invalidate_shown(
    memos: &[AnyMemoRef],
    is_selected: &dyn Fn(&str) -> bool,
    severity: Severity,
) -> Applied {
    let mut picked: Vec<(&MemoCore, Predicate<'_>)> = Vec::new();
    for AnyMemoRef(memo) in memos {
        picked.push((memo, Box::new(|key, _| memo.shows_as(key, is_selected))));
    }
    invalidate_where(&picked, Some(is_selected), severity)
}

/// The same of the keys that match a pattern.
pub(crate) fn invalidate_matching(memos: &[AnyMemoRef], pattern: &str, severity: Severity) -> Applied {
    let pattern = wildmatch::WildMatch::new(pattern);
    invalidate_shown(memos, &|text| pattern.matches(text), severity)
}

/// A memo cannot be bounded to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroCapacity;

impl fmt::Display for ZeroCapacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a capacity of 0 keeps nothing: switch the memo off with set_enabled(false)")
    }
}

impl std::error::Error for ZeroCapacity {}

/// All instantiations of a generic memoized function: `get::<u32>::all()`, with whatever type.
#[derive(Clone, Copy)]
pub struct AllMemos {
    slot: &'static Slot,
}

impl fmt::Debug for AllMemos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.memos()).finish()
    }
}

impl AllMemos {
    pub(crate) fn new(slot: &'static Slot) -> Self {
        Self { slot }
    }

    /// Each instantiation that has been used so far.
    #[must_use]
    pub fn memos(&self) -> Vec<AnyMemoRef> {
        self.slot.memos().map(AnyMemoRef).collect()
    }

    /// How many entries are live in all of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memos().iter().map(AnyMemoRef::len).sum()
    }

    /// Whether no entry is live in any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Invalidates every entry of all of them.
    pub fn clear(&self) -> Applied {
        clear(&self.memos(), Severity::Hard)
    }

    /// The soft form of [`clear`](Self::clear): see [`Key::mark_stale`](crate::Key::mark_stale).
    pub fn mark_all_stale(&self) -> Applied {
        clear(&self.memos(), Severity::Soft)
    }
}
