//! What functions do in front of a cache, unless they say otherwise themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many values may be on their way to the store while nobody waits for them.
const MAX_LATE: usize = 1000;

/// What functions keep in the process.
#[derive(Clone, Copy)]
pub(in crate::store) struct Local {
    pub(in crate::store) keeps: bool,
    /// How long at most.
    pub(in crate::store) ttl: Option<Duration>,
}

/// Whether callers need not wait until the store has what was computed.
pub(in crate::store) struct WriteBehind {
    is_on: bool,
    /// What is counted lives in values on their way.
    late: Arc<AtomicUsize>,
}

/// A value on its way to the store, for which nobody waits.
pub(in crate::store) struct Late(Arc<AtomicUsize>);

impl WriteBehind {
    pub(super) fn new(is_on: bool) -> Self {
        Self { is_on, late: Arc::default() }
    }

    /// Begins to write a value for which nobody waits; none if the caller is to wait.
    pub(in crate::store) fn begin(&self) -> Option<Late> {
        if !self.is_on {
            return None;
        }
        let late = Late(self.late.clone());
        (self.late.fetch_add(1, Ordering::Relaxed) < MAX_LATE).then_some(late)
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
