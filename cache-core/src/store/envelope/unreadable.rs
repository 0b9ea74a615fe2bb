//! Why a stored value is not returned.

use std::fmt;

/// Why what is stored gives nothing to a reader. Each is a miss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is a placeholder: somebody computes the value.
    Placeholder,
    /// There are values of other versions only.
    OtherVersion,
    /// It is not from this crate.
    Foreign,
    /// It was encoded by another codec.
    OtherCodec,
    /// It was written in another format than the one that this version of the crate knows.
    OtherFormat(u8),
    /// It was changed, or cut off.
    Corrupt,
    /// It was stored under another key.
    OtherKey,
    /// It is not signed and should be, or the other way round, or no key has signed it.
    Signature,
    /// It is, or would become, larger than the limit: this many bytes.
    TooLarge(usize),
    /// It may no longer be returned.
    Expired,
    /// It was created later than now.
    FromTheFuture,
    /// This feature of the crate is not compiled in.
    MissingFeature(&'static str),
    /// The codec has found no value of this type, for this reason.
    Undecodable(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placeholder => f.write_str("somebody computes it"),
            Self::OtherVersion => f.write_str("it is of another version"),
            Self::Foreign => f.write_str("it is not from here"),
            Self::OtherCodec => f.write_str("it is of another codec"),
            Self::OtherFormat(format) => write!(f, "it is of format {format}, which is unknown here"),
            Self::Corrupt => f.write_str("it is corrupt"),
            Self::OtherKey => f.write_str("it was stored under another key"),
            Self::Signature => f.write_str("its signature is missing, unexpected, or by an unknown key"),
            Self::TooLarge(bytes) => write!(f, "it has {bytes} bytes, which is more than the limit"),
            Self::Expired => f.write_str("it has expired"),
            Self::FromTheFuture => f.write_str("it was created later than now"),
            Self::MissingFeature(feature) => write!(f, "it needs the feature `{feature}` of cache-core"),
            Self::Undecodable(reason) => f.write_str(reason),
        }
    }
}
