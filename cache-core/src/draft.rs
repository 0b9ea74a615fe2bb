//! What an entry to be stored answers to, as the attribute's options say.

use std::time::Duration;

use crate::tags::TagName;

/// What a `ttl` may be.
#[diagnostic::on_unimplemented(
    message = "a `ttl` is a `Duration`, or an `Option<Duration>` where `None` is without end; not `{Self}`",
    label = "not a duration",
    note = "a literal number is seconds, and a literal text is human: `ttl = 300`, `ttl = \"1h30m\"`"
)]
pub trait IntoTtl {
    /// As an option.
    fn into_ttl(self) -> Option<Duration>;
}

#[diagnostic::do_not_recommend]
impl IntoTtl for Duration {
    fn into_ttl(self) -> Option<Duration> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoTtl for Option<Duration> {
    fn into_ttl(self) -> Option<Duration> {
        self
    }
}

/// What an entry to be stored answers to; filled in by the attribute's options.
#[derive(Default)]
pub struct Draft {
    pub(crate) tags: Vec<TagName>,
    #[expect(clippy::option_option, reason = "not given, without end, or so long")]
    pub(crate) ttl: Option<Option<Duration>>,
    pub(crate) refused: bool,
    /// User code that was asked about the entry has panicked.
    pub(crate) panicked: bool,
}

impl Draft {
    /// Adds a tag. Without its text the entry could not be invalidated by it, so then nothing is
    /// stored.
    pub fn rendered(&mut self, tag: Option<String>) {
        match tag {
            Some(tag) => self.tags.push(tag.into()),
            None => self.panicked = true,
        }
    }

    /// Sets the ttl: a `Duration`, or an `Option` of one where `None` is without end.
    pub fn ttl(&mut self, ttl: impl Into<Option<Duration>>) {
        self.ttl = Some(ttl.into());
    }

    /// Stores only if `store`.
    pub fn store_if(&mut self, store: bool) {
        self.refused |= !store;
    }
}
