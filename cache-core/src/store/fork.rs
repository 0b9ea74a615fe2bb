//! Locks of stores around a `fork`: they are taken before it, so that none is held by a thread that the child does
//! not have.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use crate::sync::Locked;
use crate::sync::plain::Mutex;

/// A store with locks that other threads may hold when the process forks. No user code runs under them.
pub(super) trait Locks: Send + Sync {
    /// Takes all its locks.
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>>;
}

static STORES: Mutex<Vec<Weak<dyn Locks>>> = Mutex::new(Vec::new());

/// The number of this process, once it was asked for. A child of `fork` begins with 0.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// The number of this process. The system is asked for it once: each time would be a tenth of a small read.
#[cfg(feature = "disk")]
pub(super) fn process_id() -> u32 {
    let known = PROCESS.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    #[cfg(all(unix, not(miri), not(loom)))]
    handlers::register();
    let id = std::process::id();
    PROCESS.store(id, Ordering::Relaxed);
    id
}

/// Has the locks of a store taken around each `fork` from here on.
pub(super) fn register(store: &Arc<impl Locks + 'static>) {
    let store: Weak<dyn Locks> = Arc::<_>::downgrade(store) as _;
    let mut stores = STORES.lock();
    stores.retain(|store| store.strong_count() > 0);
    stores.push(store);
    drop(stores);
    #[cfg(all(unix, not(miri), not(loom)))]
    handlers::register();
}

#[cfg(all(unix, not(miri), not(loom)))]
mod handlers {
    use std::cell::RefCell;
    use std::sync::Once;

    use super::{Locked, STORES, Weak};

    thread_local! {
        /// Of the thread that forks, from before until after. Those of the stores come first.
        static HELD: RefCell<Vec<Box<dyn Locked>>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn register() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| crate::sync::around(before, parent, child));
    }

    extern "C" fn before() {
        let list = STORES.lock();
        let stores: Vec<_> = list.iter().filter_map(Weak::upgrade).collect();
        let mut locks: Vec<_> = stores.into_iter().flat_map(super::Locks::hold).collect();
        // Nobody is to make a store meanwhile.
        locks.push(crate::sync::held(list, |_| ()));
        // While the thread is being torn down there is no place to keep them: they are let go at once.
        let _ = HELD.try_with(|held| held.replace(locks));
    }

    extern "C" fn parent() {
        let _ = HELD.try_with(RefCell::take);
    }

    extern "C" fn child() {
        super::PROCESS.store(0, super::Ordering::Relaxed);
        let _ = HELD.try_with(|held| held.take().iter_mut().for_each(|lock| lock.forked()));
    }
}
