//! How processes that share a store agree on which values may be returned.
//!
//! Four kinds of keys hold the state. Losing any of them costs misses, and no value comes back to life.
//!
//! | key | holds | if it is gone |
//! | --- | --- | --- |
//! | value | a placeholder, or parts, one per version of the program | there is nothing to return, and nothing may be stored |
//! | tag | the tag's generation, a random number | all values with the tag are dead |
//! | fact | a generation and a revision: then the tag already had this generation | one value may not be stored |
//! | revision | the namespace's revision: a random era and a number | all values of the namespace are dead |
//!
//! A value is good if it was stored in the present era, and if either its revision is the present one or each of its
//! tags has the generation that the value names. A writer first takes a *token*: the version of the placeholder that it
//! put, or of the value that it replaces. It stores its value only if the key still has that version. An invalidation
//! of a key removes it, and with it the token. An invalidation of tags first raises the revision and then removes the
//! tags: a generation that is gone is never drawn again.
//!
//! A tag that is known only after a value was computed may have been invalidated meanwhile. So its generation counts only
//! if the tag had it before: a fact says so, or the revision is still the one from before the computation when it is read
//! after the generation. `tests/protocol` explores this protocol step by step.

mod announce;
mod fetch;
mod invalidate;
mod look;
mod outbox;
mod publish;
#[cfg(all(test, feature = "testing", not(loom)))]
mod tests;

use std::time::Duration;

use bytes::Bytes;

use announce::Announcer;
pub(super) use announce::{Gone, Message};
pub(super) use fetch::{Fetched, Token};
pub(super) use look::{Glance, Missing, Value};
use outbox::Outbox;

use super::clock::StoreClock;
use super::envelope::Envelope;
use super::key::Namespace;
use super::link::{Deadline, Link};
use super::{StoreError, StoreErrorKind, Stored, rules};
use crate::tags::{Name, TagName};

/// The low bits of a revision, which are its number. Those above are its era.
const NUMBER_BITS: u32 = 24;

/// The revision of a namespace: a random era, and a number that invalidations of tags raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revision(pub(super) u64);

impl Revision {
    /// The first revision of a new era.
    fn draw() -> Result<Self, StoreError> {
        // A store may keep it as a signed number.
        Ok(Self((random()? >> 1) & !((1 << NUMBER_BITS) - 1)))
    }

    /// The revision that a store holds, if it is one.
    fn read(stored: Option<Stored>) -> Option<Self> {
        number(&stored?.bytes).map(Self)
    }

    pub(super) fn is_of_same_era(self, other: Self) -> bool {
        self.0 >> NUMBER_BITS == other.0 >> NUMBER_BITS
    }
}

/// A random number that nobody has drawn before.
fn random() -> Result<u64, StoreError> {
    rules::random("a cache in a store")
}

/// A number as a store holds it.
fn digits(number: u64) -> Bytes {
    number.to_string().into()
}

/// The number that a store holds, if it is one.
fn number(bytes: &[u8]) -> Option<u64> {
    let add = |number: u64, byte: &u8| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    };
    if bytes.is_empty() { None } else { bytes.iter().try_fold(0, add) }
}

/// The names of tags as all processes know them.
///
/// # Errors
///
/// If one of them is known to this process only.
pub(super) fn wire_names(tags: &[TagName]) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::with_capacity(tags.len());
    for tag in tags {
        names.push(match &tag.0 {
            // The name of a typed tag begins with a NUL and a colon, which no other name does.
            Name::Text(text) if text.starts_with('\0') => format!("\0{text}"),
            Name::Text(text) => text.clone().into_owned(),
            Name::Typed(path) => format!("\0:{path}"),
            Name::Unnamed(_) => {
                let what = "a tag that stands for an entry of this process means nothing in a store";
                return Err(StoreError::new(StoreErrorKind::Invalid, what));
            }
        });
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The name of the tag that all values of a function carry. No name of [`wire_names`] is the same: where those begin with
/// a NUL, a colon or another NUL follows.
pub(super) fn function_tag(function: &str) -> String {
    format!("\0f{function}")
}

/// The tags of names that [`wire_names`] has made. Others are left out: they are for stores alone.
pub(super) fn names_of_wire<'n>(names: impl Iterator<Item = &'n str>) -> Vec<TagName> {
    let name = |name: &str| match name.strip_prefix('\0') {
        None => Some(Name::Text(name.to_owned().into())),
        Some(text) if text.starts_with('\0') => Some(Name::Text(text.to_owned().into())),
        Some(rest) => Some(Name::Typed(rest.strip_prefix(':')?.to_owned().into())),
    };
    names.filter_map(name).map(TagName).collect()
}

/// A tag that a value carries, with its generation.
pub(super) type Generation = (Box<str>, u64);

/// The values of one namespace in a store.
pub(super) struct Protocol {
    pub(super) link: Link,
    pub(super) envelope: Envelope,
    pub(super) clock: StoreClock,
    pub(super) namespace: Namespace,
    revision_key: Bytes,
    /// How long tags and the revision are kept; longer than any value.
    bookkeeping_ttl: Option<Duration>,
    outbox: Outbox,
    announcer: Announcer,
    topic: Bytes,
}

impl Protocol {
    pub(super) fn new(
        namespace: Namespace,
        link: Link,
        clock: StoreClock,
        envelope: Envelope,
        max_ttl: Option<Duration>,
    ) -> Self {
        let topic = namespace.topic();
        Self {
            link,
            envelope,
            clock,
            revision_key: namespace.revision().stored().clone(),
            namespace,
            bookkeeping_ttl: max_ttl.map(|ttl| ttl.saturating_mul(2)),
            outbox: Outbox::new(),
            announcer: Announcer::default(),
            topic,
        }
    }

    fn tag_key(&self, tag: &str) -> Bytes {
        self.namespace.tag(tag).stored().clone()
    }

    fn fact_key(&self, tag: &str) -> Bytes {
        self.namespace.fact(tag).stored().clone()
    }
}
