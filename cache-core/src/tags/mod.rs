//! Revisions, stamps and tags: how an invalidation reaches entries without touching them.
//!
//! Invalidations of one runtime are numbered. Each raises the stamps of what it is about to its number
//! (a tag's stamp, or a memo's `cleared`), then publishes the number as the revision of every memo
//! that it may concern; all of it under one lock. An entry records the revision at which it was last
//! found valid: while the memo's revision is no later, it is valid at the cost of one load.
//! Otherwise its stamps are compared, and the revision that was loaded *before* them is recorded.
//!
//! Stamps come in two forms, of what is gone and of what is stale ([`Severity`]), numbered alike: an entry
//! that was hit by either is not taken for fresh.
//!
//! Two facts carry the proof (and are model-checked in `model/protocol.rs`): whoever sees a revision sees the
//! stamps behind it, since it is published after them with release; and stamps only grow, so a stamp
//! no later than the entry's record means that nothing has hit the entry since.

mod carriers;
mod group;
mod inherit;
mod list;
mod name;
mod reach;
mod stamps;
mod table;
#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Weak};

#[cfg(all(test, loom))]
pub(crate) use group::IN_MODEL;
pub(crate) use group::each_public;
use group::{Group, few};
pub(crate) use inherit::Inherited;
pub use list::{IntoTag, TagList};
pub(crate) use name::Name;
pub use name::{Tag, TagField, TagName, typed_tag};
pub use reach::{ThroughOption, ThroughPlain, ThroughRef};
use stamps::Stamps;
pub(crate) use stamps::{Number, Revision, Severity, Stamp, Validity};
use table::TagTable;

use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::time::Tick;

/// A tag that some entry carries.
pub(crate) struct TagState {
    /// Tells tags apart without comparing names.
    pub(crate) id: u64,
    pub(crate) name: Name,
    stamps: Stamps,
    /// The tags that it stands for, if it is a group.
    group: Option<Box<Group>>,
}

impl TagState {
    fn new(id: u64, name: Name, stamp: Number, group: Option<Box<Group>>) -> Arc<Self> {
        Arc::new(Self { id, name, stamps: Stamps::new(stamp), group })
    }
}

/// The tags of one entry.
pub(crate) type TagSet = Box<[Arc<TagState>]>;

/// Tags that are held beyond an entry's life, to look at their stamps later.
pub(crate) type SharedTags = Arc<dyn Deref<Target = [Arc<TagState>]> + Send + Sync>;

/// A memo, as tags know it.
pub(crate) trait Carrier: Send + Sync {
    fn revision(&self) -> &Revision;
}

/// A tag and the groups that it is in, by their ids, in order.
pub(crate) type TagIds = Arc<[u64]>;

/// The tags of one runtime, and the numbering of its invalidations.
pub(crate) struct Tags<C> {
    state: Mutex<TagTable<C>>,
    now: AtomicU64,
}

/// The entries that an invalidation by tag has yet to take out.
pub(crate) struct PendingRemoval<C> {
    pub(crate) stamp: Stamp,
    pub(crate) tag: Arc<TagState>,
    pub(crate) carriers: Vec<(Arc<C>, bool)>,
}

