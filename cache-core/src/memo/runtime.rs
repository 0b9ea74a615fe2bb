//! A runtime: what memos share. There is one for the process, and one for each test scope.

#[cfg(feature = "testing")]
use std::any::TypeId;
use std::io::{self, Write as _};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock, Weak};

use super::{Applied, MemoCore};
use crate::background::{AnyExecutor, Executor, ExecutorIsSet};
use crate::flight::{Waits, has_invalidated};
use crate::sync::{Locked, held_in};
use crate::tags::{Name, Number, PendingRemoval, Revision, Severity, Stamp, TagSet, TagState, Tags};
use crate::time::Clock;

/// What memos share.
pub(crate) struct Runtime {
    pub(crate) tags: Tags<MemoCore>,
    pub(crate) waits: Arc<Waits>,
    pub(crate) clock: Clock,
    pub(crate) executor: Arc<AnyExecutor>,
    memos: crate::sync::plain::Mutex<Memos>,
    /// The aliases of caches. Their type is that of a module above.
    #[cfg(feature = "store")]
    stores: OnceLock<Arc<dyn super::Stores>>,
    disabled: AtomicBool,
    /// Whether any of its memos inherits tags.
    tracked: AtomicBool,
    /// All memos know that.
    announced: AtomicBool,
}

/// The memos of a runtime.
#[derive(Default)]
struct Memos {
    /// Of functions: they stay.
    of_functions: Vec<Arc<MemoCore>>,
    /// Of fields: they go when these do.
    of_fields: Vec<Weak<MemoCore>>,
    /// So many of the latter were there when those that had gone were last looked for.
    checked: usize,
    /// How many were made known so far.
    made: u64,
}

/// All runtimes, for a `fork`.
static RUNTIMES: crate::sync::plain::Mutex<Vec<Weak<Runtime>>> = crate::sync::plain::Mutex::new(Vec::new());

impl Memos {
    fn all(&self) -> Vec<Arc<MemoCore>> {
        let of_fields = self.of_fields.iter().filter_map(Weak::upgrade);
        self.of_functions.iter().cloned().chain(of_fields).collect()
    }
}

/// Tags on their way to an entry, or held by calls that wait for its value. They are released when this is
/// dropped.
#[derive(Clone)]
pub(crate) struct HeldTags {
    tags: TagSet,
    runtime: Arc<Runtime>,
}

impl HeldTags {
    pub(crate) fn new(tags: TagSet, runtime: Arc<Runtime>) -> Self {
        Self { tags, runtime }
    }

    /// Returns the tags, for an entry that releases them when it is removed.
    pub(crate) fn into_set(mut self) -> TagSet {
        std::mem::take(&mut self.tags)
    }
}

impl Deref for HeldTags {
    type Target = [Arc<TagState>];
    fn deref(&self) -> &[Arc<TagState>] {
        &self.tags
    }
}

impl Drop for HeldTags {
    fn drop(&mut self) {
        self.runtime.tags.release(std::mem::take(&mut self.tags));
    }
}

/// Whether the environment switches caching off. A value that is neither yes nor no prints one message.
fn is_disabled() -> bool {
    static DISABLED: OnceLock<bool> = OnceLock::new();
    *DISABLED.get_or_init(|| {
        let Some(value) = std::env::var_os("CACHE_CORE_DISABLE") else { return false };
        let known = value.to_str().and_then(is_yes);
        if known.is_none() {
            // If standard error cannot be written, nothing can be done.
            let _ = writeln!(
                io::stderr(),
                "cache-core: CACHE_CORE_DISABLE is \"{}\", which means nothing, so caching is on: 1, true, yes or on switches it off",
                value.display()
            );
        }
        known.unwrap_or(false)
    })
}

