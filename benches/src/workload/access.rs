//! Calls of which some write.

use super::{Key, mix};

/// A key, and whether the call writes its value or reads it. In one word, so that a sequence of them is as
/// short as one of keys.
#[derive(Clone, Copy)]
pub(crate) struct Access(u64);

/// Set where the call writes; no key has it.
const WRITE: u64 = 1 << 63;

impl Access {
    pub(crate) fn key(self) -> u64 {
        self.0 & !WRITE
    }

    pub(crate) fn writes(self) -> bool {
        self.0 & WRITE != 0
    }

    pub(super) fn writing(self) -> Self {
        Self(self.0 | WRITE)
    }
}

impl Key for Access {
    const NAME: &'static str = "u64";

    fn of_rank(rank: usize) -> Self {
        Self(mix(rank as u64) & !WRITE)
    }

    fn value(self) -> u64 {
        self.key().value()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::workload::{Access, Key, RESIDENT};

    #[test]
    fn keys_differ_and_are_the_same_when_written() {
        let keys: HashSet<u64> = (0..RESIDENT).map(|rank| Access::of_rank(rank).key()).collect();
        assert_eq!(keys.len(), RESIDENT);
        let read = Access::of_rank(7);
        let written = read.writing();
        assert!(written.writes() && !read.writes());
        assert_eq!((written.key(), written.value()), (read.key(), read.value()));
    }
}
