//! What a body says about its own value, while it computes it.

use std::any::Any;
use std::sync::Weak;
use std::time::Duration;

use crate::store::EntryId;
use crate::sync::Mutex;
use crate::tags::TagName;

/// A memo, as a body asks it for the value that is there.
pub(crate) trait Remembers: Send + Sync {
    /// The value of an entry as companions speak of it, unless it is good for nothing.
    fn recall(&self, id: EntryId) -> Option<Box<dyn Any>>;
}

/// What was said.
#[derive(Default)]
pub(crate) struct Decisions {
    #[expect(clippy::option_option, reason = "not given, without end, or so long")]
    pub(crate) ttl: Option<Option<Duration>>,
    pub(crate) tags: Vec<TagName>,
    /// The value is not to be stored.
    pub(crate) refused: bool,
    /// The value is what was there.
    pub(crate) unmodified: bool,
}

/// Where it is said.
pub(crate) struct BodyControl {
    said: Mutex<Said>,
    memo: Weak<dyn Remembers>,
    old: Option<EntryId>,
}

enum Said {
    /// Most bodies say nothing.
    Nothing,
    This(Box<Decisions>),
    /// The body has returned.
    Over,
}

impl BodyControl {
    pub(crate) fn new(memo: Weak<dyn Remembers>, old: Option<EntryId>) -> Self {
        Self { said: Mutex::new(Said::Nothing), memo, old }
    }

    /// Says something; whether it was heard.
    pub(crate) fn say(&self, say: impl FnOnce(&mut Decisions)) -> bool {
        let mut said = self.said.lock();
        if matches!(*said, Said::Nothing) {
            *said = Said::This(Box::default());
        }
        match &mut *said {
            Said::This(decisions) => say(decisions),
            Said::Nothing | Said::Over => return false,
        }
        true
    }

    /// The body has returned: what it has said.
    pub(crate) fn end(&self) -> Option<Box<Decisions>> {
        match std::mem::replace(&mut *self.said.lock(), Said::Over) {
            Said::This(decisions) => Some(decisions),
            Said::Nothing | Said::Over => None,
        }
    }

    /// The value that was there when it began, if it still is, and is good for something.
    pub(crate) fn previous(&self) -> Option<Box<dyn Any>> {
        self.memo.upgrade()?.recall(self.old?)
    }
}
