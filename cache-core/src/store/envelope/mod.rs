//! What is stored under the key of a value: a container of parts, one for each version of the program that is alive.
//!
//! Numbers are big-endian. Times are milliseconds since the Unix epoch; [`FOR_EVER`] is later than all.
//!
//! ```text
//! container   magic 4 · format 1 · parts 1 · part …
//! part        schema 8 · length 4 · content
//! content     flags 1 · compression 1 · created 8 · fresh until 8 · serve until 8 · revision 8
//!             codec 1 (255: length 1 · name) · tags 2 · (length 4 · name · generation 8) …
//!             length of key 4 · key · length of the encoded value 4 · body · signature 32, if flag 1 · checksum 4
//! ```
//!
//! A container without parts is a placeholder. The checksum (CRC-32) is over the schema and all before it, and so is
//! the signature, with a prefix of its own.
//!
//! Bytes from a store may be anything. So no length is believed: each is compared with what is there, and that of the
//! decompressed value with a limit, before memory is taken.

mod container;
mod cursor;
mod part;
mod unreadable;

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use container::Container;
pub(crate) use container::RawPart;
use part::Content;
pub(crate) use part::{Part, Tags};
pub(crate) use unreadable::Unreadable;

use super::{Codec, Compression, SigningKeys, StoreError, StoreErrorKind, compression};

/// A time that does not come.
pub(crate) const FOR_EVER: u64 = u64::MAX;

/// How far ahead of the reader's clock that of a writer may be, in milliseconds. What was created later than that is
/// not returned; what was created within it counts as created now.
pub(crate) const CLOCK_TOLERANCE: u64 = 5_000;

/// How large a value may be that is not said otherwise: 64 MiB.
pub(crate) const MAX_VALUE: usize = 64 << 20;

/// How values are wrapped for a store.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) codec: Codec,
    pub(crate) compression: Compression,
    pub(crate) keys: Option<SigningKeys>,
    /// How many bytes an encoded value may have.
    pub(crate) max_value: usize,
    /// Whether a part is read only if its checksum is right. A store that vouches for its bytes makes that needless.
    pub(crate) checks: bool,
}

impl Default for Envelope {
    fn default() -> Self {
        let (codec, compression) = (Codec::default(), Compression::default());
        Self { codec, compression, keys: None, max_value: MAX_VALUE, checks: true }
    }
}

impl Envelope {
    /// What a leader puts while it computes.
    pub(crate) fn placeholder() -> Bytes {
        Bytes::from_static(&container::PLACEHOLDER)
    }

