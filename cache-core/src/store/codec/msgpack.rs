//! `MessagePack`, by `rmp-serde`. Structs are maps by the names of their fields.

use std::io::ErrorKind;

use rmp_serde::decode::Error;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::CodecError;
use super::bounded::{Bounded, Budget};
use super::exact::{Exact, Rules};

const RULES: Rules = Rules { has_non_finite: true, unit_is_none: true, unit_struct_is_none: false };

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    Ok(rmp_serde::to_vec_named(&Exact::new(value, &RULES))?)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes);
    let value = T::deserialize(Bounded::new(&mut deserializer, &Budget::of(bytes)))?;
    match IgnoredAny::deserialize(&mut deserializer) {
        Err(Error::InvalidMarkerRead(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(value),
        _ => Err("there are bytes after the value".into()),
    }
}
