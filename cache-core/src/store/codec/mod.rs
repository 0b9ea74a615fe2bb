//! How values become bytes, and bytes values.

#[cfg(any(feature = "msgpack", feature = "postcard"))]
mod bounded;
mod custom;
mod exact;
mod json;
#[cfg(feature = "msgpack")]
mod msgpack;
#[cfg(feature = "postcard")]
mod postcard;

use std::any::type_name;
use std::fmt::{self, Display};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use custom::{CodecError, CustomCodec};

use super::canonical::is_same_content;
#[cfg(not(all(feature = "msgpack", feature = "postcard")))]
use super::error::missing_feature;
use super::{StoreError, StoreErrorKind};

/// How deep a value may be nested. Each sequence, map, struct, variant, newtype and `Some` is a level.
const DEPTH: usize = 120;

/// The longest name of a codec of the user's.
const NAME_MAX: usize = 64;

/// What the user's codecs have in the place of a number.
pub(crate) const CUSTOM: u8 = u8::MAX;

/// How values are written as bytes.
///
/// A value that was written by one codec is a miss for a cache with another.
///
/// Values may be nested up to 120 levels deep. What a codec cannot carry is an error of kind
/// [`Encoding`](StoreErrorKind::Encoding). Debug builds decode each value of [`Cache::update`](super::Cache::update) again
/// to find that out; other writes do not know as which type a value will be read.
///
/// | | carries | does not carry |
/// | --- | --- | --- |
/// | [`json`](Self::json) | all that describes itself; people can read it | floats that are not finite, `Some(None)`, `Some(())`, maps whose keys are no strings, numbers, or names |
/// | [`message_pack`](Self::message_pack) | the same, shorter; fields by name | `Some(None)`, `Some(())` |
/// | [`postcard`](Self::postcard) | the shortest; fields by position | `flatten`, `untagged`, internal tags, `skip_serializing_if`, `serde_json::Value` |
#[derive(Clone, Default)]
pub struct Codec(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Json,
    #[cfg(feature = "msgpack")]
    MessagePack,
    #[cfg(feature = "postcard")]
    Postcard,
    Custom(Arc<dyn CustomCodec>),
}

impl Codec {
    /// JSON, by `serde_json`. This is the default.
    pub fn json() -> Self {
        Self(Kind::Json)
    }

    /// [MessagePack](https://msgpack.org), by `rmp-serde`.
    #[cfg(feature = "msgpack")]
    pub fn message_pack() -> Self {
        Self(Kind::MessagePack)
    }

    /// Postcard. It does not keep the names of fields: when a type changes, its values need another namespace.
    #[cfg(feature = "postcard")]
    pub fn postcard() -> Self {
        Self(Kind::Postcard)
    }

    /// A codec of one's own.
    ///
    /// # Errors
    ///
    /// If its name is empty or longer than 64 bytes, or is that of a codec of this crate.
    pub fn custom(codec: impl CustomCodec) -> Result<Self, StoreError> {
        let name = codec.name();
        let is_taken = ["json", "msgpack", "postcard"].contains(&name);
        if name.is_empty() || name.len() > NAME_MAX || is_taken {
            let message = format!(
                "a codec cannot be called {name:?}: a name has 1 to {NAME_MAX} bytes, and is not \"json\", \
                 \"msgpack\" or \"postcard\""
            );
            return Err(StoreError::new(StoreErrorKind::Unsupported, message));
        }
        Ok(Self(Kind::Custom(Arc::new(codec))))
    }

    /// The codec that a configuration calls by this name: `json`, `msgpack` or `postcard`.
    ///
    /// # Errors
    ///
    /// If there is none, or if its feature is not compiled in. The error names what there is, or the feature.
    pub fn named(name: &str) -> Result<Self, StoreError> {
        match name {
            "json" => Ok(Self::json()),
            #[cfg(feature = "msgpack")]
            "msgpack" => Ok(Self::message_pack()),
            #[cfg(feature = "postcard")]
            "postcard" => Ok(Self::postcard()),
            #[cfg(not(feature = "msgpack"))]
            "msgpack" => Err(missing_feature("the codec `msgpack`", "msgpack")),
            #[cfg(not(feature = "postcard"))]
            "postcard" => Err(missing_feature("the codec `postcard`", "postcard")),
            _ => {
                let message =
                    format!("there is no codec `{name}`; there are `json`, `msgpack` and `postcard`");
                Err(StoreError::new(StoreErrorKind::Unsupported, message))
            }
        }
    }

