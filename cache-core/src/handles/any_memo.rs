//! Handles of memos without their types.

use std::fmt;
use std::sync::Arc;

use super::AnyKey;
use crate::event::Stats;
use crate::memo::slot::Slot;
use crate::memo::{Applied, MemoCore, Predicate, invalidate_where};
use crate::tags::{Carrier, Severity, TagName};

/// A handle of a memo, without its types. The [`registry`](crate::registry()) returns such handles.
#[derive(Clone)]
pub struct AnyMemoRef(pub(crate) Arc<MemoCore>);

impl fmt::Debug for AnyMemoRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("name", &self.name()).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl AnyMemoRef {
    /// Returns the registered name. It consists of crate, modules and function, such as `cats::get_cat`,
    /// unless the option `name` sets another. The name of an instantiation includes its types:
    /// `cats::get<u32>`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns how many entries are live, which means fresh and not invalidated. It looks at every entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether no entry is live. It looks at every entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many entries, or how much weight, the memo may hold. Returns `None` if there is no bound.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    /// Returns the total weight of the entries by the option `weigh`, or without it their number. Expired
    /// entries count until they are reclaimed. It costs one load.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.0.total_weight.load(crate::sync::Ordering::Relaxed)
    }

    /// Changes the capacity. Entries beyond it are evicted before this returns. `usize::MAX` means no bound.
    ///
    /// # Errors
    ///
    /// If the capacity is 0. Switch the memo off instead, with [`set_enabled`](Self::set_enabled).
    pub fn set_capacity(&self, capacity: usize) -> Result<(), ZeroCapacity> {
        if capacity == 0 {
            return Err(ZeroCapacity);
        }
        self.0.bound(capacity);
        Ok(())
    }

    /// Switches caching off or on for this memo. While it is off, calls run the body, reads find nothing, and
    /// writes do nothing. Stored entries are still there when it is switched on again.
    pub fn set_enabled(&self, enabled: bool) {
        self.0.switch(enabled);
    }

    /// Returns whether calls are cached: neither this memo nor caching as a whole is switched off.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.0.is_disabled()
    }

    /// Returns what the memo has counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// Returns the tags of live entries in order: text tags first, then typed tags, each by the alphabet.
    #[must_use]
    pub fn tags(&self) -> Vec<TagName> {
        self.0.tags()
    }

    /// Returns the keys of live entries, in no particular order.
    #[must_use]
    pub fn any_keys(&self) -> Vec<AnyKey> {
        AnyKey::all_of(&self.0, None)
    }

    /// Invalidates every entry. The values of running computations are not stored.
    pub fn clear(&self) -> Applied {
        clear(std::slice::from_ref(self), Severity::Hard)
    }

    /// Invalidates every entry whose key, as it displays, matches a pattern of `*` (any text) and `?` (any
    /// one character): `*get_cat("tom"*`. The values of running computations for such keys are not stored. It
    /// looks at every entry.
    pub fn invalidate_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(std::slice::from_ref(self), pattern, Severity::Hard)
    }

    /// Invalidates the entry whose key displays as this text, such as `cats::get_cat("tom")`. If several keys
    /// display alike, it invalidates them all. It looks at every entry.
    pub fn invalidate_key_text(&self, text: &str) -> Applied {
        invalidate_key_text(std::slice::from_ref(self), text, Severity::Hard)
    }

    /// Marks every entry stale, which is the soft form of [`clear`](Self::clear): see
    /// [`Key::mark_stale`](crate::Key::mark_stale).
    pub fn mark_all_stale(&self) -> Applied {
        clear(std::slice::from_ref(self), Severity::Soft)
    }

    /// Marks entries stale, which is the soft form of [`invalidate_matching`](Self::invalidate_matching).
    pub fn mark_stale_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(std::slice::from_ref(self), pattern, Severity::Soft)
    }

    /// Marks the entry stale, which is the soft form of [`invalidate_key_text`](Self::invalidate_key_text).
    pub fn mark_stale_key_text(&self, text: &str) -> Applied {
        invalidate_key_text(std::slice::from_ref(self), text, Severity::Soft)
    }

    /// Reclaims expired entries now, and entries that large invalidations have left to be taken out later.
    /// Without it, expired entries are reclaimed when their place is needed or by the background sweep,
    /// within seconds. Returns how many entries had expired.
    pub fn sweep(&self) -> usize {
        self.0.reclaim()
    }

    /// Returns the key of a call, made from its arguments. These are anything that serializes as JSON: a
    /// tuple or array in the order of the key, or a map or struct by the names of the arguments. A name that
    /// is left out stands for `None`. Skipped arguments are not given.
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

