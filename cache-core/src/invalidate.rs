//! Invalidation by tag, and what invalidations report.

use std::fmt;

use crate::address::AnyKey;
use crate::tags::{Tag, TagName};
use crate::world::World;

/// What an invalidation did. It has acted in this process before it is returned; ignore it, or ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    count: usize,
}

impl Applied {
    pub(crate) fn new(count: usize) -> Self {
        Self { count }
    }

    /// How many live entries were dropped in this process. Keys that were not cached, entries whose
    /// time was up, and values still being computed do not count. 0 for an invalidation from within
    /// the `Eq` of a key: there entries are declared dead at once, but taken out later.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied").field("count", &self.count).finish()
    }
}

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
    pub fn invalidate(&self) -> crate::Applied {
        Applied::new(World::current().invalidate_tag(&self.name.0))
    }

    /// The live entries of the tag, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<AnyKey> {
        World::current().keys_of_tag(&self.name.0)
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
