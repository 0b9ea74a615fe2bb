//! Bytes from a store, whatever they are: a value or a reason, never a panic; and what is sealed is opened again.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use cache_core::store::fuzzing::{Sealed, decode, open, seal_and_open};
use libfuzzer_sys::fuzz_target;

/// A value that can be nested in each way that serde knows.
#[derive(serde_derive::Deserialize)]
#[expect(dead_code, reason = "it is only read")]
enum Value {
    Unit,
    Newtype(Box<Value>),
    Tuple(f32, char, Option<Box<Value>>),
    Struct { names: BTreeMap<String, Vec<Value>>, number: i128 },
    Nothing(Vec<()>),
}

#[derive(Arbitrary, Debug)]
enum Input {
    Open { stored: Vec<u8>, key: Vec<u8>, schema: u64, now: u64 },
    Parts { parts: Vec<(u64, Vec<u8>)>, schema: u64, now: u64 },
    Decode(Vec<u8>),
    Seal { key: Vec<u8>, schema: u64, times: [u64; 4], revision: u64, tags: Vec<(String, u64)>, body: Vec<u8>, before: Vec<u8> },
}

/// A container of parts whose checksums are right, so that what is in them is read.
fn container(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut container = b"\x9cccs\x01".to_vec();
    container.push(parts.len() as u8);
    for (schema, content) in parts.iter().take(255) {
        container.extend(schema.to_be_bytes());
        container.extend((content.len() as u32 + 4).to_be_bytes());
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&schema.to_be_bytes());
        hasher.update(content);
        container.extend(content);
        container.extend(hasher.finalize().to_be_bytes());
    }
    container
}

fuzz_target!(|input: Input| match input {
    Input::Open { stored, key, schema, now } => open::<Value>(&stored, &key, schema, now),
    Input::Parts { parts, schema, now } => {
        let stored = container(&parts);
        open::<Value>(&stored, b"", schema, now);
        if let Some((schema, _)) = parts.first() {
            open::<Value>(&stored, b"", *schema, now);
        }
    }
    Input::Decode(bytes) => decode::<Value>(&bytes),
    Input::Seal { key, schema, times, revision, tags, body, before } => {
        let tags: Vec<_> = tags.iter().map(|(name, generation)| (name.as_str(), *generation)).collect();
        let (key, tags, body, before) = (&key, &tags, &body, &before);
        seal_and_open(&Sealed { key, schema, times, revision, tags, body, before });
    }
});
