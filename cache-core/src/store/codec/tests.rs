//! Values come back as they were, or are errors when they are written.

mod nesting;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::f64;

use serde::de::DeserializeOwned;
use serde_derive::{Deserialize, Serialize};

use super::*;

/// JSON with a line feed behind it, which says that it has read what it has not.
struct Lines {
    calls: bool,
}

impl CustomCodec for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn encode(&self, value: &dyn erased_serde::Serialize) -> Result<Vec<u8>, CodecError> {
        let mut bytes = serde_json::to_vec(value)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn decode(
        &self,
        bytes: &[u8],
        value: &mut dyn FnMut(&mut dyn erased_serde::Deserializer<'_>) -> Result<(), erased_serde::Error>,
    ) -> Result<(), CodecError> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        if self.calls {
            value(&mut <dyn erased_serde::Deserializer<'_>>::erase(&mut json))?;
        }
        Ok(json.end()?)
    }
}

fn built_in() -> Vec<Codec> {
    vec![
        Codec::json(),
        #[cfg(feature = "msgpack")]
        Codec::message_pack(),
        #[cfg(feature = "postcard")]
        Codec::postcard(),
    ]
}

fn codecs() -> Vec<Codec> {
    let mut codecs = built_in();
    codecs.push(Codec::custom(Lines { calls: true }).unwrap());
    codecs
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone, Default)]
struct Cat {
    name: String,
    lives: Option<u8>,
    friends: BTreeMap<String, Vec<Cat>>,
    weight: f64,
    number: u128,
    debt: i128,
    kind: Kind,
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone, Default)]
enum Kind {
    #[default]
    House,
    Of(Box<Kind>),
    Pair(u8, i64),
    Wild {
        since: (u16, char),
    },
}

fn tom() -> Cat {
    let kind = Kind::Of(Box::new(Kind::Pair(1, i64::MIN)));
    let friend = Cat { kind: Kind::Wild { since: (1999, '猫') }, ..Cat::default() };
    Cat {
        name: "Tom \"\0\" 🐈".to_owned(),
        lives: Some(9),
        friends: BTreeMap::from([("best".to_owned(), vec![friend])]),
        weight: 5e-324,
        number: u128::MAX,
        debt: i128::MIN,
        kind,
    }
}

fn back<T: serde::Serialize + DeserializeOwned>(codec: &Codec, value: &T) -> T {
    codec.check_round_trip(value).unwrap();
    codec.decode(&codec.encode(value).unwrap()).unwrap()
}

#[test]
fn values_come_back() {
    for codec in codecs() {
        assert_eq!(back(&codec, &tom()), tom(), "{codec:?}");
        assert_eq!(back(&codec, &()), ());
        assert_eq!(back(&codec, &None::<u8>), None);
        assert_eq!(back(&codec, &Some(Some(3))), Some(Some(3)));
        assert_eq!(back(&codec, &Ok::<u8, String>(3)), Ok(3));
        let names: HashMap<u64, HashSet<String>> =
            (0..40).map(|n| (n, HashSet::from([n.to_string()]))).collect();
        assert_eq!(back(&codec, &names), names);
        let set: HashSet<u32> = (0..1000).collect();
        assert_eq!(back(&codec, &set), set);
    }
}

#[test]
fn floats_come_back_to_the_last_bit() {
    let mut random = fastrand::Rng::with_seed(7);
    for codec in codecs() {
        for _ in 0..2000 {
            let value = f64::from_bits(random.u64(..));
            if value.is_finite() {
                assert_eq!(back(&codec, &value).to_bits(), value.to_bits(), "{codec:?} {value:e}");
            }
        }
    }
}

#[test]
fn what_is_borrowed_can_be_encoded() {
    for codec in codecs() {
        assert_eq!(codec.encode("tom").unwrap(), codec.encode(&"tom".to_owned()).unwrap());
        assert_eq!(codec.encode(&[1, 2][..]).unwrap(), codec.encode(&vec![1, 2]).unwrap());
    }
}

#[test]
fn bytes_that_are_left_or_missing_are_errors() {
    for codec in codecs() {
        let encoded = codec.encode(&tom()).unwrap();
        for len in 0..encoded.len() - 1 {
            assert!(codec.decode::<Cat>(&encoded[..len]).is_err(), "{codec:?} {len}");
        }
        for byte in [0, 1, b'1', b'}', 0xc0, 0xff] {
            let error = codec.decode::<Cat>(&[&encoded[..], &[byte]].concat()).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Encoding);
        }
    }
}

#[test]
fn damaged_bytes_never_panic() {
    for codec in codecs() {
        let encoded = codec.encode(&tom()).unwrap();
        for at in 0..encoded.len() {
            for bit in 0..8 {
                let mut damaged = encoded.clone();
                damaged[at] ^= 1 << bit;
                let _ = codec.decode::<Cat>(&damaged);
            }
        }
    }
}

#[test]
fn an_error_names_the_type_and_the_codec() {
    for codec in codecs() {
        let error = codec.decode::<Cat>(b"\xc1").unwrap_err().to_string();
        assert!(error.contains("Cat") && error.contains(&format!("`{}`", codec.name())), "{error}");
    }
    let error = Codec::json().encode(&f64::NAN).unwrap_err().to_string();
    assert!(error.contains("f64") && error.contains("`json`"), "{error}");
}

#[test]
fn json_refuses_floats_that_it_does_not_have() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Codec::json().encode(&BTreeMap::from([("weight", Some(value))])).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Encoding);
        for codec in built_in().into_iter().skip(1) {
            assert_eq!(back(&codec, &value).to_bits(), value.to_bits());
        }
    }
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Nothing;

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct New<T>(T);

