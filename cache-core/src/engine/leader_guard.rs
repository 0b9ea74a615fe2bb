//! A flight under way, as its leader has it: how it ends.

use std::hint::cold_path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::erased::Erased;
use crate::flight::{BodyDecisions, Flight, Intent, Landing};
use crate::memo::{Effects, MemoCore, MemoRef};
use crate::metadata::{Described, EntryMetadata};
use crate::sync::ShardLock;
use crate::time::Tick;

/// A flight under way, held by its leader.
pub(crate) struct LeaderGuard {
    pub(crate) memo: MemoRef,
    /// Until it is dropped.
    flight: Option<Arc<Flight>>,
    pub(crate) how: Intent,
    /// When it began, where it is asked how long it takes; else 0.
    pub(crate) begun: Tick,
    /// The leading call computes on its own stack, so only callers that have joined the flight wait for it.
    pub(crate) is_on_own_stack: bool,
    landed: AtomicBool,
}

/// What has become of a computation.
#[derive(Default)]
pub(crate) struct Settled {
    /// What it has returned, if that is a value.
    pub(crate) value: Erased,
    /// Whether it has; else it has returned an error, and stored nothing.
    pub(crate) is_value: bool,
    /// Whether an older value may be returned instead.
    pub(crate) counts: bool,
    /// What the store behind the memo has said.
    #[cfg(feature = "store")]
    pub(crate) behind: Option<Box<super::Behind>>,
}

