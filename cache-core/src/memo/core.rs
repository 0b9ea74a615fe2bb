//! The memo itself: shards of entries and flights, under one revision, in one runtime.

use std::any::TypeId;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock, Weak};

use super::Runtime;
use super::backlog::{Backlog, Removal};
use super::dependents::Dependencies;
use super::hooks::MemoHooks;
use super::predicate_removal::PredicateRemovals;
use super::shards::Shards;
use super::{Header, MemoSpec};
use crate::erased::{Erased, ErasedRef};
use crate::event::Counters;
use crate::flight::Flights;
use crate::key::{KeyFns, KeyRef, Part, Shape, StoredKey};
use crate::policy::{Freshness, Policy, Times};
use crate::spec::Spec;
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering, RandomState, ShardLock};
use crate::table::{CellType, Entries, EntryRef, MetadataRef, Removed};
use crate::tags::{Carrier, Name, Number, Revision, TagSet, TagState, Validity};
use crate::time::{Clock, Tick, WordRef};
use crate::value::Returns;

/// One shard. A flight is registered while others read entries.
pub(crate) type Shard = ShardLock<ShardState, Flights>;

/// What one shard's lock guards besides flights. With the lock it is 128 bytes where a mutex takes 8: a hit finds its
/// shard in fewer instructions where that is a power of two. What a hit looks at is on the first of its two lines.
#[repr(C)]
pub(crate) struct ShardState {
    pub(crate) entries: Entries,
    pub(crate) dependencies: Dependencies,
}

#[cfg(all(target_pointer_width = "64", target_os = "linux", not(loom)))]
const _: () = {
    use std::mem::{offset_of, size_of};

    type Memo = MemoCore;
    assert!(size_of::<crate::sync::Padded<Shard>>() == 128);
    // What a hit reads.
    assert!(offset_of!(Memo, counters) + size_of::<crate::sync::Tally>() <= 128);
    assert!(offset_of!(Memo, counters) == offset_of!(Memo, flags) + 8);
};

impl ShardState {
    fn new(policy: Option<Policy>, cell: &'static CellType) -> Self {
        Self { entries: Entries::new(policy, cell), dependencies: Dependencies::new() }
    }
}

/// An invalidation by key that could not take the shard's lock: made from within a user's `Eq`.
#[derive(Clone, Copy)]
pub(crate) struct DeferredInvalidation {
    pub(crate) hash: u32,
    pub(crate) number: Number,
}

/// What a memo knows of the types of its keys and values.
pub(crate) struct Types {
    pub(super) cell: &'static CellType,
    pub(super) key_fns: &'static KeyFns,
    pub(super) hooks: MemoHooks,
    /// Whether no user code is run when an entry leaves.
    pub(super) leave_silently: bool,
}

impl Types {
    pub(crate) fn of<S: Shape, R: Returns>(spec: MemoSpec<R, S>) -> Self {
        let (cell, hooks) = (CellType::of::<S::Owned, R::StoredValue>(), spec.hooks);
        let leave_silently = hooks.on_evict.is_none() && !cell.needs_drop();
        Self { cell, key_fns: KeyFns::of::<S>(), hooks, leave_silently }
    }
}

