//! Time as ticks of one millisecond, read at the cost of one load.
//!
//! [`Clock::now`] is exact and asks the system. [`Clock::coarse`] reads what a helper thread wrote at most 5
//! ms ago. Deadlines are checked with the coarse clock. A deadline less than a second ahead is written with
//! the exact one, so such an entry lives at most 5 ms longer than its ttl.

mod alarm;
/// The clock of the system, and its timers.
#[cfg_attr(loom, path = "model.rs")]
#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), path = "host.rs")]
#[cfg_attr(not(any(loom, all(target_family = "wasm", target_os = "unknown"))), path = "ticker.rs")]
mod system;
#[cfg(not(any(loom, all(target_family = "wasm", target_os = "unknown"))))]
mod timer_thread;
mod timers;

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

#[cfg(feature = "store")]
pub(crate) use alarm::Alarm;
pub(crate) use alarm::alarmed;
pub(crate) use system::has_forked;
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) use system::{hold_ticker, lose_threads};
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) use timer_thread::hold as hold_timers;
use timers::Timers;
pub(crate) use timers::{Due, TimerId};

/// Whether there are threads. Then a call that waits for another can be woken, and background work runs
/// meanwhile.
pub(crate) const HAS_THREADS: bool = cfg!(not(target_family = "wasm"));

/// Milliseconds since the clock began.
pub(crate) type Tick = u64;

/// A tick later than all others. An entry with this deadline does not expire.
pub(crate) const NEVER: Tick = (1 << 40) - 1;

/// Where a memo takes its time from.
#[derive(Clone)]
pub(crate) enum Clock {
    /// The monotonic clock of the system.
    System,
    /// A clock that moves when a test says so.
    #[cfg_attr(not(any(test, loom, feature = "testing")), expect(dead_code, reason = "for tests"))]
    Manual(Arc<Manual>),
}

/// Sets the clock on `wasm32-unknown-unknown`, where the standard library has none. It can be set once,
/// before the first call of a memoized function.
///
/// `clock` returns the time since any fixed moment. It must not go back and must not call memoized functions.
/// Every look-up calls it, so it should be cheap. Without a clock the age of an entry is unknown, so entries
/// with a `ttl` or an `idle` are not kept.
///
/// There are no threads on this target either. The background work of synchronous functions is done before
/// the call returns, and asynchronous functions need an executor for it. Functions with `timeout`,
/// `soft_timeout` or `fallback_after` do not build. Expired entries are reclaimed when their place is needed,
/// or by `memo().sweep()`.
///
/// ```
/// // In a browser this would be `web_time::Instant`, of the crate `web-time`.
/// use std::time::Instant;
///
/// let begin = Instant::now();
/// let set = cache_core::set_clock(move || begin.elapsed());
/// assert_eq!(set.is_ok(), cfg!(all(target_family = "wasm", target_os = "unknown")));
/// ```
///
/// # Errors
///
/// If a clock was set before, if the time was needed before it was set, or on any target that has a clock.
pub fn set_clock(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Result<(), ClockIsSet> {
    system::set(Box::new(clock))
}

/// The error of a [`set_clock`] that comes too late, or where the system has a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockIsSet;

impl fmt::Display for ClockIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is told by the system or by a clock that was set before, or was asked for before one was")
    }
}

impl std::error::Error for ClockIsSet {}

/// A clock that the host provides.
type ReadClock = Box<dyn Fn() -> Duration + Send + Sync>;

/// The word in which a hit reads the time. It holds the first deadline that has not passed, which is the tick
/// after the present one, above [`LIMIT`] bits that are 0 unless something is to be done first. So one
/// comparison decides whether an entry has expired.
pub(crate) struct Word(AtomicU64);

/// The bit at which the tick begins in a word. The deadline in the word of an entry begins at the same bit.
pub(crate) const LIMIT: u32 = 24;

impl Word {
    const fn new(tick: Tick, flags: u64) -> Self {
        Self(AtomicU64::new(Self::bits(tick, flags)))
    }

    const fn bits(tick: Tick, flags: u64) -> u64 {
        let limit = if tick < NEVER { tick + 1 } else { NEVER };
        (limit << LIMIT) | flags
    }

    /// Returns the tick in such bits.
    const fn tick(bits: u64) -> Tick {
        (bits >> LIMIT) - 1
    }

    /// Returns the bits if no flag is set. They are greater than the bits of all entries that have expired,
    /// and of no others.
    ///
    /// It is an acquire: a thread that sees the time of a manual clock sees what was done before it moved.
    #[inline]
    fn limit(&self) -> Option<u64> {
        let bits = self.0.load(Ordering::Acquire);
        if bits & ((1 << LIMIT) - 1) == 0 { Some(bits) } else { system::limit() }
    }
}

/// A reference to the word of a clock. The clock is kept beside it.
pub(crate) struct WordRef(NonNull<Word>);

// SAFETY: it is read on any thread.
unsafe impl Send for WordRef {}
// SAFETY: likewise.
unsafe impl Sync for WordRef {}

