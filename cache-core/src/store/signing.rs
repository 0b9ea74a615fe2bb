//! Values that only those who have a key can write.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a signature is.
pub(crate) const SIGNATURE: usize = 32;

/// Keys by which values are signed and verified, with HMAC-SHA-256.
///
/// The first key signs. All of them verify, so that a key can be replaced: put the new one in front, and take the old
/// one away when what it has signed has expired. With keys, a value that is not signed is a miss; without keys, one
/// that is signed.
///
/// A signature covers the value, its key, its times, its tags and its schema. So whoever can write to the store, but
/// has no key, can remove values and put back older ones of the same key, and nothing else.
///
/// ```
/// use cache_core::store::{SigningKeyError, SigningKeys};
///
/// let keys = SigningKeys::new([b"the new key, random: at least 32", b"the old key, random: at least 32"])?;
/// assert_eq!(format!("{keys:?}"), "SigningKeys(2)");
/// assert_eq!(
///     SigningKeys::new([b"short"]).unwrap_err(),
///     SigningKeyError::TooShort { position: 0, len: 5 },
/// );
/// # Ok::<(), SigningKeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKeys {
    first: Hmac<Sha256>,
    others: Vec<Hmac<Sha256>>,
}

impl SigningKeys {
    /// How many bytes a key has at least.
    pub const MIN_LEN: usize = 32;

    /// Keys of random bytes, the one that signs first.
    ///
    /// # Errors
    ///
    /// If there are none, or if one has less than 32 bytes.
    pub fn new(keys: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self, SigningKeyError> {
        let mut macs = Vec::new();
        for (position, key) in keys.into_iter().enumerate() {
            let key = key.as_ref();
            let too_short = SigningKeyError::TooShort { position, len: key.len() };
            if key.len() < Self::MIN_LEN {
                return Err(too_short);
            }
            macs.push(Hmac::new_from_slice(key).map_err(|_| too_short)?);
        }
        let mut macs = macs.into_iter();
        let first = macs.next().ok_or(SigningKeyError::NoKey)?;
        Ok(Self { first, others: macs.collect() })
    }

    /// The signature of some bytes, by the first key.
    pub(crate) fn sign(&self, pieces: &[&[u8]]) -> [u8; SIGNATURE] {
        fed(&self.first, pieces).finalize().into_bytes().into()
    }

    /// Whether one of the keys has signed the bytes. The time that it takes does not depend on the signature.
    pub(crate) fn verify(&self, pieces: &[&[u8]], signature: &[u8]) -> bool {
        std::iter::once(&self.first)
            .chain(&self.others)
            .any(|mac| fed(mac, pieces).verify_slice(signature).is_ok())
    }
}

/// A MAC of its own, with the pieces one after the other.
fn fed(mac: &Hmac<Sha256>, pieces: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = mac.clone();
    for piece in pieces {
        mac.update(piece);
    }
    mac
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({})", self.others.len() + 1)
    }
}

/// Keys that values cannot be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// There is no key.
    NoKey,
    /// A key has less than [`MIN_LEN`](SigningKeys::MIN_LEN) bytes.
    TooShort {
        /// Which key it is; the first is 0.
        position: usize,
        /// How many bytes it has.
        len: usize,
    },
}

impl fmt::Display for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("there is no key to sign with"),
            Self::TooShort { position, len } => {
                let (number, least) = (position + 1, SigningKeys::MIN_LEN);
                write!(f, "signing key {number} has {len} bytes; it needs at least {least}")
            }
        }
    }
}

impl std::error::Error for SigningKeyError {}

#[cfg(test)]
#[path = "tests/signing.rs"]
mod tests;
