//! Values that are stored compressed.

use std::borrow::Cow;

use super::envelope::Unreadable;
use super::{StoreError, StoreErrorKind};

/// Whether and how values are compressed.
///
/// A value is compressed if it has at least as many bytes as the threshold (1 KiB), and if it becomes shorter by that.
/// The default is LZ4. Whatever is chosen, values are read that were written with another choice.
///
/// ```
/// use cache_core::store::Compression;
///
/// let compression = Compression::lz4().with_threshold(4096);
/// assert_eq!(compression.threshold(), 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    algorithm: Algorithm,
    threshold: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    None,
    Lz4,
    #[cfg(feature = "zstd")]
    Zstd(i32),
}

/// What the algorithms are called in a part.
const NONE: u8 = 0;
const LZ4: u8 = 1;
const ZSTD: u8 = 2;

/// LZ4 makes no more than this of one byte.
const LZ4_EXPANSION: usize = 255;

impl Compression {
    const THRESHOLD: usize = 1024;

    /// Values are stored as they are.
    pub fn none() -> Self {
        Self { algorithm: Algorithm::None, threshold: Self::THRESHOLD }
    }

    /// LZ4, by `lz4_flex`: fast. This is the default.
    pub fn lz4() -> Self {
        Self { algorithm: Algorithm::Lz4, threshold: Self::THRESHOLD }
    }

    /// Zstandard, by `zstd`: slower and shorter. Level 3 is usual; a level outside of what zstd has is the nearest.
    #[cfg(feature = "zstd")]
    pub fn zstd(level: i32) -> Self {
        let levels = zstd::compression_level_range();
        let level = level.clamp(*levels.start(), *levels.end());
        Self { algorithm: Algorithm::Zstd(level), threshold: Self::THRESHOLD }
    }

    /// The same, for values that have at least this many bytes.
    #[must_use]
    pub fn with_threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// How many bytes a value has at least that is compressed.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// The compression that a configuration calls by this name: `none`, `lz4` or `zstd`, the latter at level 3.
    ///
    /// # Errors
    ///
    /// If there is none, or if its feature is not compiled in. The error names what there is, or the feature.
    pub fn named(name: &str) -> Result<Self, StoreError> {
        match name {
            "none" => Ok(Self::none()),
            "lz4" => Ok(Self::lz4()),
            #[cfg(feature = "zstd")]
            "zstd" => Ok(Self::zstd(3)),
            #[cfg(not(feature = "zstd"))]
            "zstd" => Err(super::error::missing_feature("the compression `zstd`", "zstd")),
            _ => {
                let message = format!("there is no compression `{name}`; there are `none`, `lz4` and `zstd`");
                Err(StoreError::new(StoreErrorKind::Unsupported, message))
            }
        }
    }

    /// Bytes as they are stored, and what they were compressed by.
    pub(crate) fn compress<'a>(&self, bytes: &'a [u8]) -> (u8, Cow<'a, [u8]>) {
        let compressed = match self.algorithm {
            _ if bytes.len() < self.threshold => None,
            Algorithm::None => None,
            Algorithm::Lz4 => Some((LZ4, lz4_flex::block::compress(bytes))),
            // It fails only where there is no memory. Then the bytes are stored as they are.
            #[cfg(feature = "zstd")]
            Algorithm::Zstd(level) => zstd::bulk::compress(bytes, level).ok().map(|bytes| (ZSTD, bytes)),
        };
        match compressed {
            Some((algorithm, compressed)) if compressed.len() < bytes.len() => {
                (algorithm, Cow::Owned(compressed))
            }
            _ => (NONE, Cow::Borrowed(bytes)),
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self::lz4()
    }
}

/// Whether something was compressed by an algorithm that is compiled in.
pub(crate) fn check(algorithm: u8) -> Result<(), Unreadable> {
    match algorithm {
        NONE | LZ4 => Ok(()),
        ZSTD if cfg!(feature = "zstd") => Ok(()),
        ZSTD => Err(Unreadable::MissingFeature("zstd")),
        _ => Err(Unreadable::Corrupt),
    }
}

/// The bytes of which something was made. Their length must be what is said here, and has been looked at: no more
/// memory is taken.
pub(crate) fn decompress(algorithm: u8, bytes: &[u8], len: usize) -> Result<Cow<'_, [u8]>, Unreadable> {
    check(algorithm)?;
    let decompressed = match algorithm {
        NONE => Cow::Borrowed(bytes),
        // What cannot be that long is given no memory.
        LZ4 if len / LZ4_EXPANSION > bytes.len() => return Err(Unreadable::Corrupt),
        LZ4 => Cow::Owned(lz4_flex::block::decompress(bytes, len).map_err(|_| Unreadable::Corrupt)?),
        _ => Cow::Owned(zstd(bytes, len)?),
    };
    if decompressed.len() == len { Ok(decompressed) } else { Err(Unreadable::Corrupt) }
}

/// In one piece into a buffer of the right size: zstd then keeps no window, whatever the frame says of one.
#[cfg(feature = "zstd")]
fn zstd(bytes: &[u8], len: usize) -> Result<Vec<u8>, Unreadable> {
    zstd::bulk::decompress(bytes, len).map_err(|_| Unreadable::Corrupt)
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: &[u8], _: usize) -> Result<Vec<u8>, Unreadable> {
    Err(Unreadable::MissingFeature("zstd"))
}

#[cfg(test)]
#[path = "tests/compression.rs"]
mod tests;
