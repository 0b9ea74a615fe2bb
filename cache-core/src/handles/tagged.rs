//! Every entry that carries a tag, as users hold it.

use super::AnyKey;
use crate::memo::{Applied, Runtime};
use crate::tags::{Name, Severity, Tag, TagName};

/// Every entry that carries a tag, across functions: `tag("cats").invalidate()`.
///
/// Text tags are global to the process on purpose: any crate can invalidate what any other has tagged
/// with the same text.
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

/// What carries a tag. See [`tag`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tagged {
    name: TagName,
}

impl Tagged {
    /// The tag.
    #[must_use]
    pub fn name(&self) -> &TagName {
        &self.name
    }

    /// Drops every entry of the tag. No call that starts after this has returned sees an entry of the
    /// tag from before, however many there are, and no value that was being computed is stored under
    /// it.
    ///
    /// Takes no longer for many entries than for a few hundred: where there are more, their memory comes
    /// back afterwards, in small pieces (see [`Applied::count`]).
    pub fn invalidate(&self) -> Applied {
        self.invalidate_as(Severity::Hard)
    }

    /// The soft form: no call that starts after this has returned finds an entry of the tag from before it
    /// fresh. See [`Key::mark_stale`](crate::Key::mark_stale). Takes no longer for many entries, either.
    pub fn mark_stale(&self) -> Applied {
        self.invalidate_as(Severity::Soft)
    }

    pub(crate) fn invalidate_as(&self, severity: Severity) -> Applied {
        Runtime::current().invalidate_tag(&self.name.0, severity)
    }

    /// The live entries of the tag, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<AnyKey> {
        keys_of_tag(&Runtime::current(), &self.name.0)
    }

    /// How many live entries carry the tag. Looks at each of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys().len()
    }

    /// Whether no live entry carries the tag.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The live entries of a tag.
pub(crate) fn keys_of_tag(runtime: &Runtime, name: &Name) -> Vec<AnyKey> {
    let Some((tag, carriers)) = runtime.tags.carriers(name) else { return Vec::new() };
    let ids = runtime.tags.ids(&tag);
    let keys = carriers.iter().flat_map(|(memo, all)| AnyKey::all_of(memo, (!all).then_some(&ids[..])));
    let keys = keys.collect();
    // Those who carried it may have left meanwhile.
    runtime.tags.release(Box::new([tag]));
    keys
}
