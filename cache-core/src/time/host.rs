//! The time where the system has no clock, and where there are no threads: what the host says it is.

use std::sync::{OnceLock, Weak};
use std::time::Duration;

use super::{At, ClockIsSet, Due, NEVER, ReadClock, Tick, Word, ticks};

/// Always unusual: the time is not known without asking.
pub(super) static WORD: Word = Word::new(0, 1);

/// None, for good, if the time was asked for before there was a clock.
static CLOCK: OnceLock<Option<ReadClock>> = OnceLock::new();

/// Ticks begin now: some count from 1970.
pub(super) fn set(read: ReadClock) -> Result<(), ClockIsSet> {
    let begin = read();
    let since: ReadClock = Box::new(move || read().saturating_sub(begin));
    CLOCK.set(Some(since)).map_err(|_| ClockIsSet)
}

/// Without a clock it is late: everything that ends has ended, so that nothing is taken for fresh of which
/// nobody knows how old it is.
pub(super) fn exact() -> Tick {
    let clock = CLOCK.get_or_init(|| None).as_ref();
    ticks(clock.map_or(Duration::MAX, |read| read())).min(NEVER - 1)
}

pub(super) fn coarse() -> Tick {
    exact()
}

/// Each hit asks.
#[expect(clippy::unnecessary_wraps, reason = "as where there is a ticker")]
pub(super) fn limit() -> Option<u64> {
    Some(Word::bits(exact(), 0))
}

/// Nobody is called: there is no thread that could.
pub(super) fn call_at(tick: Tick, _: Weak<dyn Due>) -> At {
    (tick, 0)
}

pub(super) fn forget(_: At) {}

pub(crate) fn has_forked() -> bool {
    false
}
