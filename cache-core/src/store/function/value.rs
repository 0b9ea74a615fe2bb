//! The values of functions as bytes.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::erased::Erased;
use crate::store::{Codec, StoreError};
use crate::value::{Return, Returns, StoresKept};

/// A return whose values can be in a store.
pub trait EncodesValue: Returns {
    #[doc(hidden)]
    fn encode(codec: &Codec, value: &Erased) -> Result<Bytes, StoreError>;
    #[doc(hidden)]
    fn decode(codec: &Codec, body: &[u8]) -> Result<Erased, String>;
}

/// What can be a value in a store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the value of a function with `store`, and is not `Serialize + DeserializeOwned`",
    label = "not `Serialize + DeserializeOwned`",
    note = "the value is written to the store and read again: derive `serde::Serialize` and `serde::Deserialize` for it; with `err_ttl` for the error, too"
)]
pub trait IsWrittenInValues: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> IsWrittenInValues for T {}

impl<R, O, H, E, F> EncodesValue for Return<R, O, H, E, F>
where
    Self: StoresKept,
    <Self as StoresKept>::Kept: IsWrittenInValues,
{
    fn encode(codec: &Codec, value: &Erased) -> Result<Bytes, StoreError> {
        let kept = Self::view(value.get());
        if cfg!(debug_assertions) {
            codec.check_round_trip(kept)?;
        }
        codec.encode(kept).map(Bytes::from)
    }

    fn decode(codec: &Codec, body: &[u8]) -> Result<Erased, String> {
        let kept = codec.decode(body).map_err(|error| error.to_string())?;
        Ok(Erased::new(Self::of_kept(kept)))
    }
}
