//! Stamps and revisions: what readers compare, and what invalidations raise.

use std::sync::Arc;

use super::TagState;
use crate::sync::{AtomicU64, Ordering};
use crate::time::Tick;

/// The number of an invalidation.
pub(crate) type Number = u64;

/// What an invalidation makes of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// They are gone.
    Hard,
    /// They are no longer fresh, and of use within stale windows.
    Soft,
}

/// An invalidation, but for what it is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) number: Number,
    pub(crate) severity: Severity,
    pub(crate) at: Tick,
}

/// What invalidations have done to an entry: of several, the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Validity {
    Valid,
    /// It was marked stale; when.
    Stale(Tick),
    Invalid,
}

/// When something was last invalidated, in each form.
pub(crate) struct Stamps {
    hard: AtomicU64,
    soft: AtomicU64,
    /// When the last of the soft form was: that of its number, or of a later one. With several marks windows
    /// may count from the last; a deadline that comes before it holds all the same.
    marked: AtomicU64,
}

impl Stamps {
    pub(super) fn new(number: Number) -> Self {
        Self { hard: AtomicU64::new(number), soft: AtomicU64::new(0), marked: AtomicU64::new(0) }
    }

    /// The runtime's lock is held.
    pub(super) fn raise(&self, stamp: &Stamp) {
        match stamp.severity {
            Severity::Hard => self.hard.store(stamp.number, Ordering::Release),
            Severity::Soft => {
                self.marked.store(stamp.at, Ordering::Relaxed);
                self.soft.store(stamp.number, Ordering::Release);
            }
        }
    }

    /// Takes over what others tell.
    pub(super) fn raise_to(&self, other: &Self) {
        self.hard.fetch_max(other.hard.load(Ordering::Acquire), Ordering::Release);
        let soft = other.soft.load(Ordering::Acquire);
        self.marked.fetch_max(other.marked.load(Ordering::Relaxed), Ordering::Relaxed);
        self.soft.fetch_max(soft, Ordering::Release);
    }

    /// The last invalidation, of either form.
    pub(crate) fn last(&self) -> Number {
        self.hard.load(Ordering::Acquire).max(self.soft.load(Ordering::Acquire))
    }

    fn validity_since(&self, number: Number) -> Validity {
        if self.hard.load(Ordering::Acquire) > number {
            Validity::Invalid
        } else if self.soft.load(Ordering::Acquire) > number {
            Validity::Stale(self.marked.load(Ordering::Relaxed))
        } else {
            Validity::Valid
        }
    }
}

/// The revision of a memo: the last invalidation that may concern it.
pub(crate) struct Revision {
    current: AtomicU64,
    /// Of the memo as a whole.
    cleared: Stamps,
}

impl Revision {
    pub(crate) fn new() -> Self {
        Self { current: AtomicU64::new(0), cleared: Stamps::new(0) }
    }

    #[inline]
    pub(crate) fn current(&self) -> Number {
        self.current.load(Ordering::Acquire)
    }

    /// What invalidations after `number`, of the memo as a whole or of one of these tags, have done.
    /// Tells about all up to a revision only if that was loaded before.
    pub(crate) fn validity_since(&self, number: Number, tags: &[Arc<TagState>]) -> Validity {
        let all = self.cleared.validity_since(number);
        tags.iter().fold(all, |validity, tag| validity.max(tag.stamps.validity_since(number)))
    }

    /// Publishes an invalidation; the runtime's lock is held.
    pub(crate) fn raise(&self, number: Number) {
        self.current.store(number, Ordering::Release);
    }

    /// The same of one of the memo as a whole.
    pub(crate) fn raise_whole(&self, stamp: &Stamp) {
        self.cleared.raise(stamp);
        self.raise(stamp.number);
    }
}
