//! What invalidations return.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::MemoCore;

/// The result of an invalidation, hard or soft. The invalidation has taken effect in this process when it
/// returns this. You can ignore it, or ask for its [`count`](Self::count).
///
/// If a function has a store (feature `store`), the invalidation is on its way there. Await this, or call its `wait`, to
/// know when no process reads an older value from the store any more.
///
/// Several can be added up.
#[derive(Clone, Default)]
pub struct Applied {
    count: usize,
    /// Memos that still take entries out, and how many each has counted so far.
    later: Vec<(Arc<MemoCore>, Arc<AtomicUsize>)>,
    /// What stores have not carried out yet.
    #[cfg(feature = "store")]
    acknowledgements: Vec<super::Acknowledgement>,
}

impl Applied {
    pub(crate) fn new(count: usize) -> Self {
        Self { count, ..Self::default() }
    }

    /// Makes one for a memo that still takes entries out, and counts there.
    pub(crate) fn later(memo: Arc<MemoCore>, count: Arc<AtomicUsize>) -> Self {
        Self { later: vec![(memo, count)], ..Self::default() }
    }

    /// The same, with what a store has not carried out yet.
    #[cfg(feature = "store")]
    pub(crate) fn with(mut self, sent: impl IntoIterator<Item = super::Acknowledgement>) -> Self {
        self.acknowledgements.extend(sent);
        self
    }

    #[cfg(feature = "store")]
    pub(crate) fn acknowledgements(&self) -> &[super::Acknowledgement] {
        &self.acknowledgements
    }

    fn so_far(&self) -> usize {
        self.count + self.later.iter().map(|(_, count)| count.load(Ordering::Relaxed)).sum::<usize>()
    }

    /// Returns how many entries were dropped in this process that could still have been returned, fresh or
    /// stale. For the soft form it is how many were fresh before and are no longer. Dependents
    /// (`inherit_tags`) are included. Calls that were not cached, entries whose time was up, and running
    /// computations do not count.
    ///
    /// The number is exact, except for entries that other threads write or invalidate at the same moment.
    ///
    /// If a tag, or a whole memo, had more than 64 entries, they are taken out or marked after the
    /// invalidation has returned. `count` waits for that and helps; a million entries take about a second.
    /// The number is then a lower bound: an entry that is replaced or evicted before its turn is not counted,
    /// and an entry that another invalidation takes out counts for that one.
    ///
    /// The number is 0 for an invalidation from within the `Eq` of a key. Such an invalidation holds at once,
    /// but its entries are taken out later.
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
        #[cfg(feature = "store")]
        self.acknowledgements.extend(other.acknowledgements);
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
