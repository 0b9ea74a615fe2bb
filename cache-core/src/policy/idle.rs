//! `idle`: an entry dies when it was not read for so long.

use crate::time::{Tick, later};

/// When an entry dies of it that was last read then.
pub(super) fn end(idle: Tick, read: Tick) -> Tick {
    later(read, idle)
}
