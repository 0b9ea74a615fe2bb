//! JSON, by `serde_json`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CodecError;
use super::exact::{Exact, Rules};

const RULES: Rules = Rules { has_non_finite: false, unit_is_none: true, unit_struct_is_none: true };

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    Ok(serde_json::to_vec(&Exact::new(value, &RULES))?)
}

/// `serde_json` looks for bytes that are left, and bounds how deep values are nested.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    Ok(serde_json::from_slice(bytes)?)
}