impl WordRef {
    /// # Safety
    ///
    /// The clock, or a clone of it, is kept as long as this is used.
    pub(crate) unsafe fn of(clock: &Clock) -> Self {
        Self(NonNull::from(clock.word()))
    }

    /// [`Word::limit`]
    #[inline]
    pub(crate) fn limit(&self) -> Option<u64> {
        // SAFETY: the clock is kept, and its word is where it was: in a static or an `Arc`.
        unsafe { self.0.as_ref() }.limit()
    }
}

/// A clock that stands still until it is told to move.
pub(crate) struct Manual {
    word: Word,
    timers: Timers,
}

impl Default for Manual {
    fn default() -> Self {
        Self { word: Word::new(0, 0), timers: Timers::default() }
    }
}

impl Manual {
    pub(crate) fn now(&self) -> Tick {
        Word::tick(self.word.0.load(Ordering::Acquire))
    }

    /// It is a release: a thread that sees the new time sees what was done before it.
    fn change(&self, change: impl Fn(Tick) -> Tick) {
        let change = |bits| Some(Word::bits(change(Word::tick(bits)), 0));
        let _ = self.word.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
    }

    /// Moves the clock forward, and runs the timers that are due by then.
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "for tests"))]
    pub(crate) fn advance(&self, by: Tick) {
        self.change(|time| time.saturating_add(by).min(NEVER - 1));
        self.timers.run(self.now());
    }

    /// Moves the clock back, as no monotonic clock should.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn go_back(&self, by: Tick) {
        self.change(|time| time.saturating_sub(by));
    }
}

impl Clock {
    /// Returns the time, to one tick.
    pub(crate) fn now(&self) -> Tick {
        match self {
            Self::System => system::exact(),
            Self::Manual(manual) => manual.now(),
        }
    }

    /// Returns the time, at most 5 ms late.
    #[inline]
    pub(crate) fn coarse(&self) -> Tick {
        match self {
            Self::System => system::coarse(),
            Self::Manual(manual) => manual.now(),
        }
    }

    /// Locks the timers of a manual clock, around a `fork`.
    pub(crate) fn hold(&self) -> impl Sized + use<'_> {
        match self {
            Self::System => None,
            Self::Manual(manual) => Some(manual.timers.hold()),
        }
    }

    fn word(&self) -> &Word {
        match self {
            Self::System => &system::WORD,
            Self::Manual(manual) => &manual.word,
        }
    }

    /// Calls `due` at a tick, if it still exists then.
    pub(crate) fn call_at(&self, tick: Tick, due: Weak<dyn Due>) -> TimerId {
        match self {
            Self::System => system::call_at(tick, due),
            Self::Manual(manual) => manual.timers.add(tick, due).0,
        }
    }

    /// Cancels a call that was set by [`call_at`](Self::call_at).
    pub(crate) fn cancel(&self, at: TimerId) {
        match self {
            Self::System => system::cancel(at),
            Self::Manual(manual) => manual.timers.cancel(at),
        }
    }

    /// Returns the tick a moment later. If the time stands still, that is now.
    pub(crate) fn soon(&self, moment: Duration) -> Tick {
        match self {
            Self::System => after(self.now(), moment),
            Self::Manual(_) => self.now(),
        }
    }

    /// Returns how long a waiter until `deadline` may sleep before it looks at the clock again. It looks at a
    /// manual clock often, because that cannot wake it.
    pub(crate) fn wait_time(&self, deadline: Tick) -> Duration {
        match self {
            Self::System => Duration::from_millis(deadline.saturating_sub(self.now()).max(1)),
            Self::Manual(_) => Duration::from_millis(1),
        }
    }
}

/// A second.
pub(crate) const SECOND: Tick = 1000;

/// Returns a duration in ticks. Parts of a millisecond are cut off.
#[expect(clippy::cast_possible_truncation, reason = "looked at before")]
pub(crate) const fn ticks(duration: Duration) -> Tick {
    let millis = duration.as_millis();
    if millis < NEVER as u128 { millis as Tick } else { NEVER }
}

/// Returns the tick a duration after `now`.
pub(crate) fn after(now: Tick, duration: Duration) -> Tick {
    later(now, ticks(duration))
}

/// Returns the tick `by` ticks later. A deadline that is not [`NEVER`] is at most the last tick before it.
pub(crate) fn later(tick: Tick, by: Tick) -> Tick {
    if tick.max(by) < NEVER { tick.saturating_add(by).min(NEVER - 1) } else { NEVER }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_ends_does_so_while_there_is_time() {
        assert_eq!(after(5, Duration::from_millis(7)), 12);
        assert_eq!(after(NEVER - 1, Duration::from_millis(1)), NEVER - 1);
        assert_eq!(later(NEVER - 5, 50), NEVER - 1);
    }

    #[test]
    fn what_does_not_end_never_does() {
        assert_eq!(after(5, Duration::MAX), NEVER);
        assert_eq!(later(NEVER, 1), NEVER);
        assert_eq!(later(0, Tick::MAX), NEVER);
    }

    #[test]
    fn the_clock_of_the_system_stays() {
        assert_eq!(set_clock(|| Duration::ZERO), Err(ClockIsSet));
    }
}