/// The cache behind one memoized function, or one instantiation of a generic one. It does not know the types of
/// its keys and values: see [`TypedMemo`](super::TypedMemo).
///
/// `repr(C)`: a hit reads the first two cache lines of this, which nobody writes to but to invalidate; what others
/// write comes after them.
#[repr(C, align(64))]
pub(crate) struct MemoCore {
    pub(crate) header: Header,
    // What a hit reads.
    hasher: RandomState,
    pub(super) shards: Shards<ShardState, Flights>,
    pub(super) revision: Revision,
    time: WordRef,
    /// [`Flags`](super::flags::Flags)
    pub(super) flags: AtomicUsize,
    /// The first of them is that of the hits.
    pub(crate) counters: Counters,
    // What only the rest reads.
    /// The clock behind `time`.
    clock: Clock,
    /// How much is in it, by weight.
    pub(crate) total_weight: AtomicUsize,
    pub(crate) capacity: AtomicUsize,
    pub(crate) spec: &'static Spec,
    /// Which function's slot it was made for.
    pub(crate) slot: usize,
    pub(crate) name: Arc<str>,
    pub(super) types: Types,
    pub(super) plain_ttl: Option<Tick>,
    runtime: Arc<Runtime>,
    this: Weak<Self>,
    /// Itself, if it is never dropped.
    pub(super) stays: OnceLock<&'static Self>,
    /// Carried by every entry; held so that they are never forgotten.
    fixed_tags: OnceLock<TagSet>,
    pub(super) switched_off: Mutex<bool>,
    pub(super) deferred: Mutex<Vec<DeferredInvalidation>>,
    has_deferred: AtomicBool,
    /// The tag that stands for all keys, once something was computed from one.
    pub(super) memo_tag: Mutex<Option<Arc<TagState>>>,
    pub(super) backlog: Backlog,
    pub(crate) predicate_removals: PredicateRemovals,
    #[cfg(feature = "rayon")]
    pub(super) typical_duration: super::typical_duration::TypicalDuration,
}

crate::sync::crosses_threads!(MemoCore {
    header,
    hasher,
    shards,
    revision,
    time,
    flags,
    counters,
    clock,
    total_weight,
    capacity,
    spec,
    slot,
    name,
    types,
    plain_ttl,
    runtime,
    this,
    stays,
    fixed_tags,
    switched_off,
    deferred,
    has_deferred,
    memo_tag,
    backlog,
    predicate_removals,
    #[cfg(feature = "rayon")]
    typical_duration,
});

impl MemoCore {
    pub(crate) fn create(
        spec: &'static Spec,
        capacity: usize,
        name: Arc<str>,
        types: Types,
        (slot, id): (usize, TypeId),
        runtime: &Arc<Runtime>,
    ) -> Arc<Self> {
        if spec.inherit_tags {
            runtime.track();
        }
        let weighed = types.hooks.weigh.is_some();
        let shards = if spec.policy == Policy::Lru { Shards::one() } else { Shards::of(capacity, weighed) };
        let memo = Arc::new_cyclic(|this: &Weak<Self>| Self {
            header: Header::new(id),
            hasher: RandomState::default(),
            shards,
            revision: Revision::new(),
            // SAFETY: the memo keeps a clone of the clock.
            time: unsafe { WordRef::of(&runtime.clock) },
            clock: runtime.clock.clone(),
            flags: AtomicUsize::new(0),
            counters: Counters::new(),
            spec,
            slot,
            name,
            types,
            plain_ttl: Self::plain_ttl(spec, weighed),
            fixed_tags: OnceLock::new(),
            runtime: runtime.clone(),
            this: this.clone(),
            stays: OnceLock::new(),
            total_weight: AtomicUsize::new(0),
            capacity: AtomicUsize::new(capacity),
            switched_off: Mutex::new(false),
            deferred: Mutex::new(Vec::new()),
            has_deferred: AtomicBool::new(false),
            memo_tag: Mutex::new(None),
            backlog: Backlog::new(VecDeque::new()),
            predicate_removals: PredicateRemovals::new(),
            #[cfg(feature = "rayon")]
            typical_duration: super::typical_duration::TypicalDuration::new(),
        });
        // Not before the memo is whole: carriers that are not alive are forgotten.
        memo.follow_runtime();
        let names: Vec<_> = spec.tags.iter().map(|tag| Name::Text((*tag).into())).collect();
        memo.fixed_tags.get_or_init(|| runtime.tags.attach(&names, &[], &memo.weak(), true));
        memo
    }

    /// It is never dropped.
    pub(crate) fn note_that_it_stays(&'static self) {
        self.stays.get_or_init(|| self);
    }

    /// A handle that keeps the memo, and can be had of any.
    pub(crate) fn arc(&self) -> Arc<Self> {
        self.this.upgrade().expect("a memo is only reached through a handle")
    }

