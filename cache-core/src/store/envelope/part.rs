//! A part of a container: one value, with what must be known of it.

use bytes::BufMut;

use super::container::RawPart;
use super::cursor::Cursor;
use super::{SigningKeys, Unreadable};
use crate::store::codec::CUSTOM;
use crate::store::signing::SIGNATURE;

/// The flag of a part that is signed. There are no others.
const SIGNED: u8 = 1;

/// What is signed in front of a part, so that its signature is that of nothing else.
const SIGNED_AS: &[u8] = b"cache-core: a part, format 1\0";

const CHECKSUM: usize = 4;

/// A value to be stored. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a, T> {
    pub(crate) created: u64,
    pub(crate) fresh_until: u64,
    pub(crate) serve_until: u64,
    /// The namespace's revision before the value was computed.
    pub(crate) revision: u64,
    /// The tags with their generations.
    pub(crate) tags: &'a [(T, u64)],
    /// The encoded value.
    pub(crate) body: &'a [u8],
}

/// What a part says.
#[derive(Clone, Debug)]
pub(super) struct Content<'a> {
    pub(super) codec: (u8, &'a str),
    pub(super) compression: u8,
    pub(super) created: u64,
    pub(super) fresh_until: u64,
    pub(super) serve_until: u64,
    pub(super) revision: u64,
    pub(super) tags: Tags<'a>,
    pub(super) key: &'a [u8],
    /// How long the encoded value is.
    pub(super) len: u32,
    pub(super) body: &'a [u8],
}

/// The tags of a part, with their generations.
#[derive(Clone, Debug)]
pub(crate) struct Tags<'a> {
    cursor: Cursor<'a>,
    left: u16,
}

impl<'a> Iterator for Tags<'a> {
    type Item = (&'a str, u64);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some((std::str::from_utf8(self.cursor.long()?).ok()?, self.cursor.u64()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.left);
        (left, Some(left))
    }
}

// All tags have been read once before they are handed out.
impl ExactSizeIterator for Tags<'_> {}

/// Writes a part. [`None`] if one of its lengths does not fit.
#[expect(clippy::too_many_arguments, reason = "each is a field of the part")]
pub(super) fn write<T: AsRef<str>>(
    out: &mut Vec<u8>,
    schema: u64,
    key: &[u8],
    part: &Part<'_, T>,
    (codec, name): (u8, &str),
    compression: u8,
    body: &[u8],
    keys: Option<&SigningKeys>,
) -> Option<()> {
    out.put_u8(if keys.is_some() { SIGNED } else { 0 });
    out.put_u8(compression);
    out.put_u64(part.created);
    out.put_u64(part.fresh_until);
    out.put_u64(part.serve_until);
    out.put_u64(part.revision);
    out.put_u8(codec);
    if codec == CUSTOM {
        out.put_u8(u8::try_from(name.len()).ok()?);
        out.put_slice(name.as_bytes());
    }
    out.put_u16(u16::try_from(part.tags.len()).ok()?);
    for (name, generation) in part.tags {
        put_long(out, name.as_ref().as_bytes())?;
        out.put_u64(*generation);
    }
    put_long(out, key)?;
    out.put_u32(u32::try_from(part.body.len()).ok()?);
    out.put_slice(body);
    if let Some(keys) = keys {
        let signature = keys.sign(&[SIGNED_AS, &schema.to_be_bytes(), out]);
        out.put_slice(&signature);
    }
    out.put_u32(checksum(schema, out));
    u32::try_from(out.len()).ok().map(|_| ())
}

fn put_long(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.put_u32(u32::try_from(bytes.len()).ok()?);
    out.put_slice(bytes);
    Some(())
}

fn checksum(schema: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&schema.to_be_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

impl<'a> RawPart<'a> {
    /// Until when the value may be returned. What cannot be read never may.
    pub(crate) fn serve_until(&self) -> u64 {
        self.content().map_or(0, |content| content.serve_until)
    }

    /// What the part says, if its checksum is right.
    pub(super) fn content(&self) -> Result<Content<'a>, Unreadable> {
        let (signed, signature) = self.split(true)?;
        read(signed, signature.is_some()).ok_or(Unreadable::Corrupt)
    }

    /// What the part says, if its checksum (where that is looked at) and its signature are right. Whether it must be signed, and how, is said by
    /// the keys and never by the part.
    pub(super) fn verified(
        &self,
        keys: Option<&SigningKeys>,
        checks: bool,
    ) -> Result<Content<'a>, Unreadable> {
        let (signed, signature) = self.split(checks)?;
        let is_right = match (keys, signature) {
            (None, None) => true,
            (Some(keys), Some(signature)) => {
                keys.verify(&[SIGNED_AS, &self.schema.to_be_bytes(), signed], signature)
            }
            _ => false,
        };
        if !is_right {
            return Err(Unreadable::Signature);
        }
        read(signed, signature.is_some()).ok_or(Unreadable::Corrupt)
    }

    /// What is signed, and the signature, if the checksum is right or not looked at.
    fn split(&self, checks: bool) -> Result<(&'a [u8], Option<&'a [u8]>), Unreadable> {
        let at = self.content.len().checked_sub(CHECKSUM).ok_or(Unreadable::Corrupt)?;
        let (bytes, sum) = self.content.split_at(at);
        if checks && sum != checksum(self.schema, bytes).to_be_bytes() {
            return Err(Unreadable::Corrupt);
        }
        if bytes.first() != Some(&SIGNED) {
            return Ok((bytes, None));
        }
        let at = bytes.len().checked_sub(SIGNATURE).ok_or(Unreadable::Corrupt)?;
        let (signed, signature) = bytes.split_at(at);
        Ok((signed, Some(signature)))
    }
}

fn read(bytes: &[u8], is_signed: bool) -> Option<Content<'_>> {
    let mut cursor = Cursor(bytes);
    let flags = cursor.u8()?;
    if flags != if is_signed { SIGNED } else { 0 } {
        return None;
    }
    let compression = cursor.u8()?;
    let (created, fresh_until, serve_until) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
    let revision = cursor.u64()?;
    let codec = match cursor.u8()? {
        CUSTOM => {
            let len = usize::from(cursor.u8()?);
            (CUSTOM, std::str::from_utf8(cursor.take(len)?).ok()?)
        }
        number => (number, ""),
    };
    let left = cursor.u16()?;
    let tags = Tags { cursor: cursor.clone(), left };
    for _ in 0..left {
        std::str::from_utf8(cursor.long()?).ok()?;
        cursor.u64()?;
    }
    let key = cursor.long()?;
    let len = cursor.u32()?;
    Some(Content {
        codec,
        compression,
        created,
        fresh_until,
        serve_until,
        revision,
        tags,
        key,
        len,
        body: cursor.0,
    })
}
