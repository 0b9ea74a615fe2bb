//! One text for equal values, different texts for different ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::*;
use crate::store::StoreErrorKind;

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    canonical_json(value).unwrap()
}

/// A value that calls one method of the serializer.
macro_rules! by {
    ($serializer:ident => $call:expr) => {{
        struct Value;
        impl Serialize for Value {
            fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                $call
            }
        }
        Value
    }};
}

#[test]
fn maps_are_sorted_whatever_their_order() {
    let names = ["tom", "a", "a!", "", "zoë", "a/b", "10", "9"];
    let forward: HashMap<_, _> = names.iter().zip(0..8).collect();
    let backward: HashMap<_, _> = names.iter().zip(0..8).rev().collect();
    let sorted: BTreeMap<_, _> = names.iter().zip(0..8).collect();
    assert_eq!(text(&forward), text(&backward));
    assert_eq!(text(&forward), text(&sorted));
    assert_eq!(text(&HashMap::from([("b", vec![1, 2]), ("a", vec![])])), r#"{"a":[],"b":[1,2]}"#);
}

#[test]
fn the_fields_of_a_struct_are_sorted_too() {
    let one = by!(serializer => {
        let mut fields = serializer.serialize_struct("Cat", 2)?;
        fields.serialize_field("name", "tom")?;
        fields.serialize_field("age", &3)?;
        fields.end()
    });
    assert_eq!(text(&one), r#"{"age":3,"name":"tom"}"#);
}

#[test]
fn numbers_are_exact() {
    let integers = (u128::MAX, i128::MIN, u64::MAX, i8::MIN);
    assert_eq!(text(&integers), format!("[{},{},{},-128]", u128::MAX, i128::MIN, u64::MAX));
    assert_eq!(text(&(0.1_f64, 0.1_f32, 1.0, -0.0, -250.0)), "[0.1,0.1,1.0,-0.0,-250.0]");
    assert_eq!(
        text(&(1e15, 1e16, -1.5e300, 1e-5, 1.5e-6)),
        "[1000000000000000.0,1e16,-1.5e300,0.00001,1.5e-6]"
    );
    assert_eq!(text(&(f64::MAX, 5e-324, f32::MAX)), "[1.7976931348623157e308,5e-324,3.4028235e38]");
    assert_eq!(text(&(true, 'ä', "\"\n\0", ())), r#"[true,"ä","\"\n\u0000",null]"#);
}

#[test]
fn floats_are_told_apart_and_are_json() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..2000 {
        let (wide, narrow) = (f64::from_bits(random.u64(..)), f32::from_bits(random.u32(..)));
        if wide.is_finite() {
            let read: f64 = serde_json::from_str(&text(&wide)).unwrap();
            assert_eq!(read.to_bits(), wide.to_bits(), "{wide:e}");
        }
        if narrow.is_finite() {
            let read: f32 = text(&narrow).parse().unwrap();
            assert_eq!(read.to_bits(), narrow.to_bits(), "{narrow:e}");
        }
    }
}

#[test]
fn floats_that_are_not_finite_are_errors() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = canonical_json(&Some(vec![value])).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Encoding);
        assert!(error.to_string().contains(&format!("JSON has no {value}")), "{error}");
    }
    assert!(canonical_json(&f32::NAN).is_err());
}

