//! What the fuzz targets do with the formats of stores. It exists only under `--cfg fuzzing`.

use serde::de::DeserializeOwned;

use super::canonical::canonical_json;
use super::envelope::{Envelope, Part, RawPart};
use super::key::{KeyName, MAX};
use super::{Codec, Compression, SigningKeys};

/// A value that is sealed, whatever it consists of.
#[derive(Debug)]
pub struct Sealed<'a> {
    /// The full key.
    pub key: &'a [u8],
    /// The version of the program.
    pub schema: u64,
    /// When it was created, until when it is fresh, until when it may be served, and when it is opened.
    pub times: [u64; 4],
    /// The revision.
    pub revision: u64,
    /// The tags.
    pub tags: &'a [(&'a str, u64)],
    /// The encoded value.
    pub body: &'a [u8],
    /// Anything, as what was stored before.
    pub before: &'a [u8],
}

fn envelopes() -> [Envelope; 4] {
    let keys = SigningKeys::new([[7; 32]]).ok();
    let plain = || Envelope { max_value: 1 << 20, ..Envelope::default() };
    [
        Envelope { compression: Compression::none(), ..plain() },
        Envelope {
            compression: Compression::lz4().with_threshold(0),
            codec: Codec::message_pack(),
            ..plain()
        },
        Envelope { compression: Compression::zstd(1).with_threshold(0), codec: Codec::postcard(), ..plain() },
        Envelope { keys, ..plain() },
    ]
}

/// Opens anything.
pub fn open<T: DeserializeOwned>(stored: &[u8], key: &[u8], schema: u64, now: u64) {
    for envelope in envelopes() {
        if let Ok(opened) = envelope.open(stored, key, schema, now) {
            assert!(opened.created() <= now && opened.serve_until() > now);
            assert!(opened.tags().all(|(name, _)| name.len() < stored.len()));
            let _ = opened.body().and_then(|body| envelope.decode::<T>(&body));
        }
        let _ = envelope.others(stored, schema, now);
    }
}

/// Decodes anything.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) {
    for envelope in envelopes() {
        let _ = envelope.codec.decode::<T>(bytes);
    }
}

/// Seals a value and opens it again.
pub fn seal_and_open(sealed: &Sealed<'_>) {
    let Sealed { key, schema, times: [created, fresh_until, serve_until, now], revision, tags, body, before } =
        *sealed;
    let part = Part { created, fresh_until, serve_until, revision, tags, body };
    for envelope in envelopes() {
        let others = envelope.others(before, schema, now);
        let Ok(stored) = envelope.seal(key, schema, &part, &others) else {
            assert!(body.len() > envelope.max_value || tags.len() > usize::from(u16::MAX));
            continue;
        };
        match envelope.open(&stored, key, schema, now) {
            Ok(opened) => {
                assert_eq!(opened.body().as_deref(), Ok(body));
                assert_eq!(opened.revision(), revision);
                assert!(opened.tags().eq(tags.iter().copied()));
            }
            Err(reason) => assert!(created > now || serve_until <= now, "{reason}"),
        }
        assert!(envelope.open(&stored, b"another key", schema, now).is_err() || key == b"another key");
        let again: Vec<RawPart<'_>> = envelope.others(&stored, schema, now);
        assert_eq!(again.len(), others.len().min(7));
    }
}

/// Names a key, and finds the name again.
pub fn key(kind: u8, components: [&str; 3]) -> (Vec<u8>, Vec<u8>) {
    let [namespace, function, json] = components.map(str::to_owned);
    let name = match kind % 4 {
        0 => KeyName::Value { namespace, function, json },
        1 => KeyName::Tag { namespace, tag: function },
        2 => KeyName::Fact { namespace, tag: function },
        _ => KeyName::Revision { namespace },
    };
    let key = name.key();
    assert!(key.stored().len() <= MAX);
    assert!(key.full().iter().chain(key.stored()).all(u8::is_ascii_graphic));
    assert_eq!(KeyName::of(key.full()), Some(name));
    (key.full().to_vec(), key.stored().to_vec())
}

/// Reads anything as a key. What is one is written in one way only.
pub fn name(full: &[u8]) {
    if let Some(name) = KeyName::of(full) {
        assert_eq!(name.key().full(), full);
    }
}

/// The canonical JSON of a value, if it has one.
pub fn json<T: serde::Serialize>(value: &T) -> Option<String> {
    canonical_json(value).ok()
}