/// Returns what the value of a switch means, if that is known.
fn is_yes(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "" | "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

impl Runtime {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        #[cfg(all(unix, not(miri), not(loom)))]
        super::fork::register();
        let disabled = is_disabled();
        let runtime = Arc::new(Self {
            tags: Tags::new(),
            waits: Arc::new(Waits::new()),
            clock,
            executor: Arc::default(),
            memos: crate::sync::plain::Mutex::default(),
            #[cfg(feature = "store")]
            stores: OnceLock::new(),
            disabled: AtomicBool::new(disabled),
            tracked: AtomicBool::new(false),
            announced: AtomicBool::new(false),
        });
        let mut runtimes = RUNTIMES.lock();
        runtimes.retain(|runtime| runtime.strong_count() > 0);
        runtimes.push(Arc::downgrade(&runtime));
        drop(runtimes);
        runtime
    }

    /// Returns all runtimes. A child of `fork` has none of the threads that use a runtime made after this.
    pub(crate) fn all() -> Vec<Arc<Self>> {
        Self::global();
        RUNTIMES.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Keeps other threads from making a runtime.
    pub(crate) fn hold_all() -> Box<dyn Locked> {
        crate::sync::held(RUNTIMES.lock(), |_| ())
    }

    /// Returns the runtime of the process. Models make their own.
    pub(crate) fn global() -> &'static Arc<Runtime> {
        static GLOBAL: LazyLock<Arc<Runtime>> = LazyLock::new(|| Runtime::new(Clock::System));
        &GLOBAL
    }

    /// Returns the runtime in which this thread works: that of its test scope, else that of the process.
    pub(crate) fn current() -> Arc<Runtime> {
        #[cfg(feature = "testing")]
        if let Some(scope) = crate::memo::scope::current() {
            return scope.runtime().clone();
        }
        Self::global().clone()
    }

    /// Invalidates a tag: its entries are dead or stale at once, then taken out or marked.
    pub(crate) fn invalidate_tag(&self, name: &Name, severity: Severity) -> Applied {
        self.bump_tag(name, severity)
            .map_or_else(Applied::default, |pending| self.finish_invalidation(pending))
    }

    /// Does the first half of an invalidation by tag; [`Self::finish_invalidation`] does the other.
    pub(crate) fn bump_tag(&self, name: &Name, severity: Severity) -> Option<PendingRemoval<MemoCore>> {
        let (number, pending) = self.tags.invalidate(name, severity, self.clock.now());
        has_invalidated(self.address(), number);
        pending
    }

    /// Numbers an invalidation. `raise` gives its number to what it is about.
    pub(crate) fn bump(&self, raise: impl FnOnce(Number)) {
        let number = self.tags.bump(raise);
        has_invalidated(self.address(), number);
    }

    /// Invalidates memos as a whole, in one piece; they are yet to be swept.
    pub(crate) fn bump_whole<'m>(
        &self,
        revisions: impl Iterator<Item = &'m Revision>,
        severity: Severity,
    ) -> Stamp {
        let mut stamp = Stamp { number: 0, severity, at: self.clock.now() };
        self.bump(|number| {
            stamp.number = number;
            revisions.for_each(|revision| revision.raise_whole(&stamp));
        });
        stamp
    }

    /// Takes out, or marks, what the invalidation of a tag has hit.
    pub(crate) fn finish_invalidation(
        &self,
        PendingRemoval { stamp, tag, carriers }: PendingRemoval<MemoCore>,
    ) -> Applied {
        let ids = self.tags.ids(&tag);
        let finish =
            |(memo, all): (Arc<MemoCore>, bool)| memo.remove_invalidated(stamp, (!all).then(|| ids.clone()));
        let applied = carriers.into_iter().map(finish).sum();
        self.tags.release(Box::new([tag]));
        applied
    }

    /// Returns the address of the runtime, which identifies it.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Lets computations in it take over the tags of what they read, from here on.
    pub(crate) fn track(&self) {
        // Acquire: threads that come later find the memos notified.
        if self.announced.load(Ordering::Acquire) {
            return;
        }
        // A thread that comes before all memos have been notified notifies them too, because the first one
        // may not be done. A memo that is made meanwhile looks for itself, once it is registered.
        self.tracked.store(true, Ordering::Relaxed);
        self.memos().iter().for_each(|memo| memo.follow_runtime());
        self.announced.store(true, Ordering::Release);
    }

    pub(crate) fn is_tracked(&self) -> bool {
        self.tracked.load(Ordering::Relaxed)
    }

    /// Makes a memo known, and keeps it if it belongs to a function.
    pub(crate) fn register(&self, memo: &Arc<MemoCore>, of_functions: bool) {
        let mut memos = self.memos.lock();
        memos.made += 1;
        if of_functions {
            memos.of_functions.push(memo.clone());
            return;
        }
        if memos.of_fields.len() > 2 * memos.checked + 16 {
            memos.of_fields.retain(|memo| memo.strong_count() > 0);
            memos.checked = memos.of_fields.len();
        }
        let memo: Weak<MemoCore> = Arc::downgrade(memo);
        memos.of_fields.push(memo);
    }

    /// Returns all memos, and how many were made so far.
    pub(crate) fn memos_made(&self) -> (Vec<Arc<MemoCore>>, u64) {
        let memos = self.memos.lock();
        (memos.all(), memos.made)
    }

    /// Keeps other threads from registering memos. Returns `None` if others were registered since there were
    /// `made`.
    pub(crate) fn hold_memos(self: Arc<Self>, made: u64) -> Option<Box<dyn Locked>> {
        let mut is_same = false;
        let lock = |runtime: &'static Self| {
            let memos = runtime.memos.lock();
            is_same = memos.made == made;
            memos
        };
        let held = held_in(self, lock, |_| ());
        is_same.then_some(held)
    }

    /// Returns all memos.
    pub(crate) fn memos(&self) -> Vec<Arc<MemoCore>> {
        self.memos.lock().all()
    }

    /// Returns the memo that was made for a slot and for these types.
    #[cfg(feature = "testing")]
    pub(crate) fn memo_of(&self, slot: usize, id: TypeId) -> Option<Arc<MemoCore>> {
        let memos = self.memos.lock();
        memos.of_functions.iter().find(|memo| memo.slot == slot && memo.header.id == id).cloned()
    }

    /// The stores of this runtime, which `new` makes when they are asked for first. It is told whether the runtime is that
    /// of the process.
    #[cfg(feature = "store")]
    pub(crate) fn stores_or<T: super::Stores>(
        self: &Arc<Self>,
        new: impl FnOnce(bool) -> Arc<T>,
    ) -> Arc<dyn super::Stores> {
        let made = || -> Arc<dyn super::Stores> { new(Arc::ptr_eq(self, Self::global())) };
        self.stores.get_or_init(made).clone()
    }

    /// Invalidates a tag in all stores of this runtime.
    #[cfg(feature = "store")]
    pub(crate) fn invalidate_tag_in_stores(&self, name: &Name) -> Vec<super::Acknowledgement> {
        self.stores.get().map_or_else(Vec::new, |stores| stores.invalidate_tag(name))
    }

    /// Returns the memos of functions.
    pub(crate) fn memos_of_functions(&self) -> Vec<Arc<MemoCore>> {
        self.memos.lock().of_functions.clone()
    }

    /// Forgets its memos, which keep it: called when a scope ends.
    #[cfg(any(feature = "testing", test))]
    pub(crate) fn close(&self) {
        let memos = std::mem::take(&mut *self.memos.lock());
        drop(memos);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.disabled.load(Ordering::Relaxed)
    }

    /// Switches caching off or on.
    pub(crate) fn switch(&self, enabled: bool) {
        self.disabled.store(!enabled, Ordering::Relaxed);
        for memo in self.memos() {
            memo.follow_runtime();
        }
    }

    /// Wakes the sweeper, because an entry that expires was stored or marked. Scopes are swept by hand, since
    /// their time stands still.
    pub(crate) fn wake_sweeper(&self) {
        if matches!(self.clock, Clock::System) {
            crate::memo::sweeper::wake();
        }
    }
}

