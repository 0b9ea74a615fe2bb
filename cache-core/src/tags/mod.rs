//! Revisions, stamps and tags: how an invalidation reaches entries without touching them.
//!
//! Invalidations of one world are numbered. Each raises the stamps of what it is about to its number
//! (a tag's stamp, or a memo's `cleared`), then publishes the number as the revision of every memo
//! that it may concern; all of it under one lock. An entry records the revision at which it was last
//! found valid: while the memo's revision is no later, it is valid at the cost of one load.
//! Otherwise its stamps are compared, and the revision that was loaded *before* them is recorded.
//!
//! Stamps come in two forms, of what is gone and of what is stale ([`Form`]), numbered alike: an entry
//! that was hit by either is not taken for fresh.
//!
//! Two facts carry the proof (and are model-checked in `model.rs`): whoever sees a revision sees the
//! stamps behind it, since it is published after them with release; and stamps only grow, so a stamp
//! no later than the entry's record means that nothing has hit the entry since.

mod inherit;
mod list;
mod name;
mod reach;
mod stamps;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::{Arc, Weak};

pub(crate) use inherit::Inherited;
pub use list::{IntoTag, TagList};
pub(crate) use name::Name;
pub use name::{Tag, TagField, TagName, typed_tag};
pub use reach::{ThroughOption, ThroughPlain, ThroughRef};
use stamps::Stamps;
pub(crate) use stamps::{Decree, Form, Number, Revision, Touch};

use crate::sync::{AtomicU64, Mutex, Ordering, RandomState};
use crate::time::Tick;

/// What a tag that nothing carries is remembered by: its last invalidation, by hash of its name.
/// Two names that collide only refuse a value that was being computed.
const FORGOTTEN: usize = 256;
/// Tables smaller than this are not worth shrinking.
const SMALL_TABLE: usize = 64;

/// A tag that something carries.
pub(crate) struct Mark {
    /// Tells tags apart without comparing names.
    pub(crate) id: u64,
    pub(crate) name: Name,
    stamps: Stamps,
}

/// The tags of one entry.
pub(crate) type TagSet = Box<[Arc<Mark>]>;

/// Tags that are held beyond an entry's life, by whoever may have to look at their stamps.
pub(crate) type Seen = Arc<dyn Deref<Target = [Arc<Mark>]> + Send + Sync>;

/// A memo, as tags know it.
pub(crate) trait Carrier: Send + Sync {
    fn revision(&self) -> &Revision;
}

struct Record<C: ?Sized> {
    tag: Arc<Mark>,
    /// The memos that have carried the tag, and whether all their entries do.
    carriers: Vec<(Weak<C>, bool)>,
}

impl<C: ?Sized> Record<C> {
    fn living(&self) -> Vec<(Arc<C>, bool)> {
        self.carriers.iter().filter_map(|(memo, all)| Some((memo.upgrade()?, *all))).collect()
    }
}

struct State<C: ?Sized> {
    records: HashMap<Name, Record<C>, RandomState>,
    forgotten: Box<[Number; FORGOTTEN]>,
    next_id: u64,
}

impl<C: ?Sized> State<C> {
    fn slot(&self, name: &Name) -> usize {
        usize::try_from(self.records.hasher().hash_one(name) % FORGOTTEN as u64).unwrap_or(0)
    }

    /// Gives memory back after many tags were forgotten.
    fn shrink(&mut self) {
        let (len, capacity) = (self.records.len(), self.records.capacity());
        if capacity > SMALL_TABLE && len < capacity / 4 {
            self.records.shrink_to(len * 2);
        }
    }
}

/// The tags of one world, and the numbering of its invalidations.
pub(crate) struct Tags<C: ?Sized> {
    state: Mutex<State<C>>,
    now: AtomicU64,
}

/// What an invalidation by tag has yet to sweep.
pub(crate) struct Bumped<C: ?Sized> {
    pub(crate) decree: Decree,
    pub(crate) tag: Arc<Mark>,
    pub(crate) carriers: Vec<(Arc<C>, bool)>,
}

