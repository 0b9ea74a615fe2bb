//! Codecs of the user's.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a [`CustomCodec`] could not encode or decode: any error.
pub type CodecError = Box<dyn Error + Send + Sync>;

/// A codec of one's own, for [`Codec::custom`](super::Codec::custom).
///
/// It does not know the types of the values, so it works with the erased traits of `erased-serde`, which is
/// re-exported as [`store::erased_serde`](crate::store::erased_serde).
///
/// ```
/// use cache_core::store::erased_serde::{Deserializer, Error, Serialize};
/// use cache_core::store::{Codec, CodecError, CustomCodec};
///
/// /// JSON that people like to read.
/// struct Pretty;
///
/// impl CustomCodec for Pretty {
///     fn name(&self) -> &str {
///         "pretty"
///     }
///
///     fn encode(&self, value: &dyn Serialize) -> Result<Vec<u8>, CodecError> {
///         Ok(serde_json::to_vec_pretty(value)?)
///     }
///
///     fn decode(
///         &self,
///         bytes: &[u8],
///         value: &mut dyn FnMut(&mut dyn Deserializer<'_>) -> Result<(), Error>,
///     ) -> Result<(), CodecError> {
///         let mut json = serde_json::Deserializer::from_slice(bytes);
///         value(&mut <dyn Deserializer>::erase(&mut json))?;
///         Ok(json.end()?)
///     }
/// }
///
/// assert_eq!(Codec::custom(Pretty)?.name(), "pretty");
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
pub trait CustomCodec: Send + Sync + 'static {
    /// The name that is stored with each value, 1 to 64 bytes long. A codec whose format changes needs another.
    fn name(&self) -> &str;

    /// The bytes of a value.
    ///
    /// # Errors
    ///
    /// If the value has none. Then it is not stored.
    fn encode(&self, value: &dyn erased_serde::Serialize) -> Result<Vec<u8>, CodecError>;

    /// Makes a deserializer of the bytes, calls `value` with it once, and looks whether bytes are left.
    ///
    /// The bytes may be anything, if somebody else can write to the store and they are not signed.
    ///
    /// # Errors
    ///
    /// If the bytes are not exactly one value. Errors of `value` are passed on. Then the call is a miss.
    fn decode(
        &self,
        bytes: &[u8],
        value: &mut dyn FnMut(&mut dyn erased_serde::Deserializer<'_>) -> Result<(), erased_serde::Error>,
    ) -> Result<(), CodecError>;
}

pub(super) fn encode<T: Serialize + ?Sized>(
    codec: &dyn CustomCodec,
    value: &T,
) -> Result<Vec<u8>, CodecError> {
    codec.encode(&value)
}

pub(super) fn decode<T: DeserializeOwned>(codec: &dyn CustomCodec, bytes: &[u8]) -> Result<T, CodecError> {
    let mut decoded = None;
    codec.decode(bytes, &mut |deserializer| {
        decoded = Some(T::deserialize(deserializer)?);
        Ok(())
    })?;
    decoded.ok_or_else(|| "it has not read a value".into())
}
