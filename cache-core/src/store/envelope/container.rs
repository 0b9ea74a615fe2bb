//! A container: its parts one after the other.

use bytes::{BufMut, Bytes, BytesMut};

use super::Unreadable;
use super::cursor::Cursor;

/// What each container begins with. The first byte begins no text.
const MAGIC: [u8; 4] = [0x9c, b'c', b'c', b's'];

/// The format that is written and read.
const FORMAT: u8 = 1;

/// A container without parts.
pub(super) const PLACEHOLDER: [u8; 6] = [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], FORMAT, 0];

/// How many parts a writer keeps, its own among them.
pub(super) const MAX_PARTS: usize = 8;

/// A part of some version, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawPart<'a> {
    pub(super) schema: u64,
    pub(super) content: &'a [u8],
}

/// A container whose lengths are right.
pub(super) struct Container<'a> {
    count: u8,
    parts: Cursor<'a>,
}

impl<'a> Container<'a> {
    pub(super) fn of(stored: &'a [u8]) -> Result<Self, Unreadable> {
        let mut cursor = Cursor(stored);
        match cursor.take(MAGIC.len()) {
            Some(magic) if magic == MAGIC => {}
            // The rest is missing.
            None if MAGIC.starts_with(stored) => return Err(Unreadable::Corrupt),
            _ => return Err(Unreadable::Foreign),
        }
        match cursor.u8().ok_or(Unreadable::Corrupt)? {
            FORMAT => {}
            other => return Err(Unreadable::OtherFormat(other)),
        }
        let count = cursor.u8().ok_or(Unreadable::Corrupt)?;
        let container = Self { count, parts: cursor };
        let end = container.parts().map(|part| 12 + part.content.len()).sum::<usize>();
        let is_whole = container.parts().count() == usize::from(count) && end == container.parts.0.len();
        if is_whole { Ok(container) } else { Err(Unreadable::Corrupt) }
    }

    pub(super) fn is_placeholder(&self) -> bool {
        self.count == 0
    }

    /// The parts, as far as there are.
    pub(super) fn parts(&self) -> impl Iterator<Item = RawPart<'a>> {
        let mut cursor = self.parts.clone();
        (0..self.count).map_while(move |_| Some(RawPart { schema: cursor.u64()?, content: cursor.long()? }))
    }
}

/// A container with a part and others, as many as there is room for.
pub(super) fn join(own: RawPart<'_>, others: &[RawPart<'_>]) -> Bytes {
    let others = others.iter().filter(|other| other.schema != own.schema).take(MAX_PARTS - 1);
    let parts: Vec<_> = std::iter::once(&own).chain(others).collect();
    let len = PLACEHOLDER.len() + parts.iter().map(|part| 12 + part.content.len()).sum::<usize>();
    let mut container = BytesMut::with_capacity(len);
    container.put_slice(&PLACEHOLDER[..5]);
    // There are at most eight, and the length of each fits.
    container.put_u8(u8::try_from(parts.len()).unwrap_or(u8::MAX));
    for part in parts {
        container.put_u64(part.schema);
        container.put_u32(u32::try_from(part.content.len()).unwrap_or(u32::MAX));
        container.put_slice(part.content);
    }
    container.freeze()
}
