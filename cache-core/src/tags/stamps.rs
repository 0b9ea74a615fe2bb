//! Stamps and revisions: what readers compare, and what invalidations raise.

use std::sync::Arc;

use super::Mark;
use crate::sync::{AtomicU64, Ordering};
use crate::time::Tick;

/// The number of an invalidation.
pub(crate) type Number = u64;

/// What an invalidation makes of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// They are gone.
    Hard,
    /// They are no longer fresh, and of use within stale windows.
    Soft,
}

/// An invalidation, but for what it is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decree {
    pub(crate) number: Number,
    pub(crate) form: Form,
    pub(crate) at: Tick,
}

/// What invalidations have done to an entry: of several, the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touch {
    Nothing,
    /// It was marked stale; when.
    Marked(Tick),
    Dead,
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

    /// The world's lock is held.
    pub(super) fn raise(&self, decree: &Decree) {
        match decree.form {
            Form::Hard => self.hard.store(decree.number, Ordering::Release),
            Form::Soft => {
                self.marked.store(decree.at, Ordering::Relaxed);
                self.soft.store(decree.number, Ordering::Release);
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

    fn touch_since(&self, number: Number) -> Touch {
        if self.hard.load(Ordering::Acquire) > number {
            Touch::Dead
        } else if self.soft.load(Ordering::Acquire) > number {
            Touch::Marked(self.marked.load(Ordering::Relaxed))
        } else {
            Touch::Nothing
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
    pub(crate) fn touch_since(&self, number: Number, tags: &[Arc<Mark>]) -> Touch {
        let all = self.cleared.touch_since(number);
        tags.iter().fold(all, |touch, tag| touch.max(tag.stamps.touch_since(number)))
    }

    /// Publishes an invalidation; the world's lock is held.
    pub(crate) fn raise(&self, number: Number) {
        self.current.store(number, Ordering::Release);
    }

    /// The same of one of the memo as a whole.
    pub(crate) fn raise_whole(&self, decree: &Decree) {
        self.cleared.raise(decree);
        self.raise(decree.number);
    }
}