impl<C: Carrier + ?Sized> Tags<C> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                records: HashMap::default(),
                forgotten: Box::new([0; FORGOTTEN]),
                next_id: 1,
            }),
            now: AtomicU64::new(0),
        }
    }

    /// Keeps others from them, around a `fork`.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(crate) fn hold_all(&self) -> impl Sized + use<'_, C> {
        self.state.lock()
    }

    /// The last invalidation that has taken effect: what is computed from here on has seen it.
    pub(crate) fn now(&self) -> Number {
        self.now.load(Ordering::Acquire)
    }

    /// Numbers an invalidation. `raise` gives its number to what it is about.
    pub(crate) fn bump(&self, raise: impl FnOnce(Number)) -> Number {
        let state = self.state.lock();
        let number = self.number(raise);
        drop(state);
        number
    }

    /// The lock is held.
    fn number(&self, raise: impl FnOnce(Number)) -> Number {
        let number = self.now.load(Ordering::Relaxed) + 1;
        raise(number);
        self.now.store(number, Ordering::Release);
        number
    }

    /// Invalidates a tag: from here on nothing that carries it is valid. `None` if nothing does.
    pub(crate) fn invalidate(&self, name: &Name, form: Form, at: Tick) -> Option<Bumped<C>> {
        let mut state = self.state.lock();
        let slot = state.slot(name);
        let State { records, forgotten, .. } = &mut *state;
        let mut bumped = None;
        self.number(|number| match records.get_mut(name) {
            Some(record) => {
                let decree = Decree { number, form, at };
                record.tag.stamps.raise(&decree);
                record.carriers.retain(|(memo, _)| memo.strong_count() > 0);
                let carriers = record.living();
                for (memo, all) in &carriers {
                    if *all {
                        memo.revision().raise_whole(&decree);
                    } else {
                        memo.revision().raise(number);
                    }
                }
                bumped = Some(Bumped { decree, tag: record.tag.clone(), carriers });
            }
            // Nothing is there to be marked; what is being computed is refused all the same.
            None => forgotten[slot] = number,
        });
        bumped
    }

    /// A tag that something carries, and who does, and whether all their entries do.
    pub(crate) fn carriers(&self, name: &Name) -> Option<(Arc<Mark>, Vec<(Arc<C>, bool)>)> {
        let state = self.state.lock();
        let record = state.records.get(name)?;
        Some((record.tag.clone(), record.living()))
    }

    /// The tags of these names for an entry of `memo`, which from here on is told of their
    /// invalidations. Must come before the store that checks their stamps. `all`: every entry of the
    /// memo carries them.
    pub(crate) fn attach<'n>(
        &self,
        names: impl IntoIterator<Item = &'n Name>,
        memo: &Weak<C>,
        all: bool,
    ) -> TagSet {
        debug_assert!(memo.strong_count() > 0, "taken for a memo that has ended");
        let mut set: Vec<Arc<Mark>> = Vec::new();
        let mut state = self.state.lock();
        for name in names {
            if !state.records.contains_key(name) {
                let stamp = state.forgotten[state.slot(name)];
                let id = state.next_id;
                state.next_id += 1;
                let tag = Arc::new(Mark { id, name: name.clone(), stamps: Stamps::new(stamp) });
                state.records.insert(name.clone(), Record { tag, carriers: Vec::new() });
            }
            if let Some(record) = state.records.get_mut(name) {
                let carriers = &mut record.carriers;
                if let Some(known) = carriers.iter_mut().find(|(carrier, _)| Weak::ptr_eq(carrier, memo)) {
                    known.1 |= all;
                } else {
                    // Those that have ended are looked for now and then, not each time.
                    if carriers.len().is_power_of_two() {
                        carriers.retain(|(memo, _)| memo.strong_count() > 0);
                    }
                    carriers.push((memo.clone(), all));
                }
                set.push(record.tag.clone());
            }
        }
        drop(state);
        set.sort_unstable_by_key(|tag| tag.id);
        set.dedup_by_key(|tag| tag.id);
        set.into_boxed_slice()
    }

    /// A tag of its own, for what others are computed from.
    pub(crate) fn source(&self) -> Arc<Mark> {
        let mut state = self.state.lock();
        let id = state.next_id;
        state.next_id += 1;
        let tag = Arc::new(Mark { id, name: Name::Source(id), stamps: Stamps::new(0) });
        state.records.insert(tag.name.clone(), Record { tag: tag.clone(), carriers: Vec::new() });
        tag
    }

    /// The same tag once more, if something still carries it.
    pub(crate) fn hold(&self, tag: &Weak<Mark>) -> Option<Arc<Mark>> {
        // Under the lock: it is forgotten there, and then must not come back.
        let state = self.state.lock();
        let held = tag.upgrade().filter(|tag| state.records.contains_key(&tag.name));
        drop(state);
        held
    }

    /// Lets go of an entry's tags, and forgets those that nothing carries any more.
    #[inline]
    pub(crate) fn release(&self, set: TagSet) {
        if !set.is_empty() {
            self.release_each(set);
        }
    }

    fn release_each(&self, set: TagSet) {
        for tag in set {
            let name = tag.name.clone();
            let left = Arc::downgrade(&tag);
            drop(tag);
            if left.strong_count() > 1 {
                continue;
            }
            let mut state = self.state.lock();
            let Some(record) = state.records.get(&name) else { continue };
            if Weak::as_ptr(&left) == Arc::as_ptr(&record.tag) && Arc::strong_count(&record.tag) == 1 {
                let (slot, stamp) = (state.slot(&name), record.tag.stamps.last());
                let forgotten = &mut state.forgotten[slot];
                *forgotten = stamp.max(*forgotten);
                state.records.remove(&name);
                state.shrink();
            }
        }
    }

    /// How many tags are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.state.lock().records.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Memo(Revision);

    impl Carrier for Memo {
        fn revision(&self) -> &Revision {
            &self.0
        }
    }

    fn name(name: u32) -> Name {
        Name::Text(name.to_string().into())
    }

    fn names(names: impl IntoIterator<Item = u32>) -> Vec<Name> {
        names.into_iter().map(name).collect()
    }

    #[test]
    fn tags_that_nothing_carries_take_no_memory() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let many = tags.attach(&names(0..10_000), &Arc::downgrade(&memo), false);
        let again = tags.attach(&names(0..10), &Arc::downgrade(&memo), false);
        assert_eq!(tags.len(), 10_000);
        tags.release(many);
        assert_eq!(tags.len(), 10);
        tags.release(again);
        assert_eq!(tags.len(), 0);
        assert!(tags.state.lock().records.capacity() <= SMALL_TABLE);
    }

    #[test]
    fn a_tag_that_comes_back_remembers_when_it_was_invalidated() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let attach = || tags.attach(&names([1]), &Arc::downgrade(&memo), false);
        tags.bump(|_| {});
        let before = tags.now();
        let carried = attach();
        assert!(tags.invalidate(&name(1), Form::Hard, 0).is_some());
        tags.release(carried);
        assert!(tags.invalidate(&name(1), Form::Hard, 0).is_none());
        let carried = attach();
        assert_eq!(carried[0].stamps.last(), tags.now());
        assert_eq!(memo.0.touch_since(before, &carried), Touch::Dead);
        assert_eq!(memo.0.touch_since(tags.now(), &carried), Touch::Nothing);
    }

    /// Those that are taken for it have their values refused for nothing.
    #[test]
    fn what_is_forgotten_is_seldom_taken_for_another() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        assert!(tags.invalidate(&name(0), Form::Hard, 0).is_none());
        let others = tags.attach(&names(1..=1_000), &Arc::downgrade(&memo), false);
        let taken = others.iter().filter(|tag| tag.stamps.last() > 0).count();
        assert!(taken < 50, "{taken}");
    }

    #[test]
    fn a_name_given_twice_is_one_tag() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let set = tags.attach(&names([1, 1, 2]), &Arc::downgrade(&memo), false);
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn memos_that_have_ended_are_not_told() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let set = tags.attach(&names([1]), &Arc::downgrade(&memo), false);
        drop(memo);
        assert!(tags.invalidate(&name(1), Form::Hard, 0).is_some_and(|bumped| bumped.carriers.is_empty()));
        tags.release(set);
    }

    #[test]
    fn memos_that_have_ended_take_no_memory() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let carried = tags.attach(&names([1]), &Arc::downgrade(&memo), false);
        let carriers = || tags.state.lock().records[&name(1)].carriers.len();
        for _ in 0..1_000 {
            let passing = Arc::new(Memo(Revision::new()));
            tags.release(tags.attach(&names([1]), &Arc::downgrade(&passing), false));
        }
        assert!(carriers() < 10, "{}", carriers());
        assert!(tags.invalidate(&name(1), Form::Hard, 0).is_some());
        assert_eq!(carriers(), 1);
        tags.release(carried);
    }

    #[test]
    fn what_all_entries_of_a_memo_carry_they_all_carry_from_then_on() {
        let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
        let attach = |all| tags.attach(&names([1]), &Arc::downgrade(&memo), all);
        let all = || tags.carriers(&name(1)).is_some_and(|(_, carriers)| carriers[0].1);
        let held = attach(false);
        assert!(!all());
        tags.release(attach(true));
        assert!(all());
        tags.release(attach(false));
        assert!(all());
        let before = tags.now();
        assert!(tags.invalidate(&name(1), Form::Hard, 0).is_some());
        assert_eq!(memo.0.touch_since(before, &[]), Touch::Dead);
        tags.release(held);
    }

    #[test]
    fn a_source_is_held_while_something_carries_it() {
        let tags: Tags<Memo> = Tags::new();
        let source = tags.source();
        let known = Arc::downgrade(&source);
        let again = tags.hold(&known).unwrap();
        assert!(Arc::ptr_eq(&again, &source));
        tags.release(Box::new([source]));
        tags.release(Box::new([again]));
        assert!(tags.hold(&known).is_none());
        assert_eq!(tags.len(), 0);
    }
}