    /// The name of the codec.
    pub fn name(&self) -> &str {
        match &self.0 {
            Kind::Json => "json",
            #[cfg(feature = "msgpack")]
            Kind::MessagePack => "msgpack",
            #[cfg(feature = "postcard")]
            Kind::Postcard => "postcard",
            Kind::Custom(codec) => codec.name(),
        }
    }

    /// What tells values of this codec apart from those of others: a number, and the name if it is the user's.
    pub(crate) fn id(&self) -> (u8, &str) {
        match &self.0 {
            Kind::Json => (1, ""),
            #[cfg(feature = "msgpack")]
            Kind::MessagePack => (2, ""),
            #[cfg(feature = "postcard")]
            Kind::Postcard => (3, ""),
            Kind::Custom(codec) => (CUSTOM, codec.name()),
        }
    }

    /// The bytes of a value.
    ///
    /// # Errors
    ///
    /// If the value has no bytes in this codec.
    pub(crate) fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>, StoreError> {
        let encoded = match &self.0 {
            Kind::Json => json::encode(value),
            #[cfg(feature = "msgpack")]
            Kind::MessagePack => msgpack::encode(value),
            #[cfg(feature = "postcard")]
            Kind::Postcard => postcard::encode(value),
            Kind::Custom(codec) => custom::encode(&**codec, value),
        };
        encoded.map_err(|error| self.error("a value of type", type_name::<T>(), "cannot be encoded", &error))
    }

    /// The value of bytes.
    ///
    /// # Errors
    ///
    /// If they are not exactly the bytes of one value of this type.
    pub(crate) fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, StoreError> {
        let decoded = match &self.0 {
            Kind::Json => json::decode(bytes),
            #[cfg(feature = "msgpack")]
            Kind::MessagePack => msgpack::decode(bytes),
            #[cfg(feature = "postcard")]
            Kind::Postcard => postcard::decode(bytes),
            Kind::Custom(codec) => custom::decode(&**codec, bytes),
        };
        decoded.map_err(|error| {
            self.error("bytes of a value of type", type_name::<T>(), "cannot be decoded", &error)
        })
    }

    /// Finds out whether a value comes back as it was. The order of maps and sets does not count.
    ///
    /// # Errors
    ///
    /// If it does not, or cannot be encoded at all. The error names the type, and says what can be done.
    pub(crate) fn check_round_trip<T: Serialize + DeserializeOwned>(
        &self,
        value: &T,
    ) -> Result<(), StoreError> {
        let encoded = self.encode(value)?;
        let back: Result<T, _> = self.decode(&encoded);
        let what = match back {
            Ok(back) if is_same_content(value, &back) => return Ok(()),
            Ok(_) => "another value came back".to_owned(),
            Err(error) => error.to_string(),
        };
        let message = format!(
            "the codec `{}` cannot carry values of type `{}`: {what}. Choose another codec{}, or change how the \
             type is serialized",
            self.name(),
            type_name::<T>(),
            self.hint(),
        );
        Err(StoreError::new(StoreErrorKind::Encoding, message))
    }

    fn hint(&self) -> &'static str {
        match &self.0 {
            #[cfg(feature = "postcard")]
            Kind::Postcard => {
                " (postcard cannot carry `flatten`, `untagged`, `tag = \"..\"` and `skip_serializing_if`; \
                 `json` and `msgpack` can)"
            }
            _ => "",
        }
    }

    fn error(&self, what: &str, of: &str, verb: &str, error: &dyn Display) -> StoreError {
        let message = format!("{what} `{of}` {verb} by the codec `{}`: {error}", self.name());
        StoreError::new(StoreErrorKind::Encoding, message)
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Codec({})", self.name())
    }
}

#[cfg(test)]
mod tests;
