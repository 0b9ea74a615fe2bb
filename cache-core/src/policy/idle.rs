//! `idle`: an entry dies when it was not read for so long.

use std::time::Duration;

use crate::time::{Tick, after};

/// Whether an entry that was last read then has died of it.
pub(super) fn is_over(idle: Duration, read: Tick, now: Tick) -> bool {
    after(read, idle) <= now
}
