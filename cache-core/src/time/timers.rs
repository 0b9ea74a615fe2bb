//! Timers, for tasks: a task cannot sleep until a deadline as a thread can.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::Tick;
use crate::sync::plain::Mutex;

/// Something that happens at a time.
pub(crate) trait Due: Send + Sync {
    /// It is time. Returns when to call next, if at all. Must not take long: others are due too.
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick>;
}

/// A timer that was set: when it is due, and a number of its own.
pub(crate) type TimerId = (Tick, u64);

/// The timers of a clock, by time. What they call is held weakly: what was dropped is skipped.
#[derive(Default)]
pub(crate) struct Timers {
    list: Mutex<TimerList>,
}

#[derive(Default)]
struct TimerList {
    next: u64,
    by_time: BTreeMap<TimerId, Weak<dyn Due>>,
}

impl Timers {
    /// Sets a timer. Returns it, and whether it is the first that is due.
    pub(super) fn add(&self, tick: Tick, due: Weak<dyn Due>) -> (TimerId, bool) {
        let mut list = self.list.lock();
        list.next += 1;
        let at = (tick, list.next);
        list.by_time.insert(at, due);
        (at, list.by_time.first_key_value().is_some_and(|(first, _)| *first == at))
    }

    /// Cancels a timer.
    pub(super) fn cancel(&self, at: TimerId) {
        let gone = self.list.lock().by_time.remove(&at);
        drop(gone);
    }

    /// Locks the timers around a `fork`.
    pub(super) fn hold(&self) -> impl Sized + use<'_> {
        self.list.lock()
    }

    /// Calls what is due by now. Returns when the next timer is due.
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
