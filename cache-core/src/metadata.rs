//! The tags, the ttl and the like of an entry to be stored, by the options of the attribute.

use std::time::Duration;

use crate::erased::Erased;
use crate::flight::{BodyDecisions, TimedOut};
use crate::tags::{TagList, TagName};
use crate::time::Tick;
use crate::value::Returned;

/// A value that can be a `ttl`.
#[diagnostic::on_unimplemented(
    message = "a `ttl` is a `Duration`, or an `Option<Duration>` where `None` is without end; not `{Self}`",
    label = "not a duration",
    note = "a literal number is seconds, and a literal text is human: `ttl = 300`, `ttl = \"1h30m\"`; in code a number has no unit: `Duration::from_secs(60)`"
)]
pub trait IntoTtl {
    /// Returns the ttl, or `None` if it has no end.
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

/// The tags, the ttl and the like of an entry to be stored. The options of the attribute fill it in.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct EntryMetadata {
    pub(crate) tags: Vec<TagName>,
    #[expect(clippy::option_option, reason = "not given, without end, or so long")]
    pub(crate) ttl: Option<Option<Duration>>,
    pub(crate) refused: bool,
    /// Whether user code that describes the entry has panicked.
    pub(crate) panicked: bool,
    /// Whether it is therefore not known what the entry would be invalidated by.
    pub(crate) unknown: bool,
    /// Whether the value is the one that was stored before.
    pub(crate) unmodified: bool,
    /// When it was computed and when it is no longer fresh, if that is decided. Both may be past.
    pub(crate) times: Option<(Tick, Tick)>,
}

impl EntryMetadata {
    /// Whether nothing is set.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.tags.is_empty()
            && self.ttl.is_none()
            && !self.refused
            && !self.unmodified
            && self.times.is_none()
    }

    /// Takes the tags that were made before the body ran. If one of them could not be made, nothing is
    /// stored, because the entry could not be invalidated by it.
    pub fn tags_before(&mut self, made: &TagList) {
        self.tags.extend_from_slice(&made.names);
        self.panicked |= made.panicked;
    }

    /// Adds tags that are made now. The caller that asks for the metadata guards the user code in here.
    pub fn tags(&mut self, make: impl FnOnce(&mut TagList)) {
        let mut list = TagList::default();
        make(&mut list);
        self.tags.append(&mut list.names);
    }

    /// Adds the decisions of the body, if there are any.
    #[inline]
    pub(crate) fn decide(&mut self, said: Option<Box<BodyDecisions>>) {
        let Some(said) = said else { return };
        self.tags.extend(said.tags);
        self.ttl = said.ttl.or(self.ttl);
        self.refused |= said.refused;
        self.unmodified = said.unmodified;
    }

    /// Sets the ttl: a `Duration`, or an `Option` of one, where `None` means without end.
    pub fn ttl(&mut self, ttl: impl Into<Option<Duration>>) {
        self.ttl = Some(ttl.into());
    }

    /// Lets the value be stored only if `store` is true.
    pub fn store_if(&mut self, store: bool) {
        self.refused |= !store;
    }
}

/// A call whose function describes its value.
pub(crate) trait Described {
    /// Gives access to its return.
    fn returned(&mut self) -> &mut dyn Returned;
    /// Whether its function describes the value.
    fn describes(&self) -> bool;
    /// Describes an entry of the value, or of the error if there is no value.
    fn describe(&self, value: Option<&Erased>, metadata: &mut EntryMetadata);
    /// Sets the return to the error of `timeout`, because the call has waited for too long.
    fn give_up(&mut self, late: &TimedOut);
}
