//! A call that was not answered, on its way to an answer: what it does next, and after it has waited.

use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{LeaderGuard, Settled, Step};
use crate::erased::Erased;
use crate::flight::{
    CarriedTags, Flight, Intent, Landing, Limits, TimedOut, WaitBounds, WaitOutcome, Waiter,
};
use crate::memo::{MemoRef, UnstoredCall};
use crate::metadata::Described;
use crate::tags::Number;
use crate::time::{Tick, after};
use crate::value::Returned;

/// How often a waiter joins another flight because its value was invalidated meanwhile. Then it computes by
/// itself, so that frequent invalidations do not keep it waiting.
const JOINS: u32 = 3;

/// A call that was not answered, on its way to an answer.
pub(crate) struct Miss {
    memo: MemoRef,
    key: Erased,
    hash: u32,
    begin: Intent,
    /// Whether it has waited for somebody.
    has_waited: bool,
    joins: u32,
    /// None if it waits as long as it takes.
    deadlines: Option<Box<Deadlines>>,
}

/// Until when a call waits.
struct Deadlines {
    /// For something to stand in for the value.
    soft: Option<Tick>,
    /// At all; and how long that is.
    hard: Option<(Tick, Duration)>,
}

/// What a miss comes to.
pub(crate) enum Next {
    /// The call has its return.
    Returned,
    /// It computes, and tells those who wait.
    Lead(LeaderGuard),
    /// It computes without storing, unless what it has waited for lands before.
    InPlace(Option<Waiter>),
}

/// A miss waits, or comes to something.
pub(crate) type Progress = ControlFlow<Next, Waiter>;

impl Miss {
    pub(crate) fn new(memo: MemoRef, key: Erased, hash: u32, begin: Intent) -> Self {
        Self { memo, key, hash, begin, has_waited: false, joins: 0, deadlines: None }
    }

