//! The thread that calls timers of the system's clock. It starts with the first timer that is set, and sleeps until the
//! next is due.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use super::timers::{Due, TimerId, Timers};
use super::{Clock, Tick};
use crate::sync::plain::Mutex;

static TIMERS: LazyLock<Timers> = LazyLock::new(Timers::default);
static THREAD: Mutex<Option<Thread>> = Mutex::new(None);
static STARTED: AtomicBool = AtomicBool::new(false);

pub(super) fn cancel(at: TimerId) {
    TIMERS.cancel(at);
}

pub(super) fn call_at(tick: Tick, due: Weak<dyn Due>) -> TimerId {
    let (at, first) = TIMERS.add(tick, due);
    if !first && STARTED.load(Ordering::Relaxed) {
        return at;
    }
    let mut thread = THREAD.lock();
    if let Some(thread) = &*thread {
        thread.unpark();
        return at;
    }
    // Without a thread no timer is called. The next timer tries to start one again.
    let spawned = thread::Builder::new().name("cache-core-timer".into()).spawn(run);
    *thread = spawned.ok().map(|handle| handle.thread().clone());
    STARTED.store(thread.is_some(), Ordering::Relaxed);
    at
}

/// Around a `fork`: in the child the thread is started anew.
pub(crate) fn hold() -> [Box<dyn crate::sync::Locked>; 2] {
    let list = crate::sync::held(TIMERS.hold(), |_| ());
    let thread = crate::sync::held(THREAD.lock(), |thread| {
        std::mem::forget(thread.take());
        STARTED.store(false, Ordering::Relaxed);
    });
    [list, thread]
}

fn run() {
    loop {
        let now = Clock::System.now();
        match TIMERS.run(now) {
            Some(next) if next <= now => {}
            // Ticks are whole: a part of one more is slept, so that the tick has come then.
            Some(next) => thread::park_timeout(Duration::from_millis(next - now)),
            None => thread::park(),
        }
    }
}
