//! The thread that gives memory back: of entries whose time is up and that nobody asks for again, and of
//! the many that one invalidation has declared dead.
//!
//! It starts with the first of either. While entries expire it looks around once a second; it parks
//! when there is nothing to do. User code runs here (`on_evict`, `Drop`), which is why it is not the
//! clock's thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{MemoCore, Runtime};
use crate::sync::plain::Mutex;
use crate::time::{HAS_THREADS, has_forked};

/// Nothing sweeps in a model.
const HAS_SWEEPER: bool = HAS_THREADS && cfg!(not(loom));
const INTERVAL: Duration = Duration::from_secs(1);

/// Something may expire.
static AWAKE: AtomicBool = AtomicBool::new(false);
static SWEEPER: Mutex<Sweeper> = Mutex::new(Sweeper { thread: None, backlogs: VecDeque::new() });

struct Sweeper {
    thread: Option<Thread>,
    /// Memos whose invalidations have left something for later.
    backlogs: VecDeque<Arc<MemoCore>>,
}

impl Sweeper {
    /// Wakes the thread, which is started if need be. Whether there is one.
    fn wake(&mut self) -> bool {
        if let Some(thread) = &self.thread {
            thread.unpark();
            return true;
        }
        let spawned = thread::Builder::new().name("cache-core-sweep".into()).spawn(run);
        self.thread = spawned.ok().map(|handle| handle.thread().clone());
        self.thread.is_some()
    }
}

/// Around a `fork`: in the child the thread is started anew.
pub(crate) fn hold() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(SWEEPER.lock(), |sweeper| {
        std::mem::forget(sweeper.thread.take());
        AWAKE.store(false, Ordering::Relaxed);
    })
}

/// There is something that expires.
pub(crate) fn wake() {
    if HAS_SWEEPER && !AWAKE.load(Ordering::Acquire) {
        start();
    }
}

#[cold]
fn start() {
    let mut sweeper = SWEEPER.lock();
    if !AWAKE.swap(true, Ordering::AcqRel) && !sweeper.wake() {
        // Without a thread entries are reclaimed when their place is needed; the next store tries again.
        AWAKE.store(false, Ordering::Release);
    }
}

/// Leaves the backlog of a memo to the thread. False if there is none.
pub(crate) fn drain(memo: Arc<MemoCore>) -> bool {
    if !HAS_SWEEPER || has_forked() {
        return false;
    }
    let mut sweeper = SWEEPER.lock();
    let awake = sweeper.wake();
    if awake {
        sweeper.backlogs.push_back(memo);
    }
    awake
}

fn run() {
    let mut next = Instant::now() + INTERVAL;
    loop {
        let memo = SWEEPER.lock().backlogs.pop_front();
        if let Some(memo) = memo {
            memo.drain();
        } else if !AWAKE.load(Ordering::Acquire) {
            thread::park();
            next = Instant::now() + INTERVAL;
        } else if let Some(left) = next.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        } else {
            // Cleared before looking: what is stored from here on wakes us again.
            AWAKE.store(false, Ordering::Release);
            if sweep() {
                AWAKE.store(true, Ordering::Release);
            }
            next = Instant::now() + INTERVAL;
        }
    }
}

/// Sweeps what is due. Whether anything is left that expires.
fn sweep() -> bool {
    let runtime = Runtime::global();
    let mut more = false;
    for memo in runtime.memos() {
        let (due, _) = memo.expiry_due(runtime.clock.now());
        if due {
            memo.reclaim();
        }
        more |= memo.expiry_due(0).1;
    }
    more
}
