//! Postcard.

use postcard::Deserializer;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CodecError;
use super::bounded::{Bounded, Budget};
use super::exact::{Exact, Rules};

const RULES: Rules = Rules { has_non_finite: true, unit_is_none: false, unit_struct_is_none: false };

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    Ok(postcard::to_stdvec(&Exact::new(value, &RULES))?)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut deserializer = Deserializer::from_bytes(bytes);
    let value = T::deserialize(Bounded::new(&mut deserializer, &Budget::of(bytes)))?;
    match deserializer.finalize()? {
        [] => Ok(value),
        left => Err(format!("there are {} bytes after the value", left.len()).into()),
    }
}
