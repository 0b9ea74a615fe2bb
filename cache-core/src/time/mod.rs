//! Time as ticks of one millisecond, read at the cost of one load.
//!
//! [`Clock::now`] is exact and asks the system; [`Clock::coarse`] reads what a helper thread wrote,
//! at most [`RESOLUTION`] ago. Deadlines are written with the exact clock and checked with the coarse
//! one, so an entry lives at most that much longer than its ttl.

#[cfg(not(loom))]
mod ticker;
mod timers;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use timers::Timers;
pub(crate) use timers::{At, Due};

/// How far the coarse clock may lag behind the exact one, on a machine that lets threads run.
pub(crate) const RESOLUTION: Duration = Duration::from_millis(5);

/// Milliseconds since the clock began.
pub(crate) type Tick = u64;

/// Later than any tick; what has this deadline does not expire.
pub(crate) const NEVER: Tick = (1 << 40) - 1;

/// Where a memo takes its time from.
#[derive(Clone, Default)]
pub(crate) enum Clock {
    /// The monotonic clock of the system.
    #[default]
    System,
    /// A clock that moves when a test says so.
    #[cfg_attr(not(any(test, loom, feature = "testing")), expect(dead_code, reason = "for tests"))]
    Manual(Arc<Manual>),
}

/// Whether this is a process of its own since a thread of ours was first started: it has none of them.
#[cfg(not(loom))]
pub(crate) fn has_forked() -> bool {
    ticker::has_forked()
}

/// A thread of ours is started: see [`has_forked`].
#[cfg(not(loom))]
pub(crate) fn at_fork() {
    ticker::at_fork();
}

/// A model has one process.
#[cfg(loom)]
pub(crate) fn has_forked() -> bool {
    false
}

#[cfg(loom)]
pub(crate) fn at_fork() {}

/// A clock that stands still until it is told to move.
#[derive(Default)]
pub(crate) struct Manual {
    time: AtomicU64,
    timers: Timers,
}

impl Manual {
    pub(crate) fn now(&self) -> Tick {
        self.time.load(Ordering::Acquire)
    }

    /// Moves on, and calls whoever is due by then.
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "for tests"))]
    pub(crate) fn advance(&self, by: Tick) {
        // Release: who sees the new time sees what was done before it.
        let advance = |time: u64| Some(time.saturating_add(by).min(NEVER - 1));
        let _ = self.time.fetch_update(Ordering::AcqRel, Ordering::Acquire, advance);
        self.timers.run(self.now());
    }

    /// Moves back, as no monotonic clock should.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn go_back(&self, by: Tick) {
        let back = |time: u64| Some(time.saturating_sub(by));
        let _ = self.time.fetch_update(Ordering::AcqRel, Ordering::Acquire, back);
    }
}

impl Clock {
    /// The time, as exact as ticks go.
    pub(crate) fn now(&self) -> Tick {
        match self {
            #[cfg(not(loom))]
            Self::System => ticker::exact(),
            #[cfg(loom)]
            Self::System => 0,
            Self::Manual(manual) => manual.now(),
        }
    }

    /// The time, at most [`RESOLUTION`] ago.
    #[inline]
    pub(crate) fn coarse(&self) -> Tick {
        match self {
            #[cfg(not(loom))]
            Self::System => ticker::coarse(),
            #[cfg(loom)]
            Self::System => 0,
            Self::Manual(manual) => manual.now(),
        }
    }

    /// The same, if it is known without further ado.
    #[inline]
    pub(crate) fn coarse_at_once(&self) -> Option<Tick> {
        match self {
            #[cfg(not(loom))]
            Self::System => ticker::coarse_at_once(),
            #[cfg(loom)]
            Self::System => Some(0),
            Self::Manual(manual) => Some(manual.now()),
        }
    }

    /// Calls `due` at a tick. Nobody is called that is no longer there.
    pub(crate) fn call_at(&self, tick: Tick, due: Weak<dyn Due>) -> At {
        match self {
            #[cfg(not(loom))]
            Self::System => timers::system(tick, due),
            // There is no time in a model.
            #[cfg(loom)]
            Self::System => (tick, 0),
            Self::Manual(manual) => manual.timers.add(tick, due).0,
        }
    }

    /// Somebody need not be called any more.
    pub(crate) fn forget(&self, at: At) {
        match self {
            #[cfg(not(loom))]
            Self::System => timers::forget(at),
            #[cfg(loom)]
            Self::System => {}
            Self::Manual(manual) => manual.timers.forget(at),
        }
    }

    /// How long a waiter should sleep at most before it looks at the clock again, when it wants to
    /// wait until `deadline`. A manual clock is looked at often: it cannot wake anybody.
    pub(crate) fn nap(&self, deadline: Tick) -> Duration {
        match self {
            Self::System => Duration::from_millis(deadline.saturating_sub(self.now()).max(1)),
            Self::Manual(_) => Duration::from_millis(1),
        }
    }
}

/// A duration in ticks; a part of a millisecond is not granted.
#[expect(clippy::cast_possible_truncation, reason = "looked at before")]
pub(crate) const fn ticks(duration: Duration) -> Tick {
    let millis = duration.as_millis();
    if millis < NEVER as u128 { millis as Tick } else { NEVER }
}

/// The tick a duration after `now`.
pub(crate) fn after(now: Tick, duration: Duration) -> Tick {
    now.saturating_add(ticks(duration)).min(NEVER)
}
