//! Values that are nested deeply, or claim to be.

use serde_derive::{Deserialize, Serialize};

use super::*;

#[derive(Serialize, Deserialize, Debug, PartialEq)]
enum Nested {
    Leaf,
    Newtype(Box<Nested>),
    Tuple(Box<Nested>, u8),
    Fields { inner: Box<Nested> },
    List(Vec<Nested>),
    Option(Option<Box<Nested>>),
}

fn nested(depth: usize, wrap: fn(Box<Nested>) -> Nested) -> Nested {
    (0..depth).fold(Nested::Leaf, |inner, _| wrap(Box::new(inner)))
}

#[test]
fn what_can_be_encoded_is_not_too_deep_to_be_decoded() {
    let wraps: [fn(Box<Nested>) -> Nested; 5] = [
        Nested::Newtype,
        |inner| Nested::Tuple(inner, 0),
        |inner| Nested::Fields { inner },
        |inner| Nested::List(vec![*inner]),
        |inner| Nested::Option(Some(inner)),
    ];
    for codec in built_in() {
        for wrap in wraps {
            let mut depth = 1;
            while let Ok(encoded) = codec.encode(&nested(depth, wrap)) {
                assert_eq!(codec.decode::<Nested>(&encoded).unwrap(), nested(depth, wrap));
                depth += 1;
            }
            assert!((DEPTH / 2..=DEPTH + 1).contains(&depth), "{codec:?} {depth}");
            // Postcard does not pass on what an error says.
            let error = codec.encode(&nested(depth, wrap)).unwrap_err().to_string();
            assert!(error.contains("nested") || codec.name() == "postcard", "{error}");
        }
    }
}

#[test]
fn bytes_that_nest_without_end_are_an_error() {
    let hostile: [&[u8]; 4] = [
        // JSON, postcard, and MessagePack: {"List": [{"List": [..
        br#"{"List":["#,
        &[4, 1],
        b"\x81\xa4List\x91",
        b"\x81\xa7Newtype",
    ];
    for codec in codecs() {
        for piece in hostile {
            assert!(codec.decode::<Nested>(&piece.repeat(200_000)).is_err());
        }
    }
}

#[cfg(feature = "postcard")]
#[test]
fn values_that_take_no_bytes_are_not_read_without_end() {
    let codec = Codec::postcard();
    assert_eq!(back(&codec, &vec![(); 1000]).len(), 1000);
    let endless = codec.encode(&(1_u64 << 40)).unwrap();
    assert!(codec.decode::<Vec<()>>(&endless).is_err());
}
