//! `stale_while_revalidate` and `stale_if_error`: windows that open when an entry is no longer fresh, as
//! those of [RFC 5861](https://www.rfc-editor.org/rfc/rfc5861).

use std::time::Duration;

use super::{Rules, Times};
use crate::time::{Tick, after};

/// The longer of the two.
pub(super) fn window(rules: &Rules) -> Duration {
    rules.stale_while_revalidate.max(rules.stale_if_error)
}

/// The first tick after both.
pub(super) fn end(rules: &Rules, deadline: Tick) -> Tick {
    after(deadline, window(rules))
}

pub(super) fn while_revalidate(rules: &Rules, times: &Times, now: Tick) -> bool {
    now < after(times.deadline, rules.stale_while_revalidate)
}

pub(super) fn if_error(rules: &Rules, times: &Times, now: Tick) -> bool {
    now < after(times.deadline, rules.stale_if_error)
}
