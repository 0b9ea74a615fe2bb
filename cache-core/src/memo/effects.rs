//! Taking leave of entries that were removed, outside every lock.

use super::MemoCore;
use crate::event::Cause;
use crate::invalidate::Applied;
use crate::store::Removed;
use crate::tags::{Bumped, Form, Name, TagSet};

/// Entries that were removed: their hooks run and they are dropped after the lock is released.
#[must_use = "to be disposed of"]
pub(crate) struct Effects {
    /// Most writes remove one entry, and need no list for it.
    first: Option<(Removed, Cause)>,
    more: Vec<(Removed, Cause)>,
    /// What was computed from what is gone, by its tag: it goes as well.
    pub(crate) sources: Vec<Name>,
    /// Tags that an entry has carried that stays.
    pub(super) tags: TagSet,
}

impl Effects {
    pub(crate) fn new() -> Self {
        Self { first: None, more: Vec::new(), sources: Vec::new(), tags: TagSet::default() }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.first.is_none() && self.sources.is_empty() && self.tags.is_empty()
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
    /// What was made of what had to go is no longer valid: before anybody learns of what has ended that.
    #[inline]
    pub(crate) fn bump_sources(&self, effects: &mut Effects) -> Vec<Bumped<MemoCore>> {
        if effects.sources.is_empty() {
            return Vec::new();
        }
        let sources = std::mem::take(&mut effects.sources);
        sources.iter().filter_map(|name| self.world().bump_tag(name, Form::Hard)).collect()
    }

    /// And the rest, when nobody waits any more.
    #[inline]
    pub(crate) fn sweep_and_dispose(&self, bumped: Vec<Bumped<MemoCore>>, effects: &mut Effects) {
        if !bumped.is_empty() {
            for bumped in bumped {
                self.world().sweep(bumped);
            }
        }
        if !effects.is_empty() {
            self.dispose_of(std::mem::replace(effects, Effects::new()));
        }
    }

    /// Takes leave of removed entries. No lock is held: hooks and drops are user code. What was computed
    /// from them goes first: hooks may take their time.
    #[inline]
    pub(crate) fn dispose(&self, effects: Effects) -> Applied {
        if effects.is_empty() { Applied::default() } else { self.dispose_of(effects) }
    }

    fn dispose_of(&self, mut effects: Effects) -> Applied {
        let mut applied = Applied::default();
        for name in &effects.sources {
            applied += self.world().invalidate_tag(name, Form::Hard);
        }
        self.world().tags.release(effects.tags);
        self.leave(&mut effects.first);
        for entry in effects.more {
            self.leave(&mut Some(entry));
        }
        applied
    }

    /// Takes leave of one. It is moved out only if its types need a drop, which may be user code.
    fn leave(&self, leaving: &mut Option<(Removed, Cause)>) {
        let Some((entry, cause)) = leaving else { return };
        self.counters.left(*cause);
        self.on_evict(&entry.key, &entry.value, *cause);
        let tags = entry.take_tags();
        if self.cell().needs_drop() {
            self.run_hook(|| drop(leaving.take()));
        }
        self.world().tags.release(tags);
    }
}
