//! The time of a model, in which there is none.

use std::sync::Weak;

use super::{ClockIsSet, Due, ReadClock, Tick, TimerId, Word};

pub(super) static WORD: Word = Word::new(0, 0);

pub(super) fn set(_: ReadClock) -> Result<(), ClockIsSet> {
    Err(ClockIsSet)
}

pub(super) fn exact() -> Tick {
    0
}

pub(super) fn coarse() -> Tick {
    0
}

pub(super) fn limit() -> Option<u64> {
    None
}

pub(super) fn call_at(tick: Tick, _: Weak<dyn Due>) -> TimerId {
    (tick, 0)
}

pub(super) fn cancel(_: TimerId) {}

/// It has one process.
pub(crate) fn has_forked() -> bool {
    false
}