/// Sets the executor that runs background work in this process, or in the test scope of this thread. It can
/// be set once.
///
/// If all callers of an asynchronous computation have left and it owns its arguments, the executor finishes
/// it and its value is stored. Without an executor it is dropped.
///
/// # Errors
///
/// If an executor was set before.
pub fn set_executor(executor: impl Executor) -> Result<(), ExecutorIsSet> {
    Runtime::current().executor.set(executor)
}

/// Switches caching off or on for the whole process, or for the test scope of this thread.
///
/// While it is off, calls run the body, reads find nothing, and writes do nothing. Stored entries are still
/// there when it is switched on again.
///
/// The environment variable `CACHE_CORE_DISABLE` switches caching off from the start, with the values `1`,
/// `true`, `yes` and `on`. The values `0`, `false`, `no`, `off` and the empty text leave it on. Any other
/// value leaves it on and prints one message on standard error. Upper and lower case are the same.
pub fn set_enabled(enabled: bool) {
    Runtime::current().switch(enabled);
}

/// Returns whether caching is switched on for the process, or for the test scope of this thread. A single
/// memo can be switched off nevertheless: see [`Memo::is_enabled`](crate::Memo::is_enabled).
#[must_use]
pub fn is_enabled() -> bool {
    !Runtime::current().is_off()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::memo::MemoSpec;
    use crate::spec::Spec;
    use crate::tests::test_memo::TestMemo;

    #[test]
    fn a_memo_is_off_while_its_world_is_or_itself() {
        let runtime = Runtime::new(Clock::System);
        runtime.switch(false);
        let cache = TestMemo::within(runtime, Spec::new("stage", &["key"]), MemoSpec::new());
        assert!(cache.memo.is_disabled(), "made while the runtime was off");
        cache.memo.switch(false);
        cache.runtime.switch(true);
        assert!(cache.memo.is_disabled());
        cache.memo.switch(true);
        assert!(!cache.memo.is_disabled());
    }

    #[test]
    fn a_memo_hears_of_its_tags_from_the_start() {
        let spec = Spec::new("stage", &["key"]).tags(&["all"]);
        let cache = TestMemo::within(Runtime::new(Clock::System), spec, MemoSpec::new());
        cache.invalidate_tag("all");
        cache.call(1, &[], || Ok(1)).unwrap();
        assert_eq!(crate::handles::keys_of_tag(&cache.runtime, &Name::Text("all".into())).len(), 1);
        assert_eq!(cache.invalidate_tag("all"), 1);
        assert_eq!(cache.get(1), None);
    }
}
