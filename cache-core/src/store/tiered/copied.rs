//! How the front keeps what it copies from the back.
//!
//! ```text
//! generation: 8 bytes · deadline: 8 bytes · length of the version: 1 byte · version · the bytes
//! ```

use bytes::{Buf, BufMut, Bytes};

use crate::store::Version;
use crate::time::Tick;

/// What the front holds under a key.
pub(super) struct Copied {
    /// That of the stripe of the key, when it was copied.
    pub(super) generation: u64,
    /// When the back ceases to keep it, by the clock of this process. [`NEVER`](crate::time::NEVER) if that is not
    /// known.
    pub(super) deadline: Tick,
    /// Of the back.
    pub(super) version: Version,
    pub(super) bytes: Bytes,
}

impl Copied {
    pub(super) fn encode(&self) -> Bytes {
        let version = self.version.as_bytes();
        let mut encoded = Vec::with_capacity(17 + version.len() + self.bytes.len());
        encoded.put_u64(self.generation);
        encoded.put_u64(self.deadline);
        // A version has at most 24 bytes.
        encoded.put_u8(u8::try_from(version.len()).unwrap_or_default());
        encoded.put_slice(version);
        encoded.put_slice(&self.bytes);
        encoded.into()
    }

    /// It shares the bytes. Returns [`None`] if they are not of this form.
    pub(super) fn decode(mut encoded: Bytes) -> Option<Self> {
        let generation = encoded.try_get_u64().ok()?;
        let deadline = encoded.try_get_u64().ok()?;
        let len = usize::from(encoded.try_get_u8().ok()?);
        let version = Version::new(encoded.get(..len)?)?;
        encoded.advance(len);
        Some(Self { generation, deadline, version, bytes: encoded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_decoded_as_it_was() {
        for version in [&b""[..], b"v", &[7; Version::MAX]] {
            let version = Version::new(version).unwrap();
            let copied = Copied { generation: u64::MAX - 1, deadline: 3, version, bytes: "bytes".into() };
            let decoded = Copied::decode(copied.encode()).unwrap();
            assert_eq!((decoded.generation, decoded.deadline), (u64::MAX - 1, 3));
            assert_eq!((decoded.version, decoded.bytes), (version, "bytes".into()));
        }
    }

    #[test]
    fn what_is_cut_short_or_foreign_is_no_copy() {
        let version = Version::from(1);
        let encoded = Copied { generation: 1, deadline: 2, version, bytes: Bytes::new() }.encode();
        for len in 0..encoded.len() {
            assert!(Copied::decode(encoded.slice(..len)).is_none(), "{len} bytes");
        }
        assert!(Copied::decode(vec![255; 500].into()).is_none(), "no version is that long");
    }
}
