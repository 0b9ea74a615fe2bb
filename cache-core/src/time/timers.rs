//! Who is to be called when: for tasks, which cannot sleep until a deadline as threads can.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use crate::sync::plain::Mutex;

use super::Tick;

/// Something that happens at a time.
pub(crate) trait Due: Send + Sync {
    /// It is time. Returns when to call next, if at all. Must not take long: others are due too.
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick>;
}

/// Where somebody is in the list.
pub(crate) type At = (Tick, u64);

/// Those who are to be called, by time. They are held weakly: what was dropped is skipped.
#[derive(Default)]
pub(crate) struct Timers {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    next: u64,
    by_time: BTreeMap<At, Weak<dyn Due>>,
}

impl Timers {
    /// And whether it is the first to be called.
    pub(super) fn add(&self, tick: Tick, due: Weak<dyn Due>) -> (At, bool) {
        let mut list = self.list.lock();
        list.next += 1;
        let at = (tick, list.next);
        list.by_time.insert(at, due);
        (at, list.by_time.first_key_value().is_some_and(|(first, _)| *first == at))
    }

    /// Somebody need not be called any more.
    pub(super) fn forget(&self, at: At) {
        let gone = self.list.lock().by_time.remove(&at);
        drop(gone);
    }

    /// Keeps others from it, around a `fork`.
    pub(super) fn hold(&self) -> impl Sized + use<'_> {
        self.list.lock()
    }

    /// Calls all who are due. When the next one is.
    pub(super) fn run(&self, now: Tick) -> Option<Tick> {
        let mut list = self.list.lock();
        let later = list.by_time.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut list.by_time, later);
        drop(list);
        for due in due.into_values() {
            if let Some(due) = due.upgrade()
                && let weak = Arc::downgrade(&due)
                // It may be dropped here, and what it keeps is the user's.
                && let Some(next) = crate::sync::guarded(|| due.due(now)).flatten()
            {
                self.add(next.max(now + 1), weak);
            }
        }
        self.list.lock().by_time.first_key_value().map(|((first, _), _)| *first)
    }
}

/// The thread that calls by the system's clock. It starts with the first who is to be called, and
/// sleeps until the next is due.
#[cfg(not(any(loom, all(target_family = "wasm", target_os = "unknown"))))]
pub(super) mod thread {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{LazyLock, Weak};
    use std::thread::{self, Thread};
    use std::time::Duration;

    use crate::sync::plain::Mutex;

    use super::super::{Clock, Tick};
    use super::{At, Due, Timers};

    static TIMERS: LazyLock<Timers> = LazyLock::new(Timers::default);
    static THREAD: Mutex<Option<Thread>> = Mutex::new(None);
    static STARTED: AtomicBool = AtomicBool::new(false);

    pub(in super::super) fn forget(at: At) {
        TIMERS.forget(at);
    }

    pub(in super::super) fn call_at(tick: Tick, due: Weak<dyn Due>) -> At {
        let (at, first) = TIMERS.add(tick, due);
        if !first && STARTED.load(Ordering::Relaxed) {
            return at;
        }
        let mut thread = THREAD.lock();
        if let Some(thread) = &*thread {
            thread.unpark();
            return at;
        }
        // Without a thread nobody is called; the next who comes tries again.
        let spawned = thread::Builder::new().name("cache-core-timer".into()).spawn(run);
        *thread = spawned.ok().map(|handle| handle.thread().clone());
        STARTED.store(thread.is_some(), Ordering::Relaxed);
        at
    }

    /// Around a `fork`: in the child the thread is started anew.
    pub(crate) fn hold() -> [Box<dyn crate::sync::Locked>; 2] {
        let list = crate::sync::held(TIMERS.list.lock(), |_| ());
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
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Notes when it is called; wants to be called once more.
    struct Note(Mutex<Vec<Tick>>);

    impl Due for Note {
        fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
            let mut calls = self.0.lock();
            calls.push(now);
            (calls.len() < 2).then_some(now + 10)
        }
    }

    #[test]
    fn each_is_called_when_it_is_due() {
        let timers = Timers::default();
        let note = Arc::new(Note(Mutex::default()));
        let weak: Weak<Note> = Arc::downgrade(&note);
        assert!(timers.add(5, weak.clone()).1);
        assert_eq!(timers.run(4), Some(5));
        assert_eq!(timers.run(5), Some(15), "called, and wants to be again");
        assert_eq!(timers.run(20), None);
        assert_eq!(*note.0.lock(), [5, 20]);
    }

    #[test]
    fn who_has_gone_is_passed_over() {
        let timers = Timers::default();
        let note = Arc::new(Note(Mutex::default()));
        let weak: Weak<Note> = Arc::downgrade(&note);
        timers.add(5, weak);
        drop(note);
        assert_eq!(timers.run(5), None);
    }
}
