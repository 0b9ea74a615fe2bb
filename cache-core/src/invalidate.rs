//! Invalidation by tag, and what invalidations report.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::address::AnyKey;
use crate::memo::MemoCore;
use crate::runtime::Runtime;
use crate::tags::{Severity, Tag, TagName};

/// What an invalidation did, of either form. It has acted in this process before it is returned; ignore it, or
/// ask.
///
/// Several can be added up.
#[derive(Clone, Default)]
pub struct Applied {
    count: usize,
    /// Of what is still being taken out: the memos, and how many they have counted so far.
    later: Vec<(Arc<MemoCore>, Arc<AtomicUsize>)>,
}

impl Applied {
    pub(crate) fn new(count: usize) -> Self {
        Self { count, later: Vec::new() }
    }

    /// The memo goes on, and counts there.
    pub(crate) fn later(memo: Arc<MemoCore>, count: Arc<AtomicUsize>) -> Self {
        Self { count: 0, later: vec![(memo, count)] }
    }

    fn so_far(&self) -> usize {
        self.count + self.later.iter().map(|(_, count)| count.load(Ordering::Relaxed)).sum::<usize>()
    }

    /// How many entries were dropped in this process that could still have been returned: fresh, or within a
    /// stale window. Of the soft form: how many were fresh before and are not any more. Those that were
    /// computed from them with `inherit_tags` are included. Keys that were not cached, entries whose time
    /// was up, and values still being computed do not count.
    ///
    /// Exact, but for entries that other threads write or invalidate at the same moment. Where a tag, or a
    /// memo as a whole, had more than 64 entries, these are taken out or marked after the call has returned,
    /// and this waits for that, and helps: a million take about a second. Then it is at least so many: an entry
    /// that is replaced or evicted before its turn is not counted, and one that another invalidation takes out
    /// counts for that one. 0 for an invalidation from within the `Eq` of a key: there it holds at once, but
    /// entries are seen to later.
    #[must_use]
    pub fn count(&self) -> usize {
        self.later.iter().for_each(|(memo, _)| memo.drain());
        self.so_far()
    }
}

impl AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.later.extend(other.later);
    }
}

impl Add for Applied {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for Applied {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied").field("count", &self.so_far()).finish()
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
        Runtime::current().keys_of_tag(&self.name.0)
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
