//! The handle of all entries that carry a tag.

use super::AnyKey;
use crate::memo::{Applied, Runtime};
use crate::tags::{Name, Severity, Tag, TagName};

/// Returns a handle of all entries that carry a tag, across functions: `tag("cats").invalidate()`.
///
/// Text tags are shared by the whole process on purpose: any crate can invalidate what another crate has
/// tagged with the same text.
///
/// ```
/// use cache_core::{memoize, tag};
///
/// #[memoize(tags = ["cats", "cat:{name}"])]
/// fn lives(name: &str) -> u32 {
///     9
/// }
///
/// lives("tom");
/// lives("kit");
/// assert_eq!(tag("cat:tom").len(), 1);
/// assert_eq!(tag("cats").invalidate().count(), 2);
/// assert_eq!(tag("cats").invalidate().count(), 0);
/// ```
pub fn tag(tag: impl Tag) -> Tagged {
    Tagged { name: tag.name() }
}

/// All entries that carry a tag. See [`tag`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tagged {
    name: TagName,
}

impl Tagged {
    /// Returns the name of the tag.
    #[must_use]
    pub fn name(&self) -> &TagName {
        &self.name
    }

    /// Drops every entry of the tag. No call that starts after this has returned gets an older entry of the
    /// tag, however many there are, and no value of a running computation is stored with it.
    ///
    /// It takes no longer for many entries than for a few hundred. The memory of many entries is freed
    /// afterwards, in small pieces (see [`Applied::count`]).
    pub fn invalidate(&self) -> Applied {
        self.invalidate_as(Severity::Hard)
    }

    /// Marks every entry of the tag stale, which is the soft form of [`invalidate`](Self::invalidate). No
    /// call that starts after this has returned finds an older entry of the tag fresh. See
    /// [`Key::mark_stale`](crate::Key::mark_stale). It takes no longer for many entries, either.
    pub fn mark_stale(&self) -> Applied {
        self.invalidate_as(Severity::Soft)
    }

    pub(crate) fn invalidate_as(&self, severity: Severity) -> Applied {
        let runtime = Runtime::current();
        // First: what is read from a store meanwhile belongs to a flight that ends here.
        #[cfg(feature = "store")]
        let sent = runtime.invalidate_tag_in_stores(&self.name.0);
        let applied = runtime.invalidate_tag(&self.name.0, severity);
        #[cfg(feature = "store")]
        let applied = applied.with(sent);
        applied
    }

    /// Returns the keys of live entries with the tag, in no particular order.
    #[must_use]
    pub fn keys(&self) -> Vec<AnyKey> {
        keys_of_tag(&Runtime::current(), &self.name.0)
    }

    /// Returns how many live entries carry the tag. It looks at each of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys().len()
    }

    /// Returns whether no live entry carries the tag.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns the keys of live entries with a tag.
pub(crate) fn keys_of_tag(runtime: &Runtime, name: &Name) -> Vec<AnyKey> {
    let Some((tag, carriers)) = runtime.tags.carriers(name) else { return Vec::new() };
    let ids = runtime.tags.ids(&tag);
    let keys = carriers.iter().flat_map(|(memo, all)| AnyKey::all_of(memo, (!all).then_some(&ids[..])));
    let keys = keys.collect();
    // The entries that carried it may be gone by now.
    runtime.tags.release(Box::new([tag]));
    keys
}
