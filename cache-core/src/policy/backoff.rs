//! How long a computation that has failed is left alone: longer with each failure, up to a bound.

use crate::time::{NEVER, Tick};

/// After the first failure: milliseconds.
const FIRST: Tick = 100;
/// At most.
const LONGEST: Tick = 30_000;

/// Before which tick it is not tried again after so many failures in a row.
pub(crate) fn rest(failures: u32, now: Tick) -> Tick {
    let doubled = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(Tick::MAX);
    now.saturating_add(FIRST.saturating_mul(doubled).min(LONGEST)).min(NEVER)
}