#[test]
fn some_of_nothing_never_becomes_none() {
    fn check<T: serde::Serialize + DeserializeOwned + PartialEq + Debug>(
        value: &T,
        json: bool,
        message_pack: bool,
    ) {
        for codec in built_in() {
            let is_carried = match codec.name() {
                "json" => json,
                "msgpack" => message_pack,
                _ => true,
            };
            match codec.encode(value) {
                Ok(_) if is_carried => assert_eq!(back(&codec, value), *value),
                Err(error) if !is_carried => assert!(error.to_string().contains("`None`"), "{error}"),
                other => panic!("{codec:?} {value:?} {other:?}"),
            }
        }
    }
    use std::fmt::Debug;
    check(&Some(None::<u8>), false, false);
    check(&Some(()), false, false);
    check(&Some(New(New(()))), false, false);
    check(&Some(Nothing), false, true);
    check(&Some(vec![()]), true, true);
    check(&Some((None::<u8>, ())), true, true);
    check(&New(None::<u8>), true, true);
}

#[cfg(feature = "msgpack")]
#[test]
fn message_pack_reads_fields_by_name() {
    #[derive(Serialize)]
    struct Before {
        lives: u8,
        age: u8,
        name: &'static str,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct After {
        name: String,
        age: u8,
        lives: u8,
        #[serde(default)]
        toys: Vec<u8>,
    }
    let codec = Codec::message_pack();
    let encoded = codec.encode(&Before { lives: 9, age: 3, name: "tom" }).unwrap();
    let expected = After { name: "tom".to_owned(), age: 3, lives: 9, toys: vec![] };
    assert_eq!(codec.decode::<After>(&encoded).unwrap(), expected);
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Rest {
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
#[serde(untagged)]
enum Either {
    Text(String),
    Numbers(Vec<u8>),
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    first: Option<u8>,
    second: Option<u8>,
}

/// Serializes as something that it does not read back.
#[derive(Debug, PartialEq)]
struct Liar(u8);

impl serde::Serialize for Liar {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Liar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|read| Self(read + 1))
    }
}

#[test]
fn a_value_that_does_not_come_back_is_found() {
    for codec in codecs() {
        let error = codec.check_round_trip(&Liar(1)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Encoding);
        let error = error.to_string();
        assert!(error.contains("Liar") && error.contains(codec.name()), "{error}");
        assert!(error.contains("Choose another codec"), "{error}");
    }
}

#[test]
fn codecs_that_need_a_description_say_which_types_they_cannot_carry() {
    let rest = Rest { rest: BTreeMap::from([("a".to_owned(), 1)]) };
    let either = Either::Numbers(vec![1]);
    let skipping = Skipping { first: None, second: Some(2) };
    for codec in codecs() {
        if codec.name() == "postcard" {
            for error in [
                codec.check_round_trip(&rest),
                codec.check_round_trip(&either),
                codec.check_round_trip(&skipping),
                codec.check_round_trip(&serde_json::json!([1])),
            ] {
                let error = error.unwrap_err().to_string();
                assert!(error.contains("postcard"), "{error}");
            }
        } else {
            assert_eq!(back(&codec, &rest), rest);
            assert_eq!(back(&codec, &either), either);
            assert_eq!(back(&codec, &skipping), skipping);
            assert_eq!(back(&codec, &serde_json::json!([1])), serde_json::json!([1]));
        }
    }
}

#[test]
fn each_codec_is_told_apart() {
    let codecs = codecs();
    let ids: HashSet<_> = codecs.iter().map(Codec::id).collect();
    assert_eq!(ids.len(), codecs.len());
    assert!(ids.contains(&(CUSTOM, "lines")));
}

#[test]
fn a_configuration_names_them() {
    for codec in built_in() {
        assert_eq!(Codec::named(codec.name()).unwrap().id(), codec.id());
    }
    let error = Codec::named("bson").unwrap_err().to_string();
    assert!(error.contains("`bson`") && error.contains("`msgpack`"), "{error}");
    #[cfg(not(feature = "msgpack"))]
    assert!(Codec::named("msgpack").unwrap_err().to_string().contains("features = [\"msgpack\"]"));
    #[cfg(not(feature = "postcard"))]
    assert!(Codec::named("postcard").unwrap_err().to_string().contains("features = [\"postcard\"]"));
}

#[test]
fn a_codec_of_the_users_has_a_name_of_its_own() {
    struct Named(&'static str);
    impl CustomCodec for Named {
        fn name(&self) -> &str {
            self.0
        }

        fn encode(&self, _: &dyn erased_serde::Serialize) -> Result<Vec<u8>, CodecError> {
            Err("never".into())
        }

        fn decode(
            &self,
            _: &[u8],
            _: &mut dyn FnMut(&mut dyn erased_serde::Deserializer<'_>) -> Result<(), erased_serde::Error>,
        ) -> Result<(), CodecError> {
            Err("never".into())
        }
    }
    for name in [
        "",
        "json",
        "msgpack",
        "postcard",
        "a name that is longer than sixty-four bytes, which is a lot of them",
    ] {
        assert!(Codec::custom(Named(name)).is_err(), "{name}");
    }
    let codec = Codec::custom(Named("mine")).unwrap();
    assert!(codec.encode(&1).unwrap_err().to_string().contains("never"));
    assert!(codec.decode::<u8>(b"1").unwrap_err().to_string().contains("`mine`"));
}

#[test]
fn a_codec_that_reads_no_value_is_an_error() {
    let codec = Codec::custom(Lines { calls: false }).unwrap();
    assert!(codec.decode::<u8>(b"").unwrap_err().to_string().contains("has not read"));
}
