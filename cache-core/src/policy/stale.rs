//! `stale_while_revalidate` and `stale_if_error`: windows that open when an entry is no longer fresh, as
//! those of [RFC 5861](https://www.rfc-editor.org/rfc/rfc5861).

use super::{Rules, Times};
use crate::time::{Tick, later};

/// The longer of the two.
pub(super) fn window(rules: &Rules) -> Tick {
    rules.stale_while_revalidate.max(rules.stale_if_error)
}

/// The first tick after both.
pub(super) fn end(rules: &Rules, deadline: Tick) -> Tick {
    later(deadline, window(rules))
}

pub(super) fn while_revalidate(rules: &Rules, times: &Times, now: Tick) -> bool {
    is_within(rules.stale_while_revalidate, times, now)
}

pub(super) fn if_error(rules: &Rules, times: &Times, now: Tick) -> bool {
    is_within(rules.stale_if_error, times, now)
}

/// A window that is not there has no inside: a mark may lie a little in the future of who reads the clock.
fn is_within(window: Tick, times: &Times, now: Tick) -> bool {
    window > 0 && !times.is_error && now < later(times.deadline, window)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::time::NEVER;

    const TIMES: Times = Times {
        created: 0,
        deadline: 1_000,
        marked: false,
        read: 0,
        cost: 0,
        retry_at: 0,
        renewing: false,
        is_error: false,
    };

    fn rules(while_revalidate: u64, if_error: u64) -> Rules {
        Rules { stale_while_revalidate: while_revalidate, stale_if_error: if_error, ..Rules::new() }
    }

    #[test]
    fn each_window_has_its_own_end() {
        let rules = rules(10, 500);
        assert!(while_revalidate(&rules, &TIMES, 1_009) && !while_revalidate(&rules, &TIMES, 1_010));
        assert!(if_error(&rules, &TIMES, 1_499) && !if_error(&rules, &TIMES, 1_500));
    }

    #[test]
    fn both_open_at_the_deadline_and_the_longer_one_is_the_end() {
        assert_eq!(end(&rules(10, 500), 1_000), 1_500);
        assert_eq!(end(&rules(500, 10), 1_000), 1_500);
        assert_eq!(end(&rules(0, 0), 1_000), 1_000);
        assert_eq!(end(&rules(1, 1), NEVER), NEVER);
        assert_eq!(window(&rules(0, 0)), 0);
    }
}