#[test]
fn some_of_nothing_is_not_none() {
    type Nested = Option<Option<Option<()>>>;
    let nested: [Nested; 4] = [None, Some(None), Some(Some(None)), Some(Some(Some(())))];
    let texts = nested.map(|value| text(&value));
    assert_eq!(texts[0], "null");
    assert_eq!(texts[1], r#"{"$some":null}"#);
    assert_eq!(texts.iter().collect::<HashSet<_>>().len(), 4, "{texts:?}");
    // What is a plain value is written plainly, and what only looks like the above is told apart.
    assert_eq!(text(&Some(Some(1))), "1");
    let look_alike = Some(serde_json::json!({ "$some": null }));
    assert_ne!(text(&look_alike), text(&Some(serde_json::Value::Null)));
    assert_ne!(text(&Some(Some(look_alike.clone()))), text(&look_alike.map(|_| None::<u8>)));
}

#[test]
fn variants_are_written_as_serde_json_writes_them() {
    let unit = by!(serializer => serializer.serialize_unit_variant("Pet", 0, "Cat"));
    assert_eq!(text(&unit), r#""Cat""#);
    let newtype = by!(serializer => serializer.serialize_newtype_variant("Pet", 0, "Cat", &9));
    assert_eq!(text(&newtype), r#"{"Cat":9}"#);
    let tuple = by!(serializer => {
        let mut parts = serializer.serialize_tuple_variant("Pet", 0, "Cat", 2)?;
        parts.serialize_field(&2)?;
        parts.serialize_field(&1)?;
        parts.end()
    });
    assert_eq!(text(&tuple), r#"{"Cat":[2,1]}"#);
    let fields = by!(serializer => {
        let mut parts = serializer.serialize_struct_variant("Pet", 0, "Cat", 2)?;
        parts.serialize_field("b", &2)?;
        parts.serialize_field("a", &1)?;
        parts.end()
    });
    assert_eq!(text(&fields), r#"{"Cat":{"a":1,"b":2}}"#);
    assert_eq!(text(&by!(serializer => serializer.serialize_newtype_struct("Id", &7))), "7");
    assert_eq!(text(&by!(serializer => serializer.serialize_bytes(&[1, 255]))), "[1,255]");
}

#[test]
fn keys_of_maps_need_not_be_strings() {
    assert_eq!(text(&BTreeMap::from([(10, 'a'), (9, 'b')])), r#"{"10":"a","9":"b"}"#);
    assert_eq!(text(&BTreeMap::from([((1, "x"), 0)])), r#"{"[1,\"x\"]":0}"#);
    assert_eq!(text(&BTreeMap::from([(Some("null"), 0)])), r#"{"null":0}"#);
    let error = canonical_json(&BTreeMap::from([(None::<&str>, 0)])).unwrap_err();
    assert!(error.to_string().contains("a key of a map is null"), "{error}");
}

#[test]
fn equal_keys_with_different_values_have_one_order() {
    let twice = |first: u8, second: u8| {
        let mut out = Vec::new();
        let writer = Writer { out: &mut out, depth: 0, purpose: Purpose::Key };
        let mut map = writer.serialize_map(None).unwrap();
        map.serialize_entry("a", &first).unwrap();
        map.serialize_entry("a", &second).unwrap();
        SerializeMap::end(map).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(twice(1, 2), r#"{"a":1,"a":2}"#);
    assert_eq!(twice(2, 1), twice(1, 2));
}

/// An option that holds a newtype that holds it.
struct Endless;

impl Serialize for Endless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_some(&Wrapped)
    }
}

struct Wrapped;

impl Serialize for Wrapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("Endless", &Endless)
    }
}

#[test]
fn depth_is_bounded() {
    fn deep(depth: usize) -> serde_json::Value {
        (0..depth).fold(serde_json::Value::Null, |value, _| serde_json::Value::Array(vec![value]))
    }
    assert_eq!(text(&deep(DEPTH)).len(), "null".len() + 2 * DEPTH);
    let error = canonical_json(&deep(DEPTH + 1)).unwrap_err();
    assert!(error.to_string().contains("120 levels"), "{error}");
    // Neither newtypes nor options are a way around it.
    assert!(canonical_json(&Endless).is_err());
}

#[test]
fn values_of_serde_json_do_not_depend_on_its_features() {
    let value: serde_json::Value =
        serde_json::from_str(r#"{ "b": [1.5, null], "a": 18446744073709551615 }"#).unwrap();
    assert_eq!(text(&value), r#"{"a":18446744073709551615,"b":[1.5,null]}"#);
    // So a number is written with `arbitrary_precision`.
    let number = |digits: &'static str| {
        struct Number(&'static str);
        impl Serialize for Number {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut number = serializer.serialize_struct(NUMBER, 1)?;
                number.serialize_field(NUMBER, self.0)?;
                number.end()
            }
        }
        Number(digits)
    };
    assert_eq!(text(&vec![number("1"), number("-2.5e+30")]), "[1,-2.5e+30]");
    assert!(canonical_json(&number("1],[2")).is_err());
    assert!(canonical_json(&number("")).is_err());
    // And so is text that was not parsed, with `raw_value`.
    let raw = by!(serializer => {
        let mut raw = serializer.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, "{ }")?;
        raw.end()
    });
    assert!(canonical_json(&raw).unwrap_err().to_string().contains("RawValue"));
}

#[test]
fn an_error_names_the_type() {
    let error = canonical_json(&by!(serializer => {
        let _ = serializer;
        Err(serde::ser::Error::custom("no such luck"))
    }));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("Value") && error.contains("no such luck"), "{error}");
}

#[test]
fn content_is_compared_whatever_the_order_of_sets() {
    let names: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    let forward: HashSet<_> = names.iter().collect();
    let backward: HashSet<_> = names.iter().rev().collect();
    assert!(is_same_content(&forward, &backward));
    assert!(is_same_content(&(f64::NAN, None::<u8>), &(f64::NAN, None)));
    assert!(!is_same_content(&Some(None), &None::<Option<u8>>));
    assert!(!is_same_content(&(1, 2), &(2, 1)));
    assert!(!is_same_content(&0.1, &0.100_000_000_000_000_02));
}
