//! What a body says about its own value, while it computes it.

use std::any::Any;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sync::Mutex;
use crate::table::EntryId;
use crate::tags::TagName;

/// A memo, as a body asks it for the value that is there.
pub(crate) trait PreviousValue: Send + Sync {
    /// The value of an entry as companions speak of it, unless it is good for nothing.
    fn previous_value(&self, id: EntryId) -> Option<Box<dyn Any>>;
}

/// What was said.
#[derive(Default)]
pub(crate) struct BodyDecisions {
    #[expect(clippy::option_option, reason = "not given, without end, or so long")]
    pub(crate) ttl: Option<Option<Duration>>,
    pub(crate) tags: Vec<TagName>,
    /// The value is not to be stored.
    pub(crate) refused: bool,
    /// The value is what was there.
    pub(crate) unmodified: bool,
}

/// The entry that was there when a body began, and its memo; none if there was none.
pub(super) type OldEntry = Option<(Weak<dyn PreviousValue>, EntryId)>;

/// Where it is said.
pub(crate) struct BodyControl {
    said: Mutex<Option<Box<BodyDecisions>>>,
    /// Something was said. Most bodies say nothing.
    has_spoken: AtomicBool,
    /// The body has returned.
    is_over: AtomicBool,
    old: OldEntry,
}

impl BodyControl {
    pub(crate) fn new(old: OldEntry) -> Self {
        let (has_spoken, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { said: Mutex::new(None), has_spoken, is_over, old }
    }

    /// Of another body, which has not begun. Its flight has ended before.
    #[inline]
    pub(super) fn renew(&mut self) {
        *self.is_over.get_mut() = false;
    }

    /// Its flight has ended: what was said is let go of.
    #[inline]
    pub(super) fn forget(&mut self) {
        if self.has_spoken.load(Ordering::Relaxed) || self.old.is_some() {
            *self = Self::new(None);
        }
    }

    /// Says something; whether it was heard.
    pub(crate) fn say(&self, say: impl FnOnce(&mut BodyDecisions)) -> bool {
        let mut said = self.said.lock();
        if self.is_over.load(Ordering::Relaxed) {
            return false;
        }
        self.has_spoken.store(true, Ordering::Relaxed);
        say(said.get_or_insert_default());
        true
    }

    /// The body has returned: what it has said. `is_alone`: nobody else can say anything at this moment, and who
    /// has said something has told this thread so.
    #[inline]
    pub(super) fn end(&self, is_alone: bool) -> Option<Box<BodyDecisions>> {
        if is_alone && !self.has_spoken.load(Ordering::Relaxed) {
            self.is_over.store(true, Ordering::Relaxed);
            return None;
        }
        self.end_for_all()
    }

    #[cold]
    fn end_for_all(&self) -> Option<Box<BodyDecisions>> {
        let mut said = self.said.lock();
        self.is_over.store(true, Ordering::Relaxed);
        said.take()
    }

    /// The value that was there when it began, if it still is, and is good for something.
    pub(crate) fn previous(&self) -> Option<Box<dyn Any>> {
        let (memo, old) = self.old.as_ref()?;
        memo.upgrade()?.previous_value(*old)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;
    use crate::flight::FlightContext;

    /// Another thread that holds the context may be about to note a decision.
    #[test]
    fn who_is_not_alone_waits_for_those_who_speak() {
        let context = FlightContext::nested(None, None, Some(BodyControl::new(None)));
        let control = context.control.as_ref().expect("it was given");
        // As `say` does, which has looked whether the body is over.
        let mut speaks = control.said.lock();
        let other = context.clone();
        let ends = thread::spawn(move || other.said());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(50) {
            assert!(!ends.is_finished(), "it does not wait");
            thread::yield_now();
        }
        control.has_spoken.store(true, Ordering::Relaxed);
        speaks.get_or_insert_default().refused = true;
        drop(speaks);
        let said = ends.join().unwrap();
        assert!(said.is_some_and(|said| said.refused), "it was not heard");
        assert!(!control.say(|_| ()), "the body is over");
    }
}