    pub(crate) fn weak(&self) -> Weak<Self> {
        self.this.clone()
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Entries whose times are less have expired, if that is known at once.
    #[inline]
    pub(super) fn limit(&self) -> Option<u64> {
        self.time.limit()
    }

    pub(crate) fn fixed_tags(&self) -> &[Arc<TagState>] {
        self.fixed_tags.get().map_or(&[], |tags| tags)
    }

    /// Who makes room; nobody where there is no bound, so that no order need be kept.
    pub(crate) fn policy(&self) -> Option<Policy> {
        Some(self.spec.policy).filter(|_| self.capacity.load(Ordering::Relaxed) != usize::MAX)
    }

    /// The hash of a key, in the long form.
    #[inline]
    pub(crate) fn long_hash<S: Shape>(&self, parts: &impl Part<S>) -> u64 {
        let mut state = self.hasher.build_hasher();
        parts.hash(&mut state);
        state.finish()
    }

    #[cfg(feature = "json")]
    pub(crate) fn hash_owned(&self, key: &Erased) -> u32 {
        let mut state = self.hasher.build_hasher();
        (self.types.key_fns.hash)(key.by_ref(), &mut state);
        crate::table::short(state.finish())
    }

    #[inline]
    pub(crate) fn shard(&self, hash: u32) -> &Shard {
        match self.shards.made_at(hash) {
            Some(shard) => shard,
            None => self.make_shards(hash),
        }
    }

    #[cold]
    fn make_shards(&self, hash: u32) -> &Shard {
        self.shards.at(hash, || ShardState::new(self.policy(), self.types.cell))
    }

    pub(crate) fn shards(&self) -> impl ExactSizeIterator<Item = &Shard> {
        self.shards.iter()
    }

    /// Whether keys are the same.
    pub(crate) fn same(&self, a: ErasedRef<'_>, b: &Erased) -> bool {
        (self.types.key_fns.same)(a, b.by_ref())
    }

    /// The type of its cells.
    pub(crate) fn cell(&self) -> &'static CellType {
        self.types.cell
    }

