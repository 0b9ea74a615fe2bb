//! `idle`: an entry dies when it was not read for so long.

use std::time::Duration;

use crate::time::{Tick, after};

/// When an entry dies of it that was last read then.
pub(super) fn end(idle: Duration, read: Tick) -> Tick {
    after(read, idle)
}
