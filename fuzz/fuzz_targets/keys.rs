//! Keys of a store: each is read back as what it names, and no two names have one key. Canonical JSON: it is JSON, and
//! is the same whatever the order of a map.

#![no_main]

use std::collections::HashMap;

use arbitrary::Arbitrary;
use cache_core::store::fuzzing::{json, key, name};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    one: (u8, [&'a str; 3]),
    other: (u8, [&'a str; 3]),
    any: &'a [u8],
    map: Vec<(String, (Option<Option<f64>>, i128))>,
}

/// What a kind of key is made of.
fn named((kind, [a, b, c]): (u8, [&str; 3])) -> (u8, [&str; 3]) {
    match kind % 4 {
        0 => (0, [a, b, c]),
        kind @ 1..3 => (kind, [a, b, ""]),
        kind => (kind, [a, "", ""]),
    }
}

fuzz_target!(|input: Input<'_>| {
    let (one, other) = (named(input.one), named(input.other));
    let (one_key, other_key) = (key(one.0, one.1), key(other.0, other.1));
    assert_eq!(one == other, one_key.0 == other_key.0, "full keys");
    assert_eq!(one == other, one_key.1 == other_key.1, "stored keys");
    name(input.any);

    let forward: HashMap<_, _> = input.map.iter().cloned().collect();
    let mut reversed: HashMap<_, _> = HashMap::with_capacity(1000);
    reversed.extend(input.map.iter().rev().filter(|(name, value)| forward[name] == *value).cloned());
    let text = json(&forward);
    if forward.len() == reversed.len() {
        assert_eq!(text, json(&reversed));
    }
    let is_finite = |(value, _): &(Option<Option<f64>>, i128)| value.flatten().is_none_or(f64::is_finite);
    assert_eq!(text.is_some(), forward.values().all(is_finite));
    if let Some(text) = text {
        assert!(serde_json::from_str::<HashMap<String, serde_json::Value>>(&text).is_ok(), "{text}");
    }
});
