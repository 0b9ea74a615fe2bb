//! A call that was not answered, on its way to an answer: what it does next, and after it has waited.

use std::sync::Arc;
use std::time::Duration;

use super::{Failed, Intent, LeaderGuard, Returned, Step};
use crate::call::Limits;
use crate::erased::Erased;
use crate::flight::{CarriedTags, Flight, Landing, SharedError, Wait, WaitBounds, WaitOutcome, Waiter};
use crate::memo::{MemoRef, UnstoredCall};
use crate::tags::Number;
use crate::time::{Tick, after};

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
#[derive(Default)]
struct Deadlines {
    /// For something to stand in for the value.
    soft: Option<Tick>,
    /// At all; and how long that is.
    hard: Option<(Tick, Duration)>,
}

impl Deadlines {
    /// When to look at what is there.
    fn until(&self) -> Option<Tick> {
        self.soft.into_iter().chain(self.hard.map(|(at, _)| at)).min()
    }
}

/// What a miss does next.
pub(crate) enum Next {
    /// It returns this.
    Answer(Erased),
    /// It returns the leader's error, if there is something of it for this call; else it begins again.
    Error(SharedError),
    /// It computes, and tells those who wait.
    Lead(LeaderGuard),
    /// It computes without storing, unless what it has waited for lands before.
    InPlace(Option<JoinedFlight>),
    /// It waits.
    Wait(JoinedFlight),
    /// It has waited for so long, and gives up.
    Late(Duration),
}

/// A flight that somebody waits for.
pub(crate) struct JoinedFlight {
    /// For as long as it waits, and computes nothing itself. It is dropped before the flight.
    wait: Option<Wait>,
    pub(crate) waiter: Waiter,
    /// The last invalidation from before it joined.
    at: Number,
}

