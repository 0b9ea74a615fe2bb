//! Keys of a store: each is read back as what it names, and no two names have one key. Canonical JSON: it is JSON, and
//! is the same whatever the order of a map. Patterns: they match what a plain algorithm says.

#![no_main]

use std::collections::HashMap;

use arbitrary::Arbitrary;
use cache_core::store::fuzzing::{json, key, name};
use libfuzzer_sys::fuzz_target;
use wildmatch::WildMatch;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    one: (u8, [&'a str; 3]),
    other: (u8, [&'a str; 3]),
    any: &'a [u8],
    map: Vec<(String, (Option<Option<f64>>, i128))>,
    pattern: &'a str,
    text: &'a str,
}

/// What a kind of key is made of.
fn named((kind, [a, b, c]): (u8, [&str; 3])) -> (u8, [&str; 3]) {
    match kind % 4 {
        0 => (0, [a, b, c]),
        kind @ 1..3 => (kind, [a, b, ""]),
        kind => (kind, [a, "", ""]),
    }
}

/// Whether a pattern matches a text: for each beginning of the pattern, of which beginnings of the text it does.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for wanted in pattern.chars() {
        if wanted == '*' {
            let first = reached.iter().position(|is| *is).unwrap_or(reached.len());
            reached[first..].fill(true);
        } else {
            for at in (0..text.len()).rev() {
                reached[at + 1] = reached[at] && (wanted == '?' || wanted == text[at]);
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

fuzz_target!(|input: Input<'_>| {
    let (one, other) = (named(input.one), named(input.other));
    let (one_key, other_key) = (key(one.0, one.1), key(other.0, other.1));
    assert_eq!(one == other, one_key.0 == other_key.0, "full keys");
    assert_eq!(one == other, one_key.1 == other_key.1, "stored keys");
    name(input.any);
    assert_eq!(WildMatch::new(input.pattern).matches(input.text), matches(input.pattern, input.text));

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