impl LeaderGuard {
    pub(super) fn new(memo: MemoRef, flight: Arc<Flight>, how: Intent, begun: Tick) -> Self {
        let flight = Some(flight);
        Self { memo, flight, how, begun, is_on_own_stack: false, landed: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn flight(&self) -> &Arc<Flight> {
        self.flight.as_ref().expect("it has one until it is dropped")
    }

    /// Ends the flight with what its body has returned. `settled` has nothing yet: a value is put where it stays, since
    /// one that has just been written is slow to move.
    #[inline]
    pub(crate) fn settle(&self, call: &mut dyn Described, settled: &mut Settled) {
        let (memo, flight) = (&self.memo, self.flight());
        let mut said = flight.context.said();
        let stored = &mut settled.value;
        if let Some(is_error) = call.returned().take_value(stored) {
            // An error that is kept must not take the place of an older value that may stand in for it.
            let error = if is_error { call.returned().kept_error(stored) } else { None };
            let counts = error.map(|error| memo.allows_fallback(error));
            let fails = counts == Some(Some(true)) && memo.keeps_older(&flight.key, flight.hash, self.how);
            if !fails {
                // Most functions and bodies say nothing of their values.
                let mut metadata = (call.describes() || memo.describes()).then(|| {
                    let describe = |metadata: &mut EntryMetadata| call.describe(Some(stored), metadata);
                    memo.metadata(&flight.key, Some(stored), describe)
                });
                if let Some(mut said) = said.take() {
                    // An error is not the value that was there.
                    said.unmodified &= counts.is_none();
                    metadata.get_or_insert_default().decide(Some(said));
                }
                let answers = matches!(counts, None | Some(Some(false)));
                #[cfg(feature = "store")]
                if let Some(behind) = &mut settled.behind {
                    behind.prepare(memo, counts.is_some(), metadata.get_or_insert_default());
                    if behind.holds(&mut metadata, is_error, answers) {
                        settled.is_value = true;
                        return;
                    }
                }
                let is_plain = counts.is_none() && metadata.as_ref().is_none_or(EntryMetadata::is_plain);
                if !(is_plain && memo.land_new(self, stored)) {
                    let outcome = memo.land(self, stored, metadata.unwrap_or_default(), answers);
                    #[cfg(feature = "store")]
                    if let Some(behind) = &mut settled.behind {
                        behind.note(outcome);
                    }
                    #[cfg(not(feature = "store"))]
                    let _ = outcome;
                }
                if is_error {
                    memo.on_error(&flight.key, call.returned().kept_error(stored));
                }
                settled.is_value = true;
                return;
            }
            call.returned().set_value(stored);
        }
        settled.counts = self.fail(call, said);
    }

    /// Ends the flight with an error that is not stored. Whether an older value may be returned instead.
    #[cold]
    fn fail(&self, call: &mut dyn Described, said: Option<Box<BodyDecisions>>) -> bool {
        let (memo, flight) = (&self.memo, self.flight());
        memo.record_described(&flight.key, None, |metadata| {
            call.describe(None, metadata);
            metadata.decide(said);
        });
        memo.counters.errors.add();
        let counts = call.returned().error().and_then(|error| memo.allows_fallback(error));
        let mut effects = Effects::new();
        if counts == Some(false) {
            // The error is an answer that is not stored. It removes the older value, as a new value would.
            memo.remove_old(flight, &mut effects);
        }
        let (counts, returned) = (counts == Some(true), call.returned());
        self.finish(&mut effects, Some(counts || self.how == Intent::Ahead), || {
            // Nobody joins it any more, so it is known how many the error is to be shared with.
            Landing::Error(memo.share(returned, flight.joined()), counts)
        });
        memo.on_error(&flight.key, call.returned().error());
        counts
    }

    /// Tells those who wait, and carries out what is left to do. `deregister` is set if the flight is still on its
    /// shard; it says whether the computation has failed.
    pub(crate) fn finish(
        &self,
        effects: &mut Effects,
        deregister: Option<bool>,
        landing: impl FnOnce() -> Landing,
    ) {
        // Before anybody learns of a new value: who has it must not find what was made of the old.
        let pending = (!effects.is_empty()).then(|| self.memo.invalidate_dependents(effects));
        if let Some(failed) = deregister {
            self.deregister(failed);
        }
        self.tell(landing);
        // Not before: nobody waits for hooks, which may call and wait themselves.
        if let Some(pending) = pending {
            self.memo.finish_removals(pending, std::mem::replace(effects, Effects::new()));
        }
    }

    /// Tells those who wait.
    #[inline]
    pub(crate) fn tell(&self, landing: impl FnOnce() -> Landing) {
        // Nobody joins it any more. Within an `Eq` of the user's it is still on.
        let flight = self.flight();
        let nobody_waits = self.is_on_own_stack && flight.joined() == 0 && !crate::sync::is_comparing();
        if !nobody_waits {
            cold_path();
            flight.land(landing());
        }
        self.landed.store(true, Ordering::Relaxed);
    }

    /// Ends the flight without a value, if it has not ended yet.
    #[cfg(feature = "store")]
    pub(super) fn leave(&self) {
        if !self.landed.load(Ordering::Relaxed) {
            self.finish(&mut Effects::new(), Some(false), || Landing::Crashed);
        }
    }

    /// The body panicked, or its task was dropped: nothing is stored, and one of those who wait takes over.
    #[cold]
    fn crash(&mut self) {
        let counters = &self.memo.counters;
        if std::thread::panicking() { &counters.panics } else { &counters.cancelled }.add();
        // It lands in any case: the task that led it may be noted there, to be woken.
        self.is_on_own_stack = false;
        // In the background no caller sees the failure, and trying again at once would not help. Elsewhere
        // a caller that leaves says nothing about the function.
        let failed = self.how == Intent::Ahead || std::thread::panicking();
        self.finish(&mut Effects::new(), Some(failed), || Landing::Crashed);
    }

    /// Takes the flight off its shard. If `failed`, the entry that was there is not computed again for a
    /// while.
    #[cold]
    fn deregister(&self, failed: bool) {
        let flight = self.flight();
        self.memo.end_inheriting(flight, None);
        if crate::sync::is_comparing() {
            // This thread holds a shard further up its stack, so the next writer takes the flight off.
            self.memo.defer(flight.hash);
            return;
        }
        let mut guard = self.memo.shard(flight.hash).upgradable();
        guard.gated_mut().remove(flight);
        if self.how != Intent::Ahead && !failed {
            return;
        }
        let mut guard = ShardLock::upgrade(guard);
        if self.how == Intent::Ahead {
            MemoCore::note_renewal(&mut guard, flight.old_id(), false);
        }
        if failed {
            self.memo.note_failure(&mut guard, flight.old_id(), self.how);
        }
    }
}

impl Drop for LeaderGuard {
    #[inline]
    fn drop(&mut self) {
        if !*self.landed.get_mut() {
            self.crash();
        }
        if let Some(flight) = self.flight.take().filter(|_| self.is_on_own_stack) {
            Flight::give_back(flight);
        }
    }
}
