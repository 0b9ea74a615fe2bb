//! What invalidations report.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::MemoCore;

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
