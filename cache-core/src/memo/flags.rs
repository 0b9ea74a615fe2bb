//! What is unusual about a memo, in one word.

use super::{Data, TypedMemo};
use crate::sync::Ordering;

/// It, or its world, is switched off.
const DISABLED: usize = 1;
/// Computations in its world inherit tags, so it says what they read.
const TRACKED: usize = 2;
/// Its entries are looked at where they are fresh, too: they may idle, or be due to be computed anew.
const RULED: usize = 4;

/// What is unusual about a memo, in one word: the plain hit looks no further.
#[derive(Clone, Copy)]
pub(crate) struct Flags(usize);

impl Flags {
    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) fn is_disabled(self) -> bool {
        self.0 & DISABLED != 0
    }

    #[inline]
    pub(crate) fn is_tracked(self) -> bool {
        self.0 & TRACKED != 0
    }

    #[inline]
    pub(crate) fn is_ruled(self) -> bool {
        self.0 & RULED != 0
    }
}

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Switches this memo off or on.
    pub(crate) fn switch(&self, enabled: bool) {
        self.decide(|own_off| *own_off = !enabled);
    }

    /// A memo is off while its world is, or itself; and tracked when its world is.
    pub(crate) fn follow_world(&self) {
        self.decide(|_| {});
    }

    /// In one piece: of two who switch at once, the later sees what the other did.
    fn decide(&self, change: impl FnOnce(&mut bool)) {
        let mut own_off = self.own_off.lock();
        change(&mut own_off);
        let disabled = if *own_off || self.world().is_off() { DISABLED } else { 0 };
        let tracked = if self.world().is_tracked() { TRACKED } else { 0 };
        let ruled = if self.spec.rules.look_at_fresh() { RULED } else { 0 };
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
