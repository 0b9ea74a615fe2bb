//! A call that was not answered at once, until it computes or waits.

use super::{LeaderGuard, Miss, SlowPath, Step};
use crate::erased::Erased;
use crate::flight::Intent;
use crate::key::KeyRef;
use crate::memo::{MemoCore, UnstoredCall};

/// What a call is told besides its arguments, in bits: a hit asks whether it is none of it.
#[derive(Clone, Copy)]
pub(crate) struct CallMode(u8);

impl CallMode {
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
pub(crate) trait MissActions {
    /// The hook for misses.
    fn on_miss(&self, key: &KeyRef<'_>);
    /// What is returned while the background computes the first value, if there is such a thing.
    fn placeholder(&self) -> Option<Erased>;
    /// Whether it can be made once more.
    fn can_run_in_background(&self) -> bool;
    /// Makes it once more, as the leader of a flight.
    fn run_in_background(&mut self, leader: LeaderGuard);
}

/// What a call begins with that was not answered at once.
pub(crate) enum MissStart {
    /// It is to be computed, or waited for.
    Search(Miss),
    /// It leads a flight already.
    Lead(LeaderGuard),
    /// It neither reads nor writes. The uncached call, if the tags of its return are inherited.
    InPlace(Option<UnstoredCall>),
}

impl MemoCore {
    /// Goes on with a call that was not a plain hit. `call` is none if it has neither hooks nor a
    /// background call. Returns the answer as `Err`, if there is one already.
    #[inline(never)]
    pub(crate) fn start(
        &self,
        slow_path: &mut SlowPath,
        mode: CallMode,
        call: Option<&mut dyn MissActions>,
    ) -> Result<MissStart, Erased> {
        let SlowPath::Miss(key, hash) = slow_path else { return self.start_unmissed(slow_path, call) };
        let begin = self.miss(key, mode, call.as_deref());
        let miss = Miss::new(self.handle(), std::mem::replace(key, Erased::new(())), *hash, begin);
        match call {
            Some(call) if begin == Intent::Read => miss.or_placeholder(call),
            _ => Ok(MissStart::Search(miss)),
        }
    }

    /// The same where it is not to be computed for this call.
    #[cold]
    fn start_unmissed(
        &self,
        slow_path: &mut SlowPath,
        call: Option<&mut dyn MissActions>,
    ) -> Result<MissStart, Erased> {
        match std::mem::replace(slow_path, SlowPath::Bypass(None)) {
            SlowPath::Renew(stored, key, hash) => {
                if let Some(call) = call.filter(|call| call.can_run_in_background()) {
                    Miss::new(self.handle(), key, hash, Intent::Ahead).renew(call);
                }
                Err(*stored)
            }
            SlowPath::Bypass(key) => {
                self.counters.bypasses.add();
                // What is computed from the return depends on the call all the same.
                let unstored =
                    key.map(|(key, hash)| UnstoredCall { memo: self.handle(), key, hash, bypass: true });
                Ok(MissStart::InPlace(unstored))
            }
            SlowPath::Miss(..) => unreachable!("it is another case"),
        }
    }

    /// Counts a call that was not answered, and says how it begins.
    fn miss(&self, key: &Erased, mode: CallMode, call: Option<&dyn MissActions>) -> Intent {
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

    /// Goes on with `prefetch`, which only begins to compute. Returns the value, if there is one.
    pub(crate) fn begin_prefetch(
        &self,
        slow_path: SlowPath,
        mode: CallMode,
        call: &mut dyn MissActions,
    ) -> Option<Erased> {
        match slow_path {
            SlowPath::Renew(stored, key, hash) => {
                Miss::new(self.handle(), key, hash, Intent::Ahead).renew(call);
                Some(*stored)
            }
            SlowPath::Bypass(_) => {
                self.counters.bypasses.add();
                None
            }
            SlowPath::Miss(key, hash) => {
                let begin = self.miss(&key, mode, Some(call));
                Miss::new(self.handle(), key, hash, begin).compute_in_background(call)
            }
        }
    }
}

impl Miss {
    /// Has the background compute, if there is something to return meanwhile.
    #[cold]
    fn or_placeholder(self, call: &mut dyn MissActions) -> Result<MissStart, Erased> {
        // If it panics the call computes, as it would without.
        let Some(placeholder) = self.memo().run_hook(|| call.placeholder()).flatten() else {
            return Ok(MissStart::Search(self));
        };
        Err(self.compute_in_background(call).unwrap_or_else(|| {
            // What is computed from it is as provisional.
            crate::memo::record_unknown();
            placeholder
        }))
    }

    /// Computes anew what the call was answered with, unless somebody does.
    fn renew(&self, call: &mut dyn MissActions) {
        if let Step::Lead(leader) = self.begin() {
            self.memo().counters.revalidations.add();
            call.run_in_background(leader);
        }
    }

    /// Begins a computation, unless one is under way. Returns the value that was stored meanwhile, if any.
    fn compute_in_background(&self, call: &mut dyn MissActions) -> Option<Erased> {
        match self.begin() {
            Step::Hit(stored) => {
                self.count_shared();
                return Some(stored);
            }
            Step::Lead(leader) => call.run_in_background(leader),
            Step::Join(..) => self.count_shared(),
            Step::InPlace => {}
        }
        None
    }
}
