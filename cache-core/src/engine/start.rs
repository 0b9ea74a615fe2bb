//! A call that was not answered at once, until it computes or waits.

use super::{Further, Intent, Lead, Miss, Step};
use crate::erased::Erased;
use crate::key::KeyRef;
use crate::memo::{MemoCore, UncachedCall};

/// What a call is told besides its arguments, in bits: a hit asks whether it is none of it.
#[derive(Clone, Copy)]
pub(crate) struct Mode(u8);

impl Mode {
    /// A call that was told nothing.
    pub(crate) const PLAIN: Self = Self(0);
    /// Neither read nor write.
    pub(crate) const BYPASS: Self = Self(1);
    /// Do not read, but write.
    pub(crate) const REFRESH: Self = Self(2);
    /// Always run the body. The entry is the answer only if the body fails or is late.
    pub(crate) const ORIGIN: Self = Self(4);

    /// The same with another one, or without.
    #[inline]
    #[must_use]
    pub(crate) fn with(self, other: Self, set: bool) -> Self {
        Self(if set { self.0 | other.0 } else { self.0 & !other.0 })
    }

    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) fn bypasses(self) -> bool {
        self.0 & Self::BYPASS.0 != 0
    }

    #[inline]
    pub(crate) fn refreshes(self) -> bool {
        self.0 & Self::REFRESH.0 != 0
    }

    /// Whether it computes even if there is an entry.
    #[inline]
    pub(crate) fn computes(self) -> bool {
        self.0 & (Self::REFRESH.0 | Self::ORIGIN.0) != 0
    }
}

/// What a call is told, or can tell, when it was not answered at once.
pub(crate) trait Repeatable {
    /// The hook for misses.
    fn on_miss(&self, key: &KeyRef<'_>);
    /// What is returned while the background computes the first value, if there is such a thing.
    fn placeholder(&self) -> Option<Erased>;
    /// Whether it can be made once more.
    fn can_repeat(&self) -> bool;
    /// Makes it once more, as the leader of a flight.
    fn repeat(&mut self, lead: Lead);
}

/// What a call has come to that was not answered at once.
pub(crate) enum Start {
    Answer(Erased),
    /// It touches nothing; whom to tell of its return, if its tags are asked for.
    InPlace(Option<UncachedCall>),
    /// It is to be computed, or waited for.
    Search(Miss),
}

impl MemoCore {
    /// Goes on with a look-up. `call`: the call, if there is something that it is told or that tells of it.
    #[inline(never)]
    pub(crate) fn start(
        &self,
        further: &mut Further,
        mode: Mode,
        call: Option<&mut dyn Repeatable>,
    ) -> Start {
        let (key, hash) = match std::mem::replace(further, Further::Bypass(None)) {
            Further::Renew(held, key, hash) => {
                if let Some(call) = call.filter(|call| call.can_repeat()) {
                    Miss::new(self.handle(), key, hash, Intent::Ahead).renew(call);
                }
                return Start::Answer(held);
            }
            Further::Bypass(key) => {
                self.counters.bypasses.add();
                // What is computed from the return depends on the call all the same.
                let unstored =
                    key.map(|(key, hash)| UncachedCall { memo: self.handle(), key, hash, bypass: true });
                return Start::InPlace(unstored);
            }
            Further::Miss(key, hash) => (key, hash),
        };
        let begin = self.miss(&key, mode, call.as_deref());
        let miss = Miss::new(self.handle(), key, hash, begin);
        if let Some(call) = call.filter(|_| begin == Intent::Read) {
            // If it panics the call computes, as it would without.
            if let Some(placeholder) = self.run_hook(|| call.placeholder()).flatten() {
                return Start::Answer(miss.compute_in_background(call).unwrap_or_else(|| {
                    // What is computed from it is as provisional.
                    crate::memo::record_unknown();
                    placeholder
                }));
            }
        }
        Start::Search(miss)
    }

    /// Counts a call that was not answered, and says how it begins.
    fn miss(&self, key: &Erased, mode: Mode, call: Option<&dyn Repeatable>) -> Intent {
        if mode.computes() {
            self.counters.refreshes.add();
            return if mode.refreshes() { Intent::Refresh } else { Intent::Origin };
        }
        self.count_miss();
        if let Some(call) = call {
            self.run_hook(|| self.key_ref(key, |key| call.on_miss(key)));
        }
        Intent::Read
    }

    /// Goes on with a look-up that only begins to compute. The value, if there is one.
    pub(crate) fn look_ahead(
        &self,
        further: Further,
        mode: Mode,
        call: &mut dyn Repeatable,
    ) -> Option<Erased> {
        match further {
            Further::Renew(held, key, hash) => {
                Miss::new(self.handle(), key, hash, Intent::Ahead).renew(call);
                Some(held)
            }
            Further::Bypass(_) => {
                self.counters.bypasses.add();
                None
            }
            Further::Miss(key, hash) => {
                let begin = self.miss(&key, mode, Some(call));
                Miss::new(self.handle(), key, hash, begin).compute_in_background(call)
            }
        }
    }
}

impl Miss {
    /// Computes anew what the call was answered with, unless somebody does.
    fn renew(&self, call: &mut dyn Repeatable) {
        if let Step::Lead(lead) = self.begin() {
            self.memo().counters.revalidations.add();
            call.repeat(lead);
        }
    }

    /// Begins a computation, unless one is under way. What has been stored meanwhile.
    fn compute_in_background(&self, call: &mut dyn Repeatable) -> Option<Erased> {
        match self.begin() {
            Step::Hit(held) => return Some(held),
            Step::Lead(lead) => call.repeat(lead),
            Step::Join(..) | Step::InPlace => {}
        }
        None
    }
}