    /// Does not wait longer than that.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        if limits == Limits::NONE {
            return;
        }
        let now = self.memo.clock().now();
        let soft = limits.soft.filter(|_| self.falls_back());
        self.deadlines = Some(Box::new(Deadlines {
            soft: soft.map(|limit| after(now, limit)),
            hard: limits.hard.map(|limit| (after(now, limit), limit)),
        }));
    }

    pub(crate) fn memo(&self) -> &MemoRef {
        &self.memo
    }

    /// It computes without storing.
    pub(crate) fn unstored(&self) -> UnstoredCall {
        UnstoredCall { memo: self.memo.clone(), key: self.key.clone(), hash: self.hash, bypass: false }
    }

    /// When the caller stops waiting for the leader and looks for an older value; `None` without a limit.
    fn until(&self) -> Option<Tick> {
        let deadlines = self.deadlines.as_ref()?;
        deadlines.soft.into_iter().chain(deadlines.hard.map(|(at, _)| at)).min()
    }

    /// How long to wait for others.
    pub(crate) fn bounds(&self) -> WaitBounds {
        let until = self.until();
        // Who returns at some time need not be let go before, and computes nothing that takes its time.
        let has_time = until.is_none();
        WaitBounds {
            max_wait: has_time.then_some(self.memo.spec.max_wait),
            until,
            own: false,
            begins_from: has_time.then_some(0),
            worker_leaves: None,
        }
    }

    /// How long to wait for a flight that this call leads, and that is computed elsewhere. From some time on the call
    /// computes it, if nobody has begun it.
    pub(crate) fn bounds_of_own(&self, begins_from: Tick) -> WaitBounds {
        let bounds = self.bounds();
        let begins_from = bounds.begins_from.or(Some(begins_from));
        WaitBounds { max_wait: None, own: true, begins_from, ..bounds }
    }

    /// Whether an older value may stand in for the one that is computed.
    fn falls_back(&self) -> bool {
        self.memo.falls_back(self.begin)
    }

    /// Decides how it goes on.
    #[inline]
    pub(crate) fn begin(&self) -> Step {
        self.memo.begin(&self.key, self.hash, self.begin)
    }

    /// Goes on until it waits, or comes to something.
    #[inline]
    pub(crate) fn go_on(&mut self, call: &mut dyn Described) -> Progress {
        match self.begin() {
            Step::Hit(stored) => self.returned(call, stored),
            Step::Lead(leader) => Break(Next::Lead(leader)),
            Step::InPlace => Break(Next::InPlace(None)),
            Step::Join(flight, at) => self.join(flight, at),
        }
    }

    /// The call is answered by what another has computed.
    fn returned(&self, call: &mut dyn Described, mut stored: Erased) -> Progress {
        self.count_shared();
        call.returned().set_value(&mut stored);
        Break(Next::Returned)
    }

    /// It needs no body. Counted if it is a miss: a refresh is none.
    pub(super) fn count_shared(&self) {
        if matches!(self.begin, Intent::Read | Intent::Alone) {
            self.memo.counters.shared.add();
        }
    }

    #[cold]
    fn join(&mut self, flight: Arc<Flight>, at: Number) -> Progress {
        let (memo, clock) = (&self.memo, self.memo.clock());
        let progress = if let Some(wait) = memo.runtime().waits.begin(&flight.context) {
            let release = self.bounds().max_wait.map(|max_wait| after(clock.now(), max_wait));
            Continue(Waiter::new(flight, at, Some(wait), release))
        } else {
            memo.counters.in_place.add();
            Break(Next::InPlace(None))
        };
        // Not before its time runs: who sees the figure may move a manual clock.
        if !std::mem::replace(&mut self.has_waited, true) {
            memo.counters.waits.add();
        }
        progress
    }

    /// The same after it has waited.
    #[cold]
    #[inline(never)]
    pub(crate) fn after(
        &mut self,
        mut waiter: Waiter,
        outcome: WaitOutcome,
        call: &mut dyn Described,
    ) -> Progress {
        let landing = match outcome {
            WaitOutcome::Landed(landing) => landing,
            WaitOutcome::Late => {
                let Some(late) = self.late() else { return Continue(waiter) };
                drop(waiter);
                self.return_late(late, call);
                return Break(Next::Returned);
            }
            WaitOutcome::Abandoned => {
                self.memo.overtake(waiter.flight());
                drop(waiter);
                return self.go_on(call);
            }
            WaitOutcome::LetGo => {
                self.memo.counters.in_place.add();
                waiter.wait = None;
                return Break(Next::InPlace(Some(waiter)));
            }
        };
        self.joins += 1;
        if self.joins >= JOINS {
            self.begin = self.begin.alone();
        }
        let (answer, error) = match landing {
            Landing::Value(stored, carried) => (self.take(&waiter, stored, &carried), None),
            Landing::Error(shared, counts) => {
                let older = self.older(counts);
                // If the error cannot be shared, all waiters compute at once, not one behind the other.
                self.begin = self.begin.alone();
                // An error has no tags, so it is not known whether it was invalidated before this call joined.
                (older, (waiter.at == waiter.flight().born).then_some(shared))
            }
            Landing::Crashed => (None, None),
        };
        drop(waiter);
        if let Some(stored) = answer {
            return self.returned(call, stored);
        }
        if error.is_some_and(|shared| call.returned().set_error(shared)) {
            self.count_shared();
            self.memo.record_absence();
            return Break(Next::Returned);
        }
        self.go_on(call)
    }

    /// The value that a flight has landed with, if this call may have it.
    pub(crate) fn take(&self, waiter: &Waiter, stored: Erased, carried: &CarriedTags) -> Option<Erased> {
        if !self.memo.may_take(waiter.flight(), waiter.at, carried) {
            return None;
        }
        if self.memo.is_tracked() {
            self.memo.record_carried(carried);
        }
        Some(stored)
    }

    /// Decides how it goes on after it has waited for its own flight: it waits on, or has its return, or that is what
    /// its body has returned or panicked with (`false`).
    pub(crate) fn after_own(&mut self, outcome: WaitOutcome, call: &mut dyn Described) -> Poll<bool> {
        let answer = match outcome {
            // Not from the body, which has run the hooks by then.
            WaitOutcome::Landed(Landing::Value(stored, _)) => Some(stored),
            WaitOutcome::Landed(Landing::Error(_, counts)) => self.older(counts),
            WaitOutcome::Landed(Landing::Crashed) => None,
            WaitOutcome::Late | WaitOutcome::LetGo | WaitOutcome::Abandoned => {
                let Some(late) = self.late() else { return Poll::Pending };
                self.return_late(late, call);
                return Poll::Ready(true);
            }
        };
        let Some(mut stored) = answer else { return Poll::Ready(false) };
        call.returned().set_value(&mut stored);
        Poll::Ready(true)
    }

    /// What the call returns whose body was run in place: an older value, if it has failed, and one may stand in.
    pub(crate) fn or_older_in_place(&self, returned: &mut dyn Returned) {
        let counts = returned.error().is_some_and(|error| self.memo.allows_fallback(error) == Some(true));
        self.or_older(counts, returned);
    }

    #[cold]
    #[inline(never)]
    fn or_older(&self, counts: bool, returned: &mut dyn Returned) {
        if let Some(mut older) = self.older(counts) {
            returned.set_value(&mut older);
        }
    }

    /// What stands in for a value that is late, or has failed in a way that counts.
    fn older(&self, counts: bool) -> Option<Erased> {
        if counts && self.falls_back() { self.memo.stand_in(&self.key, self.hash) } else { None }
    }

    /// It has waited until one of its limits, perhaps. Then: an older value if there is one; and how long it has
    /// waited if that was the last limit.
    fn late(&mut self) -> Option<Result<Erased, Duration>> {
        let now = self.memo.clock().now();
        self.until().filter(|until| *until <= now)?;
        if let Some(older) = self.older(true) {
            self.memo.note_lateness(&self.key, self.hash);
            return Some(Ok(older));
        }
        let deadlines = self.deadlines.as_mut()?;
        // From here on only the other limit counts.
        deadlines.soft = None;
        let (_, limit) = deadlines.hard.filter(|(at, _)| *at <= now)?;
        self.memo.counters.timeouts.add();
        self.memo.record_absence();
        Some(Err(limit))
    }

    fn return_late(&self, late: Result<Erased, Duration>, call: &mut dyn Described) {
        match late {
            Ok(mut older) => call.returned().set_value(&mut older),
            Err(limit) => call.give_up(&TimedOut::new(self.memo.name.clone(), limit)),
        }
    }
}

/// What a call returns whose body has run in a flight: the value; or an older one, if it has failed, and one may stand
/// in for what the call has come from.
#[inline]
pub(crate) fn conclude(settled: &mut Settled, miss: Option<&Miss>, returned: &mut dyn Returned) {
    if settled.is_value {
        returned.set_value(&mut settled.value);
    } else if let Some(miss) = miss {
        miss.or_older(settled.counts, returned);
    }
}
