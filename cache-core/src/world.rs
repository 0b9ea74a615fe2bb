//! A world: what memos share. There is one for the process, and one for each test scope.

use std::sync::Arc;
#[cfg(not(loom))]
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::flight::Waits;
use crate::memo::AnyMemo;
use crate::tags::Tags;
use crate::time::Clock;

/// What memos share.
pub(crate) struct World {
    pub(crate) tags: Tags<dyn AnyMemo>,
    pub(crate) waits: Waits,
    pub(crate) clock: Clock,
    memos: parking_lot::Mutex<Vec<Arc<dyn AnyMemo>>>,
    off: AtomicBool,
}

impl World {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        let off = std::env::var_os("CACHE_CORE_DISABLE").is_some_and(|value| value == "1");
        Arc::new(Self {
            tags: Tags::new(),
            waits: Waits::new(),
            clock,
            memos: parking_lot::Mutex::new(Vec::new()),
            off: AtomicBool::new(off),
        })
    }

    /// The world of the process.
    #[cfg(not(loom))]
    pub(crate) fn global() -> &'static Arc<World> {
        static GLOBAL: LazyLock<Arc<World>> = LazyLock::new(|| World::new(Clock::System));
        &GLOBAL
    }

    /// A model has no world of its process: it makes its own.
    #[cfg(loom)]
    pub(crate) fn global() -> &'static Arc<World> {
        unimplemented!("models make their own world")
    }

    /// The world in which this thread works: a test's scope, else the process's.
    pub(crate) fn current() -> Arc<World> {
        #[cfg(feature = "testing")]
        if let Some(scope) = crate::testing::current() {
            return scope.world().clone();
        }
        Self::global().clone()
    }

    /// Invalidates a tag: its entries are dead at once, then taken out. How many of them were live.
    pub(crate) fn invalidate_tag(&self, name: &str) -> usize {
        let Some(bumped) = self.tags.invalidate(name) else { return 0 };
        let swept = bumped.carriers.iter().map(|(memo, all)| memo.sweep_tag(bumped.tag.id, *all));
        let count = swept.sum();
        self.tags.release(Box::new([bumped.tag]));
        count
    }

    /// Makes a memo known. The world keeps it: memos belong to functions, which stay.
    pub(crate) fn register(&self, memo: Arc<dyn AnyMemo>) {
        self.memos.lock().push(memo);
    }

    pub(crate) fn memos(&self) -> Vec<Arc<dyn AnyMemo>> {
        self.memos.lock().clone()
    }

    /// Forgets its memos, which keep it: called when a scope ends.
    #[cfg(any(feature = "testing", test))]
    pub(crate) fn close(&self) {
        let memos = std::mem::take(&mut *self.memos.lock());
        drop(memos);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.off.load(Ordering::Relaxed)
    }

    /// Switches caching off or on.
    pub(crate) fn switch(&self, enabled: bool) {
        self.off.store(!enabled, Ordering::Relaxed);
        for memo in self.memos() {
            memo.world_switched();
        }
    }

    /// An entry that expires was stored. Scopes are swept by hand: their time stands still.
    pub(crate) fn wants_sweeping(&self) {
        #[cfg(not(loom))]
        if matches!(self.clock, Clock::System) {
            crate::sweeper::wake();
        }
    }
}
