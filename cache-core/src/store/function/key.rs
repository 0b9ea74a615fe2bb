//! The keys of functions as JSON.

use std::fmt;
use std::hash::Hasher;

use serde::ser::{Error as _, SerializeSeq as _, SerializeTuple as _};
use serde::{Serialize, Serializer};

use crate::key::{JsonMismatch, Leaf, LeafChoices, Opt, Part, Ref, Seq, Shape, Ty, each_length};
use crate::store::canonical::canonical_json;
use crate::store::key::secret;

/// A shape whose stored parts have a text that is the same in all processes.
pub trait EncodesKey: Shape {
    /// Writes a stored part.
    #[doc(hidden)]
    fn serialize<Z: Serializer>(owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error>;
}

/// A stored part, to be written.
pub(super) struct Encoded<'a, S: Shape>(pub(super) &'a S::Owned);

impl<S: EncodesKey> Serialize for Encoded<'_, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        S::serialize(self.0, serializer)
    }
}

/// What can be part of a key in a store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is part of the key of a function with `store`, and is not `Serialize`",
    label = "not `Serialize`",
    note = "the key is written to the store: derive `serde::Serialize`, say what identifies the call, `key = (user.id, ..)`, or leave the argument out, `skip(user)`"
)]
pub trait IsWrittenInKeys {
    /// Writes it.
    #[doc(hidden)]
    fn write<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> IsWrittenInKeys for T {
    fn write<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.serialize(serializer)
    }
}

impl<T: IsWrittenInKeys + ?Sized + 'static, L: LeafChoices<T>> EncodesKey for Leaf<Ty<T>, L> {
    fn serialize<Z: Serializer>(owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error> {
        owned.view().write(serializer)
    }
}

impl<S: EncodesKey> EncodesKey for Ref<S> {
    fn serialize<Z: Serializer>(owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error> {
        S::serialize(owned, serializer)
    }
}

impl<S: EncodesKey> EncodesKey for Opt<S> {
    fn serialize<Z: Serializer>(owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error> {
        owned.as_ref().map(Encoded::<S>).serialize(serializer)
    }
}

impl<S: EncodesKey> EncodesKey for Seq<S> {
    fn serialize<Z: Serializer>(owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut items = serializer.serialize_seq(Some(owned.len()))?;
        for item in owned {
            items.serialize_element(&Encoded::<S>(item))?;
        }
        items.end()
    }
}

macro_rules! tuple {
    ($(($S:ident $T:ident $i:tt))*) => {
        impl<$($S: EncodesKey),*> EncodesKey for ($($S,)*) {
            fn serialize<Z: Serializer>(_owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error> {
                const PARTS: &[&str] = &[$(stringify!($i)),*];
                #[allow(unused_mut, reason = "the empty tuple")]
                let mut parts = serializer.serialize_tuple(PARTS.len())?;
                $(parts.serialize_element(&Encoded::<$S>(&_owned.$i))?;)*
                parts.end()
            }
        }
    };
}

each_length!(tuple);

/// A part of a key of which nobody sees more than a hash.
#[derive(Clone, Copy)]
pub struct SecretPart<S>(pub S);

impl<S: Shape> Shape for SecretPart<S> {
    type Owned = S::Owned;
    const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
        S::parse(json)
    }
}

impl<S: Shape, T: Part<S> + ?Sized> Part<SecretPart<S>> for T {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Part::<S>::hash(self, state);
    }
    #[inline]
    fn matches(&self, owned: &S::Owned) -> bool {
        Part::<S>::matches(self, owned)
    }
    #[inline]
    fn own(&self) -> S::Owned {
        Part::<S>::own(self)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl<S: EncodesKey> EncodesKey for SecretPart<S> {
    fn serialize<Z: Serializer>(owned: &Self::Owned, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let json = canonical_json(&Encoded::<S>(owned)).map_err(Z::Error::custom)?;
        serializer.serialize_str(&secret(&json))
    }
}
