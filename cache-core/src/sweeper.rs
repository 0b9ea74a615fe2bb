//! The thread that reclaims entries whose time is up and that nobody asks for again.
//!
//! It starts with the first entry that expires, looks around once a second, and parks when no such
//! entry is left. User code runs here (`on_evict`, `Drop`), which is why it is not the clock's thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;

use crate::world::World;

const INTERVAL: Duration = Duration::from_secs(1);

static AWAKE: AtomicBool = AtomicBool::new(false);
static SWEEPER: Mutex<Option<Thread>> = Mutex::new(None);

/// There is something that expires.
pub(crate) fn wake() {
    if !AWAKE.load(Ordering::Acquire) {
        start();
    }
}

#[cold]
fn start() {
    let mut sweeper = SWEEPER.lock();
    if AWAKE.swap(true, Ordering::AcqRel) {
        return;
    }
    if sweeper.is_none() {
        match thread::Builder::new().name("cache-core-sweep".into()).spawn(run) {
            Ok(handle) => *sweeper = Some(handle.thread().clone()),
            // Without a thread entries are reclaimed when their place is needed; the next store
            // tries again.
            Err(_) => AWAKE.store(false, Ordering::Release),
        }
    } else if let Some(thread) = &*sweeper {
        thread.unpark();
    }
}

fn run() {
    loop {
        while AWAKE.load(Ordering::Acquire) {
            thread::sleep(INTERVAL);
            // Cleared before looking: what is stored from here on wakes us again.
            AWAKE.store(false, Ordering::Release);
            if sweep() {
                AWAKE.store(true, Ordering::Release);
            }
        }
        thread::park();
    }
}

/// Sweeps what is due. Whether anything is left that expires.
fn sweep() -> bool {
    let world = World::global();
    let mut more = false;
    for memo in world.memos() {
        let (due, _) = memo.sweep_due(world.clock.now());
        if due {
            memo.sweep();
        }
        more |= memo.sweep_due(0).1;
    }
    more
}