/// Invalidates all entries of some memos of one runtime atomically, because a value of one memo may be
/// computed from an entry of another.
pub(crate) fn clear(memos: &[AnyMemoRef], severity: Severity) -> Applied {
    clear_stores(memos.iter()) + clear_here(memos, severity)
}

/// The same in this process.
pub(crate) fn clear_here(memos: &[AnyMemoRef], severity: Severity) -> Applied {
    let Some(first) = memos.first() else { return Applied::default() };
    let stamp = first.0.runtime().bump_whole(memos.iter().map(|memo| memo.0.revision()), severity);
    memos.iter().map(|memo| memo.0.remove_cleared(stamp)).sum()
}

/// Removes the values of memos from the stores behind them.
#[cfg(feature = "store")]
pub(crate) fn clear_stores<'m>(memos: impl Iterator<Item = &'m AnyMemoRef>) -> Applied {
    let clear = |AnyMemoRef(memo): &AnyMemoRef| memo.backing()?.invalidate(memo, None);
    Applied::default().with(memos.filter_map(clear))
}

/// There are no stores behind memos.
#[cfg(not(feature = "store"))]
pub(crate) fn clear_stores<'m>(_: impl Iterator<Item = &'m AnyMemoRef>) -> Applied {
    Applied::default()
}

/// Invalidates, in all of these memos, the entries whose displayed keys `is_selected` selects.
fn invalidate_shown(memos: &[AnyMemoRef], is_selected: &dyn Fn(&str) -> bool, severity: Severity) -> Applied {
    let mut picked: Vec<(&MemoCore, Predicate<'_>)> = Vec::new();
    for AnyMemoRef(memo) in memos {
        picked.push((memo, Box::new(|key, _| memo.shows_as(key, is_selected))));
    }
    invalidate_where(&picked, Some(is_selected), severity)
}

/// Invalidates, in all of these memos, the entries whose keys match a pattern.
pub(crate) fn invalidate_matching(memos: &[AnyMemoRef], pattern: &str, severity: Severity) -> Applied {
    // A store knows no patterns: all values go of a function whose keys may display so.
    let literal = pattern.split(['*', '?']).next().unwrap_or_default();
    let may_match = |memo: &&AnyMemoRef| may_begin_with(memo.name(), literal);
    let sent = clear_stores(memos.iter().filter(may_match));
    let pattern = wildmatch::WildMatch::new(pattern);
    sent + invalidate_shown(memos, &|text| pattern.matches(text), severity)
}

/// The same for a key that displays as this text.
pub(crate) fn invalidate_key_text(memos: &[AnyMemoRef], text: &str, severity: Severity) -> Applied {
    let sent = clear_stores(memos.iter().filter(|memo| text.starts_with(memo.name())));
    sent + invalidate_shown(memos, &|key| key == text, severity)
}

/// Whether keys that begin with a name may begin with a text.
fn may_begin_with(name: &str, text: &str) -> bool {
    name.starts_with(text) || text.starts_with(name)
}

/// The error of a `set_capacity` to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroCapacity;

impl fmt::Display for ZeroCapacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a capacity of 0 keeps nothing: switch the memo off with set_enabled(false)")
    }
}

impl std::error::Error for ZeroCapacity {}

/// All instantiations of a generic memoized function: `get::<u32>::all()`. The type that is written does not
/// matter.
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

    /// Returns the memo of each instantiation that has been used so far.
    #[must_use]
    pub fn memos(&self) -> Vec<AnyMemoRef> {
        self.slot.memos().map(AnyMemoRef).collect()
    }

    /// Returns how many entries are live in all instantiations. It looks at every entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memos().iter().map(AnyMemoRef::len).sum()
    }

    /// Returns whether no entry is live in any instantiation. It looks at every entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Invalidates every entry of all instantiations.
    pub fn clear(&self) -> Applied {
        clear(&self.memos(), Severity::Hard)
    }

    /// Marks every entry stale, which is the soft form of [`clear`](Self::clear): see
    /// [`Key::mark_stale`](crate::Key::mark_stale).
    pub fn mark_all_stale(&self) -> Applied {
        clear(&self.memos(), Severity::Soft)
    }
}
