//! A flight under way, as its leader has it: how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Described, Intent, Returned};
use crate::draft::Draft;
use crate::erased::Erased;
use crate::flight::{Flight, Landing};
use crate::memo::{Effects, MemoCore, MemoRef};
use crate::sync::ShardLock;
use crate::time::Tick;

/// A flight under way, held by its leader.
pub(crate) struct Lead {
    pub(crate) memo: MemoRef,
    /// Until it is dropped.
    flight: Option<Arc<Flight>>,
    pub(crate) how: Intent,
    /// When it began, where that matters.
    pub(crate) begun: Option<Tick>,
    /// The call that leads it computes it on its own stack: nobody waits for it but those who have joined it.
    pub(crate) is_own: bool,
    landed: AtomicBool,
}

/// A computation has stored nothing: its return is an error. Whether an older value may stand in for it.
pub(crate) struct Failed {
    pub(crate) counts: bool,
}

impl Lead {
    pub(super) fn new(memo: MemoRef, flight: Arc<Flight>, how: Intent, begun: Option<Tick>) -> Self {
        let flight = Some(flight);
        Self { memo, flight, how, begun, is_own: false, landed: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn flight(&self) -> &Arc<Flight> {
        self.flight.as_ref().expect("it has one until it is dropped")
    }

    /// Ends the flight with what its body has returned. The value, which is taken out of the return; or nothing,
    /// if the return is not one to keep.
    #[inline(never)]
    pub(crate) fn settle(&self, call: &mut dyn Described) -> Result<Erased, Failed> {
        let (memo, flight) = (&self.memo, self.flight());
        let mut said = flight.context.said();
        if let Some(held) = call.returned().take_value() {
            // An error that is kept must not take the place of an older value that may stand in for it.
            let counts = call.returned().kept_error(&held).map(|error| memo.counts(error));
            let fails = counts == Some(Some(true)) && self.has_older();
            if !fails {
                if let Some(said) = &mut said {
                    // An error is not the value that was there.
                    said.unmodified &= counts.is_none();
                }
                let mut draft = Draft::default();
                if call.describes() || memo.describes() {
                    draft = memo.draft(&flight.key, Some(&held), |draft| call.describe(Some(&held), draft));
                }
                draft.decide(said);
                memo.land(self, &held, draft, matches!(counts, None | Some(Some(false))));
                memo.on_error(&flight.key, call.returned().kept_error(&held));
                return Ok(held);
            }
            call.returned().set_value(held);
        }
        memo.record_described(&flight.key, None, |draft| {
            call.describe(None, draft);
            draft.decide(said);
        });
        let counts = call.returned().error().and_then(|error| memo.counts(error));
        let mut effects = Effects::new();
        if counts == Some(false) {
            // It is an answer, which is not kept: as a value would, it ends the older one.
            memo.end_old(flight, &mut effects);
        }
        let bumped = memo.bump_sources(&mut effects);
        let counts = counts == Some(true);
        self.fail(call.returned(), counts);
        memo.sweep_and_dispose(bumped, &mut effects);
        memo.on_error(&flight.key, call.returned().error());
        Err(Failed { counts })
    }

    /// Ends the flight with an error that is not kept.
    fn fail(&self, returned: &dyn Returned, counts: bool) {
        self.memo.counters.errors.add();
        self.take_off(counts || self.how == Intent::Ahead);
        // Nobody joins it any more, so it is known how many the error is to be shared with.
        let shared = self.memo.share(returned, self.flight().joined());
        self.tell(|| Landing::Error(shared, counts));
    }

    /// Tells those who wait. The flight was taken off, so nobody joins it any more.
    #[inline]
    pub(crate) fn tell(&self, landing: impl FnOnce() -> Landing) {
        self.landed.store(true, Ordering::Relaxed);
        // Within an `Eq` of the user's it is still on.
        let nobody_waits = self.is_own && self.flight().joined() == 0 && !crate::sync::is_comparing();
        if !nobody_waits {
            self.flight().land(landing());
        }
    }

    /// Whether there is an older value whose place an error must not take.
    fn has_older(&self) -> bool {
        let flight = self.flight();
        self.memo.keeps_older(&flight.key, flight.hash, self.how)
    }

    /// Takes the flight off its shard, then tells those who wait.
    pub(crate) fn end(&self, landing: Landing) {
        // In the background nobody is told of it, and asking at once again would not help. Elsewhere, that a
        // caller has left says nothing of what it has called.
        let counts = || self.how == Intent::Ahead || std::thread::panicking();
        self.take_off(matches!(landing, Landing::Crashed) && counts());
        self.tell(|| landing);
    }

    /// Takes the flight off its shard. Whether it has failed so that the entry that was there is to rest.
    fn take_off(&self, failed: bool) {
        let flight = self.flight();
        self.memo.end_inheriting(flight, None);
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: the next who writes takes the flight off.
            self.memo.defer(flight.hash);
            return;
        }
        let mut room = self.memo.shard(flight.hash).upgradable();
        room.gated_mut().remove(flight);
        if self.how != Intent::Ahead && !failed {
            return;
        }
        let mut room = ShardLock::upgrade(room);
        if self.how == Intent::Ahead {
            MemoCore::note_renewal(&mut room, flight.old_id(), false);
        }
        if failed {
            self.memo.note_failure(&mut room, flight.old_id(), self.how);
        }
    }
}

impl Drop for Lead {
    /// The body panicked, or its task was dropped: nothing is stored, and one of those who wait takes
    /// over.
    fn drop(&mut self) {
        if !self.landed.load(Ordering::Relaxed) {
            let counters = &self.memo.counters;
            if std::thread::panicking() { &counters.panics } else { &counters.cancelled }.add();
            // It lands in any case: the task that led it may be noted there, to be woken.
            self.is_own = false;
            self.end(Landing::Crashed);
        }
        if let Some(flight) = self.flight.take().filter(|_| self.is_own) {
            Flight::give_back(flight);
        }
    }
}
