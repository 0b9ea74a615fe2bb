//! What an entry to be stored answers to, as the attribute's options say.

use std::time::Duration;

use crate::erased::Erased;
use crate::flight::{BodyDecisions, TimedOut};
use crate::tags::{TagList, TagName};
use crate::value::Returned;

/// What a `ttl` may be.
#[diagnostic::on_unimplemented(
    message = "a `ttl` is a `Duration`, or an `Option<Duration>` where `None` is without end; not `{Self}`",
    label = "not a duration",
    note = "a literal number is seconds, and a literal text is human: `ttl = 300`, `ttl = \"1h30m\"`; in code a number has no unit: `Duration::from_secs(60)`"
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
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct EntryMetadata {
    pub(crate) tags: Vec<TagName>,
    #[expect(clippy::option_option, reason = "not given, without end, or so long")]
    pub(crate) ttl: Option<Option<Duration>>,
    pub(crate) refused: bool,
    /// User code that was asked about the entry has panicked.
    pub(crate) panicked: bool,
    /// So it is not known what the entry would answer to.
    pub(crate) unknown: bool,
    /// The value is what was there.
    pub(crate) unmodified: bool,
}

impl EntryMetadata {
    /// Whether it says nothing.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.tags.is_empty() && self.ttl.is_none() && !self.refused && !self.unmodified
    }

    /// Takes the tags that were made before the body. Without one of them the entry could not be
    /// invalidated by it, so if they could not be made, nothing is stored.
    pub fn tags_before(&mut self, made: &TagList) {
        self.tags.extend_from_slice(&made.names);
        self.panicked |= made.panicked;
    }

    /// Adds tags that are made now. User code in here is guarded by who asks for the metadata.
    pub fn tags(&mut self, make: impl FnOnce(&mut TagList)) {
        let mut list = TagList::default();
        make(&mut list);
        self.tags.append(&mut list.names);
    }

    /// Adds what the body has said, if it has said something.
    #[inline]
    pub(crate) fn decide(&mut self, said: Option<Box<BodyDecisions>>) {
        let Some(said) = said else { return };
        self.tags.extend(said.tags);
        self.ttl = said.ttl.or(self.ttl);
        self.refused |= said.refused;
        self.unmodified = said.unmodified;
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

/// A call whose value is described by its function.
pub(crate) trait Described {
    /// What it returns.
    fn returned(&mut self) -> &mut dyn Returned;
    /// Whether its function says something of the value.
    fn describes(&self) -> bool;
    /// What an entry of the value answers to; of the error, if there is none.
    fn describe(&self, value: Option<&Erased>, metadata: &mut EntryMetadata);
    /// It has waited for too long: sets the return to what `timeout` says.
    fn give_up(&mut self, late: &TimedOut);
}