    pub(crate) fn key_ref<T>(&self, key: &Erased, with: impl FnOnce(&KeyRef<'_>) -> T) -> T {
        let kept = StoredKey { key: key.by_ref(), fns: self.types.key_fns };
        with(&KeyRef { name: &self.name, key: &kept })
    }

    /// Looks at an entry that is fresh or stale, and at its times, without touching it.
    pub(crate) fn inspect<T>(
        &self,
        key: &Erased,
        hash: u32,
        inspect: impl FnOnce(EntryRef<'_>, Times, Freshness) -> Option<T>,
    ) -> Option<T> {
        if self.is_disabled() {
            return None;
        }
        let guard = self.shards.made_at(hash)?.read();
        let entry = guard.entries.find(hash, |other| self.same(other, key))?;
        let times = self.times(*entry)?;
        let state = self.spec.rules.freshness(&times, self.clock.coarse());
        if state == Freshness::Dead { None } else { inspect(entry, times, state) }
    }

    /// Moves an entry's deadline. Whether one was there.
    pub(crate) fn set_deadline(
        &self,
        key: &Erased,
        hash: u32,
        ttl: std::time::Duration,
        only_later: bool,
    ) -> bool {
        if self.is_disabled() || crate::sync::is_comparing() {
            return false;
        }
        let deadline = crate::time::after(self.clock.now(), ttl);
        let guard = self.shard(hash).upgradable();
        let entry = guard.entries.find(hash, |other| self.same(other, key));
        let Some(entry) = entry.filter(|entry| self.is_fresh(**entry)) else { return false };
        // A value that may be late is kept no longer than it was to be.
        #[cfg(feature = "store")]
        let deadline = match self.backing().and_then(|backing| backing.local_ttl(self)) {
            Some(_) => deadline.min(entry.deadline()),
            None => deadline,
        };
        if !(only_later && entry.deadline() >= deadline) {
            let slot = entry.slot;
            ShardLock::upgrade(guard).entries.set_deadline(slot, deadline, &self.spec.rules);
        }
        self.runtime.wake_sweeper();
        true
    }

    /// What invalidations have done to an entry.
    pub(super) fn validity(&self, entry: MetadataRef<'_>) -> Validity {
        // Loaded before the stamps, so it may be noted.
        let revision = self.revision.current();
        if entry.is_valid_at(revision) {
            return Validity::Valid;
        }
        let validity = self.validity_since(entry.verified(), entry.hash, entry.tags());
        if entry.is_marked() {
            return validity.max(Validity::Stale(entry.deadline()));
        }
        // For an entry that was invalidated nothing is noted: the next reader compares again.
        if validity == Validity::Valid {
            entry.note_verified(revision);
        }
        validity
    }

    /// Whether nothing after `number` has invalidated a key of this hash with these tags. Marks count: what
    /// was computed from before one is not fresh.
    #[inline]
    pub(crate) fn untouched_since(&self, number: Number, hash: u32, tags: &[Arc<TagState>]) -> bool {
        // Most often nothing was invalidated since that may concern the memo.
        (tags.is_empty() && self.revision.current() <= number)
            || self.validity_since(number, hash, tags) == Validity::Valid
    }

    fn validity_since(&self, number: Number, hash: u32, tags: &[Arc<TagState>]) -> Validity {
        self.runtime.tags.catch_up(tags, &self.revision);
        let validity = self.revision.validity_since(number, tags);
        let deferred = || self.deferred.lock().iter().any(|one| one.hash == hash && one.number > number);
        if self.has_deferred() && deferred() { Validity::Invalid } else { validity }
    }

    /// Invalidates by hash without the shard's lock; [`Self::apply_deferred`] takes entries out.
    pub(crate) fn defer(&self, hash: u32) {
        self.runtime.bump(|number| {
            self.deferred.lock().push(DeferredInvalidation { hash, number });
            self.has_deferred.store(true, Ordering::Release);
            self.revision.raise(number);
        });
    }

    /// The deferred invalidations, in the order of their numbers.
    pub(crate) fn deferred(&self) -> Vec<DeferredInvalidation> {
        if self.has_deferred() { self.deferred.lock().clone() } else { Vec::new() }
    }

    #[inline]
    pub(super) fn has_deferred(&self) -> bool {
        self.has_deferred.load(Ordering::Acquire)
    }

    /// Forgets deferred invalidations up to one, whose entries and flights have been taken out.
    /// Another thread may have forgotten some of them already, and later ones may have come.
    pub(crate) fn forget_deferred(&self, upto: Number) {
        let mut deferred = self.deferred.lock();
        deferred.retain(|one| one.number > upto);
        if deferred.is_empty() {
            self.has_deferred.store(false, Ordering::Release);
        }
    }

    pub(crate) fn count_hit(&self) {
        self.counters.hits.add();
    }

    pub(crate) fn count_miss(&self) {
        self.counters.misses.add();
    }
}

impl Drop for MemoCore {
    /// The memo of a field ends with it: its entries let go of their tags. No hook is told.
    fn drop(&mut self) {
        let leave = |mut entry: Removed| {
            let tags = entry.take_tags();
            let _ = crate::sync::guarded(|| drop(entry));
            self.runtime.tags.release(tags);
        };
        for shard in self.shards.iter() {
            let mut guard = shard.write();
            let (emptied, keys) = (guard.entries.take_all(None), guard.dependencies.end());
            drop(guard);
            emptied.for_each(leave);
            for key in keys {
                let _ = crate::sync::guarded(|| drop(key));
            }
        }
        let backlog = std::mem::take(&mut *self.backlog.lock());
        backlog.into_iter().flat_map(Removal::into_entries).for_each(leave);
        let memo_tag = self.memo_tag.lock().take();
        self.runtime.tags.release(memo_tag.into_iter().collect());
        if let Some(tags) = self.fixed_tags.take() {
            self.runtime.tags.release(tags);
        }
    }
}

impl Carrier for MemoCore {
    fn revision(&self) -> &Revision {
        &self.revision
    }
}