impl<C: Carrier> Tags<C> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(TagTable::new()), now: AtomicU64::new(0) }
    }

    /// Locks the tags, around a `fork`.
    pub(crate) fn hold_all(&self) -> impl Sized + use<'_, C> {
        self.state.lock()
    }

    /// Returns the number of the last invalidation that has taken effect. A computation that begins now has
    /// seen it.
    pub(crate) fn now(&self) -> Number {
        self.now.load(Ordering::Acquire)
    }

    /// Numbers an invalidation. `raise` gives its number to everything that it concerns.
    pub(crate) fn bump(&self, raise: impl FnOnce(Number)) -> Number {
        let _state = self.state.lock();
        self.number(raise)
    }

    /// Numbers an invalidation while the lock is held.
    fn number(&self, raise: impl FnOnce(Number)) -> Number {
        let number = self.now.load(Ordering::Relaxed) + 1;
        raise(number);
        self.now.store(number, Ordering::Release);
        number
    }

    /// Invalidates a tag. From here on, no entry that carries it is valid. Returns the number of the
    /// invalidation, and what is yet to be taken out, which is `None` if nothing carries the tag.
    pub(crate) fn invalidate(
        &self,
        name: &Name,
        severity: Severity,
        at: Tick,
    ) -> (Number, Option<PendingRemoval<C>>) {
        let mut state = self.state.lock();
        let mut pending = None;
        let number = self.number(|number| match state.records.get_mut(name) {
            Some(record) => {
                let stamp = Stamp { number, severity, at };
                record.tag.stamps.raise(&stamp);
                record.carriers.settle();
                let carriers = record.carriers.living();
                for (memo, all) in &carriers {
                    if *all {
                        memo.revision().raise_whole(&stamp);
                    } else {
                        memo.revision().raise(number);
                    }
                }
                pending = Some(PendingRemoval { stamp, tag: record.tag.clone(), carriers });
            }
            // No entry is there to be marked, but the values of running computations must be refused.
            None => *state.forgotten(name) = number,
        });
        (number, pending)
    }

    /// Returns a tag that some entry carries, the memos that carry it, and whether all of their entries do.
    pub(crate) fn carriers(&self, name: &Name) -> Option<(Arc<TagState>, Vec<(Arc<C>, bool)>)> {
        let state = self.state.lock();
        let record = state.records.get(name)?;
        Some((record.tag.clone(), record.carriers.living()))
    }

    /// Returns the tags of an entry of `memo`: those of these names, and those that it has inherited, or a
    /// group of these if they are many. From here on the memo is notified of their invalidations. It must be
    /// called before the store that checks their stamps. `all` says that every entry of the memo carries
    /// them.
    pub(crate) fn attach<'n>(
        &self,
        names: impl IntoIterator<Item = &'n Name>,
        inherited: &[Arc<TagState>],
        memo: &Weak<C>,
        all: bool,
    ) -> TagSet {
        debug_assert!(memo.strong_count() > 0, "taken for a memo that has ended");
        let mut set: Vec<Arc<TagState>> = Vec::new();
        let mut state = self.state.lock();
        for name in names {
            let record = state.named(name);
            record.carriers.add(memo, all);
            set.push(record.tag.clone());
        }
        if inherited.len() > few() {
            let group = state.unnamed(Some(Box::new(Group::of(inherited.into()))));
            state.carry(&group, memo);
            set.push(group);
        } else {
            for tag in inherited {
                state.carry(tag, memo);
                set.push(tag.clone());
            }
        }
        drop(state);
        set.sort_unstable_by_key(|tag| tag.id);
        set.dedup_by_key(|tag| tag.id);
        set.into_boxed_slice()
    }

    /// Makes a tag without a name, for an entry from which others are computed.
    pub(crate) fn dependency(&self) -> Arc<TagState> {
        self.state.lock().unnamed(None)
    }

    /// Returns the ids of a tag, which is held, and of the groups that it is in.
    pub(crate) fn ids(&self, tag: &TagState) -> TagIds {
        let mut ids = vec![tag.id];
        let mut next = self.groups_of(&tag.name);
        // One by one, since there may be many and the lock is the runtime's.
        let mut seen: HashSet<u64> = HashSet::new();
        while let Some(id) = next.pop() {
            if seen.insert(id) {
                next.extend(self.groups_of(&Name::Unnamed(id)));
            }
        }
        ids.extend(seen);
        ids.sort_unstable();
        ids.into()
    }

    fn groups_of(&self, name: &Name) -> Vec<u64> {
        let state = self.state.lock();
        state.records.get(name).into_iter().flat_map(|record| record.groups.iter().copied()).collect()
    }

    /// Brings the stamps of these tags up to date with all invalidations so far, including those of the memo
    /// with this revision. It is called before the stamps are compared.
    #[inline]
    pub(crate) fn catch_up(&self, tags: &[Arc<TagState>], revision: &Revision) {
        group::catch_up(tags, || self.now().max(revision.current()));
    }

    /// Returns the tag, held once more, if some entry still carries it.
    pub(crate) fn hold(&self, tag: &Weak<TagState>) -> Option<Arc<TagState>> {
        // Under the lock: it is forgotten there, and then must not come back.
        let state = self.state.lock();
        tag.upgrade().filter(|tag| state.records.contains_key(&tag.name))
    }

    /// Releases an entry's tags, and forgets those that no entry carries any more.
    #[inline]
    pub(crate) fn release(&self, set: TagSet) {
        if !set.is_empty() {
            self.release_each(set);
        }
    }

    fn release_each(&self, set: TagSet) {
        let mut next = set.into_vec();
        while let Some(tag) = next.pop() {
            let name = tag.name.clone();
            let left = Arc::downgrade(&tag);
            drop(tag);
            if left.strong_count() > 1 {
                continue;
            }
            let mut state = self.state.lock();
            let Some(record) = state.records.get(&name) else { continue };
            if Weak::as_ptr(&left) == Arc::as_ptr(&record.tag) && Arc::strong_count(&record.tag) == 1 {
                next.extend(state.forget(&name));
            }
        }
    }

    /// Returns how many tags are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.state.lock().records.len()
    }
}
