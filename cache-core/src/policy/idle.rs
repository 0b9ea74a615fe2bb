//! `idle`: an entry dies when it was not read for so long.

use crate::time::{NEVER, Tick};

/// When an entry dies of it that was last read then.
pub(super) fn end(idle: Tick, read: Tick) -> Tick {
    read.saturating_add(idle).min(NEVER)
}