    /// A container with a value, and parts of other versions.
    ///
    /// `key` is the full key. Of the other parts, the first seven are taken that are not of this schema.
    ///
    /// # Errors
    ///
    /// If the value is larger than the limit, or has more than 65 535 tags.
    pub(crate) fn seal<T: AsRef<str>>(
        &self,
        key: &[u8],
        schema: u64,
        part: &Part<'_, T>,
        others: &[RawPart<'_>],
    ) -> Result<Bytes, StoreError> {
        if part.body.len() > self.max_value {
            let (len, max) = (part.body.len(), self.max_value);
            let message = format!("a value of {len} bytes is larger than the limit of {max} bytes");
            return Err(StoreError::new(StoreErrorKind::Refused, message));
        }
        let (compression, body) = self.compression.compress(part.body);
        let head =
            128 + key.len() + part.tags.iter().map(|(name, _)| name.as_ref().len() + 12).sum::<usize>();
        let mut content = Vec::with_capacity(head + body.len());
        part::write(&mut content, schema, key, part, self.codec.id(), compression, &body, self.keys.as_ref())
            .ok_or_else(|| {
                StoreError::new(StoreErrorKind::Refused, "a value has too many tags, or too long ones")
            })?;
        Ok(container::join(RawPart { schema, content: &content }, others))
    }

    /// Opens the part of a schema. Its checksum, if it counts, signature, codec, key and times have been looked at; its tags and its
    /// revision have not.
    ///
    /// # Errors
    ///
    /// Why there is nothing to return. It is a miss.
    pub(crate) fn open<'a>(
        &self,
        stored: &'a [u8],
        key: &[u8],
        schema: u64,
        now: u64,
    ) -> Result<Opened<'a>, Unreadable> {
        let container = Container::of(stored)?;
        if container.is_placeholder() {
            return Err(Unreadable::Placeholder);
        }
        let part = container.parts().find(|part| part.schema == schema).ok_or(Unreadable::OtherVersion)?;
        let content = part.verified(self.keys.as_ref(), self.checks)?;
        if content.codec != self.codec.id() {
            return Err(Unreadable::OtherCodec);
        }
        if content.key != key {
            return Err(Unreadable::OtherKey);
        }
        if content.created > now.saturating_add(CLOCK_TOLERANCE) {
            return Err(Unreadable::FromTheFuture);
        }
        let len = usize::try_from(content.len).unwrap_or(usize::MAX);
        let opened = Opened { content, len, now };
        if opened.serve_until() <= now {
            return Err(Unreadable::Expired);
        }
        let size = len.max(opened.content.body.len());
        if size > self.max_value {
            return Err(Unreadable::TooLarge(size));
        }
        compression::check(opened.content.compression)?;
        Ok(opened)
    }

    /// The parts of other schemas that a writer takes over, the newest first: whole ones that have not expired.
    pub(crate) fn others<'a>(&self, stored: &'a [u8], schema: u64, now: u64) -> Vec<RawPart<'a>> {
        let Ok(container) = Container::of(stored) else {
            return Vec::new();
        };
        let kept = container.parts().filter(|part| part.schema != schema).filter_map(|part| {
            let content = part.content().ok()?;
            let is_alive =
                content.serve_until > now && content.created <= now.saturating_add(CLOCK_TOLERANCE);
            let is_kept = is_alive && content.body.len() <= self.max_value;
            is_kept.then_some((content.created, part))
        });
        let mut kept: Vec<_> = kept.collect();
        kept.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
        kept.into_iter().map(|(_, part)| part).collect()
    }

    /// The full key that the parts of a container name. [`None`] for a placeholder, and for what cannot be read.
    pub(crate) fn key_of(stored: &[u8]) -> Option<&[u8]> {
        let container = Container::of(stored).ok()?;
        container.parts().find_map(|part| part.content().ok()).map(|content| content.key)
    }

    /// The value that an encoded one stands for.
    ///
    /// # Errors
    ///
    /// If it cannot be decoded.
    pub(crate) fn decode<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Unreadable> {
        self.codec.decode(body).map_err(|error| Unreadable::Undecodable(error.to_string()))
    }
}

/// A part that may be read.
#[derive(Clone, Debug)]
pub(crate) struct Opened<'a> {
    content: Content<'a>,
    len: usize,
    now: u64,
}

impl<'a> Opened<'a> {
    /// When it was created. It is not later than the time at which it was opened.
    pub(crate) fn created(&self) -> u64 {
        self.content.created.min(self.now)
    }

    /// Until when it is fresh.
    pub(crate) fn fresh_until(&self) -> u64 {
        self.within(self.content.fresh_until.min(self.content.serve_until))
    }

    /// Until when it may be returned at all.
    pub(crate) fn serve_until(&self) -> u64 {
        self.within(self.content.serve_until)
    }

    /// The namespace's revision before the value was computed.
    pub(crate) fn revision(&self) -> u64 {
        self.content.revision
    }

    /// The tags with their generations.
    pub(crate) fn tags(&self) -> Tags<'a> {
        self.content.tags.clone()
    }

    /// The encoded value. It borrows from what is stored, unless it is compressed.
    ///
    /// # Errors
    ///
    /// If it cannot be decompressed.
    pub(crate) fn body(&self) -> Result<Cow<'a, [u8]>, Unreadable> {
        compression::decompress(self.content.compression, self.content.body, self.len)
    }

    /// A time of the writer's, less what its clock is ahead. So no life becomes longer by it.
    fn within(&self, time: u64) -> u64 {
        if time == FOR_EVER { time } else { time - self.content.created.saturating_sub(self.now).min(time) }
    }
}

#[cfg(test)]
mod tests;
