//! What is unusual about a memo, in one word.

use super::MemoCore;
use crate::policy::Policy;
use crate::sync::Ordering;

/// Computations in its runtime inherit tags, so it says what they read.
const TRACKED: usize = 2;
/// Its entries are looked at where they are fresh, too: they may idle, or be due to be computed anew; or
/// something moves when they are read.
const RULED: usize = 4;

/// What is unusual about a memo, in one word: the plain hit looks no further.
#[derive(Clone, Copy)]
pub(crate) struct Flags(usize);

impl Flags {
    /// It, or its runtime, is switched off.
    pub(crate) const DISABLED: usize = 1;
    /// The first bit that is none of these.
    pub(crate) const END: usize = 8;

    #[inline]
    pub(crate) fn bits(self) -> usize {
        self.0
    }

    /// Those among some bits.
    pub(crate) fn of(bits: usize) -> Self {
        Self(bits & (Self::END - 1))
    }

    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) fn is_disabled(self) -> bool {
        self.0 & Self::DISABLED != 0
    }

    #[inline]
    pub(crate) fn is_tracked(self) -> bool {
        self.0 & TRACKED != 0
    }
}

impl MemoCore {
    /// Switches this memo off or on.
    pub(crate) fn switch(&self, enabled: bool) {
        self.decide(|switched_off| *switched_off = !enabled);
    }

    /// A memo is off while it is switched off itself or its runtime is. It is tracked if its runtime is.
    pub(crate) fn follow_runtime(&self) {
        self.decide(|_| {});
    }

    /// In one piece: of two who switch at once, the later sees what the other did.
    fn decide(&self, change: impl FnOnce(&mut bool)) {
        let mut switched_off = self.switched_off.lock();
        change(&mut switched_off);
        let disabled = if *switched_off || self.runtime().is_off() { Flags::DISABLED } else { 0 };
        let tracked = if self.runtime().is_tracked() { TRACKED } else { 0 };
        let ruled = self.spec.rules.checks_fresh() || self.spec.policy == Policy::Lru;
        let ruled = if ruled { RULED } else { 0 };
        self.flags.store(disabled | tracked | ruled, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn flags(&self) -> Flags {
        Flags(self.flags.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn is_disabled(&self) -> bool {
        self.flags().is_disabled()
    }

    pub(crate) fn is_tracked(&self) -> bool {
        self.flags().is_tracked()
    }
}
