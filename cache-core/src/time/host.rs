//! The clock of a system that has no clock and no threads: the host provides it.

use std::sync::{OnceLock, Weak};
use std::time::Duration;

use super::{ClockIsSet, Due, NEVER, ReadClock, Tick, TimerId, Word, ticks};

/// A flag is always set, because the time is not known without asking the host.
pub(super) static WORD: Word = Word::new(0, 1);

/// It stays `None` if the time was needed before a clock was set.
static CLOCK: OnceLock<Option<ReadClock>> = OnceLock::new();

/// Sets the clock. Ticks begin now, because some clocks count from 1970.
pub(super) fn set(read: ReadClock) -> Result<(), ClockIsSet> {
    let begin = read();
    let since: ReadClock = Box::new(move || read().saturating_sub(begin));
    CLOCK.set(Some(since)).map_err(|_| ClockIsSet)
}

/// Returns the time. Without a clock it is the last tick: every ttl has ended, so that no entry of unknown
/// age is fresh.
pub(super) fn exact() -> Tick {
    let clock = CLOCK.get_or_init(|| None).as_ref();
    ticks(clock.map_or(Duration::MAX, |read| read())).min(NEVER - 1)
}

pub(super) fn coarse() -> Tick {
    exact()
}

/// Asks the host at each hit.
#[expect(clippy::unnecessary_wraps, reason = "as where there is a ticker")]
pub(super) fn limit() -> Option<u64> {
    Some(Word::bits(exact(), 0))
}

/// Sets no timer, because there is no thread to run it.
pub(super) fn call_at(tick: Tick, _: Weak<dyn Due>) -> TimerId {
    (tick, 0)
}

pub(super) fn cancel(_: TimerId) {}

pub(crate) fn has_forked() -> bool {
    false
}