/// What a call does next that has waited for a flight that it leads itself.
pub(crate) enum AfterOwnWait {
    /// With an answer.
    Answer(Erased),
    /// It waits on.
    Wait,
    /// With what its body has returned, or has panicked with.
    Returned,
    /// Nobody runs its body: it has to.
    Refused,
    /// It has waited for so long, and gives up.
    Late(Duration),
}

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
        self.deadlines.as_ref()?.until()
    }

    /// How long to wait for others.
    pub(crate) fn bounds(&self) -> WaitBounds {
        // Who looks again at some time needs not be let go before.
        let max_wait = self.until().is_none().then_some(self.memo.spec.max_wait);
        WaitBounds { max_wait, ..self.limits(false) }
    }

    /// How long to wait for a flight that this call leads, and that another thread computes.
    pub(crate) fn bounds_of_own(&self) -> WaitBounds {
        self.limits(true)
    }

    fn limits(&self, own: bool) -> WaitBounds {
        let until = self.until();
        // Who computes returns when that is done, and not before.
        WaitBounds { max_wait: None, until, own, begins: until.is_none(), worker_leaves: None }
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

    /// Decides how it goes on, where it has waited in vain.
    #[cold]
    #[inline(never)]
    pub(crate) fn again(&mut self) -> Next {
        let step = self.begin();
        self.after_step(step)
    }

    /// Decides how it goes on after [`begin`](Self::begin).
    #[inline]
    pub(crate) fn after_step(&mut self, step: Step) -> Next {
        match step {
            Step::Hit(stored) => Next::Answer(stored),
            Step::Lead(leader) => Next::Lead(leader),
            Step::InPlace => Next::InPlace(None),
            Step::Join(flight, at) => self.join(flight, at),
        }
    }

    #[cold]
    fn join(&mut self, flight: Arc<Flight>, at: Number) -> Next {
        let counters = &self.memo.counters;
        if !std::mem::replace(&mut self.has_waited, true) {
            counters.waits.add();
        }
        if let Some(wait) = self.memo.runtime().waits.begin(&flight.context) {
            return Next::Wait(JoinedFlight { wait: Some(wait), waiter: Waiter::new(flight), at });
        }
        counters.in_place.add();
        Next::InPlace(None)
    }

    /// Decides how it goes on, after it has waited.
    #[inline(never)]
    pub(crate) fn after(&mut self, mut joined: JoinedFlight, waited: WaitOutcome) -> Next {
        let landing = match waited {
            WaitOutcome::Landed(landing) => landing,
            WaitOutcome::Late => {
                return match self.late() {
                    Ok(Some(older)) => Next::Answer(older),
                    Ok(None) => Next::Wait(joined),
                    Err(limit) => Next::Late(limit),
                };
            }
            WaitOutcome::Abandoned => {
                self.memo.overtake(joined.waiter.flight());
                drop(joined);
                return self.again();
            }
            WaitOutcome::LetGo | WaitOutcome::Refused => {
                self.memo.counters.in_place.add();
                joined.wait = None;
                return Next::InPlace(Some(joined));
            }
        };
        self.joins += 1;
        if self.joins >= JOINS {
            self.begin = self.begin.alone();
        }
        match landing {
            Landing::Value(stored, carried) => {
                if let Some(stored) = self.take(&joined, stored, &carried) {
                    return Next::Answer(stored);
                }
            }
            Landing::Error(shared, counts) => {
                if let Some(older) = self.older(&Failed { counts }) {
                    return Next::Answer(older);
                }
                // An error has no tags, so it is not known whether it was invalidated before this call
                // joined.
                let is_shared = joined.at == joined.waiter.flight().born;
                // If the error cannot be shared, all waiters compute at once, not one behind the other.
                self.begin = self.begin.alone();
                if is_shared {
                    return Next::Error(shared);
                }
            }
            Landing::Crashed => {}
        }
        drop(joined);
        self.again()
    }

    /// The return that a flight has landed with, if this call may have it.
    pub(crate) fn take(
        &self,
        joined: &JoinedFlight,
        stored: Erased,
        carried: &CarriedTags,
    ) -> Option<Erased> {
        if !self.memo.may_take(joined.waiter.flight(), joined.at, carried) {
            return None;
        }
        if self.memo.is_tracked() {
            self.memo.record_carried(carried);
        }
        Some(stored)
    }

    /// The same after it has waited for its own flight.
    pub(crate) fn after_own(&mut self, waited: WaitOutcome) -> AfterOwnWait {
        match waited {
            WaitOutcome::Late => match self.late() {
                Ok(Some(older)) => AfterOwnWait::Answer(older),
                Ok(None) => AfterOwnWait::Wait,
                Err(limit) => AfterOwnWait::Late(limit),
            },
            WaitOutcome::Landed(Landing::Error(_, counts)) => {
                self.older(&Failed { counts }).map_or(AfterOwnWait::Returned, AfterOwnWait::Answer)
            }
            // Not from the one_shot, which comes after the hooks.
            WaitOutcome::Landed(Landing::Value(stored, _)) => AfterOwnWait::Answer(stored),
            WaitOutcome::Landed(Landing::Crashed) => AfterOwnWait::Returned,
            WaitOutcome::LetGo | WaitOutcome::Refused | WaitOutcome::Abandoned => AfterOwnWait::Refused,
        }
    }

    /// What a call returns whose body has failed: an older value, if one may stand in.
    #[cold]
    #[inline(never)]
    pub(crate) fn or_older(&self, failed: &Failed, returned: &mut dyn Returned) {
        if let Some(older) = self.older(failed) {
            returned.set_value(older);
        }
    }

    /// The same of a body that was run in place.
    pub(crate) fn or_older_in_place(&self, returned: &mut dyn Returned) {
        let counts = returned.error().is_some_and(|error| self.memo.counts(error) == Some(true));
        self.or_older(&Failed { counts }, returned);
    }

    /// It returns the leader's error.
    pub(crate) fn has_failed(&self) {
        self.memo.record_absence();
    }

    /// What stands in for a value that has failed, or is late.
    pub(crate) fn older(&self, failed: &Failed) -> Option<Erased> {
        if failed.counts && self.falls_back() { self.memo.stand_in(&self.key, self.hash) } else { None }
    }

    /// It has waited until one of its limits. Returns an older value if there is one, and how long it has
    /// waited if that was the last limit.
    fn late(&mut self) -> Result<Option<Erased>, Duration> {
        let now = self.memo.clock().now();
        if self.until().is_none_or(|until| now < until) {
            return Ok(None);
        }
        if let Some(older) = self.older(&Failed { counts: true }) {
            self.memo.note_lateness(&self.key, self.hash);
            return Ok(Some(older));
        }
        match self.deadlines.as_ref().and_then(|deadlines| deadlines.hard) {
            Some((at, limit)) if at <= now => {
                self.memo.counters.timeouts.add();
                self.memo.record_absence();
                Err(limit)
            }
            _ => {
                // From here on only the other limit counts.
                if let Some(deadlines) = &mut self.deadlines {
                    deadlines.soft = None;
                }
                Ok(None)
            }
        }
    }
}
