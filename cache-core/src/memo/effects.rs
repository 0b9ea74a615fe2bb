//! What is done with removed entries, outside every lock: hooks, drops, release of tags.

use super::MemoCore;
use crate::event::Cause;
use crate::table::Removed;
use crate::tags::{Name, PendingRemoval, Severity};

/// Entries that were removed: their hooks run and they are dropped after the lock is released.
#[must_use = "to be disposed of"]
pub(crate) struct Effects {
    /// Most writes remove one entry, and need no list for it.
    first: Option<(Removed, Cause)>,
    more: Vec<(Removed, Cause)>,
    /// Tags of the removed entries on which others depend: those are invalidated too.
    pub(crate) dependencies: Vec<Name>,
}

impl Effects {
    pub(crate) fn new() -> Self {
        Self { first: None, more: Vec::new(), dependencies: Vec::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.dependencies.is_empty()
    }

    pub(crate) fn push(&mut self, entry: Removed, cause: Cause) {
        if self.first.is_none() {
            self.first = Some((entry, cause));
        } else {
            self.more.push((entry, cause));
        }
    }
}

impl MemoCore {
    /// Invalidates what was computed from removed entries, before any waiter is told of the new value.
    #[cold]
    pub(crate) fn invalidate_dependents(&self, effects: &mut Effects) -> Vec<PendingRemoval<MemoCore>> {
        let dependencies = std::mem::take(&mut effects.dependencies);
        dependencies.iter().filter_map(|name| self.runtime().bump_tag(name, Severity::Hard)).collect()
    }

    /// And the rest, when nobody waits any more.
    #[cold]
    pub(crate) fn finish_removals(&self, pending: Vec<PendingRemoval<MemoCore>>, effects: Effects) {
        for pending in pending {
            self.runtime().finish_invalidation(pending);
        }
        self.dispose(effects);
    }

    /// Takes leave of removed entries. No lock is held: hooks and drops are user code. What was computed
    /// from them goes first: hooks may take their time.
    #[inline]
    pub(crate) fn dispose(&self, effects: Effects) {
        if !effects.is_empty() {
            self.dispose_of(effects);
        }
    }

    #[cold]
    fn dispose_of(&self, mut effects: Effects) {
        for name in &effects.dependencies {
            self.runtime().invalidate_tag(name, Severity::Hard);
        }
        self.dispose_one(&mut effects.first);
        for entry in effects.more {
            self.dispose_one(&mut Some(entry));
        }
    }

    /// Takes leave of one. It is moved out only if its types need a drop, which may be user code.
    fn dispose_one(&self, removed: &mut Option<(Removed, Cause)>) {
        let Some((entry, cause)) = removed else { return };
        self.counters.removed(*cause);
        self.on_evict(&entry.key, &entry.value, *cause);
        let tags = entry.take_tags();
        if self.cell().needs_drop() {
            self.run_hook(|| drop(removed.take()));
        }
        self.runtime().tags.release(tags);
    }
}
