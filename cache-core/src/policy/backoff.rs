//! How long a computation that has failed is left alone: longer with each failure, up to a bound.

use crate::time::{Tick, later};

/// After the first failure: milliseconds.
const FIRST: Tick = 100;
/// At most.
const LONGEST: Tick = 30_000;

/// Before which tick it is not tried again after so many failures in a row.
pub(crate) fn retry_at(failures: u32, now: Tick) -> Tick {
    let doubled = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(Tick::MAX);
    later(now, FIRST.saturating_mul(doubled).min(LONGEST))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::time::NEVER;

    #[test]
    fn a_rest_doubles_with_each_failure_up_to_a_bound() {
        let is_resting: Vec<Tick> = (1..=11).map(|failures| retry_at(failures, 5_000) - 5_000).collect();
        assert_eq!(is_resting, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    }

    #[test]
    fn no_number_of_failures_and_no_time_is_too_large() {
        assert!([63, 64, 65, u32::MAX].iter().all(|failures| retry_at(*failures, 0) == LONGEST));
        assert_eq!(retry_at(u32::MAX, NEVER), NEVER);
        assert_eq!(retry_at(1, Tick::MAX), NEVER);
    }
}
