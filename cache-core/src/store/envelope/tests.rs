//! What is sealed is opened again, by whom it is for; everything else is a miss with its reason.

mod hostile;
mod versions;

use super::*;

const KEY: &[u8] = b"shop/v/cats/[1]";
const SCHEMA: u64 = 0x1234_5678_9abc_def0;
const NOW: u64 = 1_800_000_000_000;
const A: &[u8] = &[1; 32];
const B: &[u8] = &[2; 32];

impl Envelope {
    /// The value of a part.
    pub(crate) fn value<T: DeserializeOwned>(&self, opened: &Opened<'_>) -> Result<T, Unreadable> {
        self.decode(&opened.body()?)
    }
}

fn plain() -> Envelope {
    Envelope { compression: Compression::none(), ..Envelope::default() }
}

fn signed(keys: &[&[u8]]) -> Envelope {
    Envelope { keys: Some(SigningKeys::new(keys).unwrap()), ..plain() }
}

/// Each kind of envelope that differs in its bytes.
fn envelopes() -> Vec<Envelope> {
    let small = |compression: Compression| compression.with_threshold(16);
    vec![
        plain(),
        Envelope { compression: small(Compression::lz4()), ..Envelope::default() },
        #[cfg(feature = "zstd")]
        Envelope { compression: small(Compression::zstd(3)), ..Envelope::default() },
        signed(&[A]),
        Envelope { compression: small(Compression::lz4()), ..signed(&[A, B]) },
    ]
}

fn part(body: &[u8]) -> Part<'_, &'static str> {
    Part {
        created: NOW,
        fresh_until: NOW + 60_000,
        serve_until: NOW + 90_000,
        revision: 7 << 24 | 5,
        tags: &[("cats", 1), ("owner:ö 🐈", u64::MAX), ("", 0)],
        body,
    }
}

fn body() -> Vec<u8> {
    b"\"miau miau miau miau miau miau miau miau miau miau miau miau\"".repeat(3)
}

fn sealed(envelope: &Envelope) -> Bytes {
    envelope.seal(KEY, SCHEMA, &part(&body()), &[]).unwrap()
}

fn reason(envelope: &Envelope, stored: &[u8]) -> Unreadable {
    envelope.open(stored, KEY, SCHEMA, NOW).unwrap_err()
}

/// The same with a checksum that is right, as somebody would write it who wants to be believed.
fn forged(stored: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut content = stored[18..stored.len() - 4].to_vec();
    change(&mut content);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&stored[6..14]);
    hasher.update(&content);
    content.extend(hasher.finalize().to_be_bytes());
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&stored[..14], &len, &content].concat()
}

#[test]
fn what_is_sealed_is_opened() {
    for envelope in envelopes() {
        let stored = sealed(&envelope);
        let opened = envelope.open(&stored, KEY, SCHEMA, NOW + 59_999).unwrap();
        assert_eq!(
            (opened.created(), opened.fresh_until(), opened.serve_until()),
            (NOW, NOW + 60_000, NOW + 90_000)
        );
        assert_eq!(opened.revision(), 7 << 24 | 5);
        assert_eq!(opened.tags().len(), 3);
        assert_eq!(opened.tags().collect::<Vec<_>>(), part(b"").tags);
        assert_eq!(opened.body().unwrap(), body());
    }
    let stored = plain().seal(b"", 0, &Part { tags: &[], ..part(b"") }, &[]).unwrap();
    let opened = plain().open(&stored, b"", 0, NOW).map(|opened| opened.body().unwrap().len());
    assert_eq!(opened, Ok(0));
}

#[test]
fn values_are_encoded_and_decoded() {
    let envelope = Envelope::default();
    let names = vec!["tom".to_owned(); 1000];
    let encoded = envelope.codec.encode(&names).unwrap();
    let stored = envelope.seal(KEY, SCHEMA, &part(&encoded), &[]).unwrap();
    assert!(stored.len() < encoded.len() / 2, "it is compressed");
    let opened = envelope.open(&stored, KEY, SCHEMA, NOW).unwrap();
    assert_eq!(envelope.value::<Vec<String>>(&opened), Ok(names));
    assert!(
        matches!(envelope.value::<u8>(&opened), Err(Unreadable::Undecodable(reason)) if reason.contains("u8"))
    );
}

#[test]
fn a_body_that_is_not_compressed_is_borrowed() {
    let stored = sealed(&plain());
    let opened = plain().open(&stored, KEY, SCHEMA, NOW).unwrap();
    let Cow::Borrowed(body) = opened.body().unwrap() else { panic!("it was copied") };
    assert!(stored.as_ptr_range().contains(&body.as_ptr()));
}

#[test]
fn another_codec_is_foreign() {
    let stored = sealed(&plain());
    let other = forged(&stored, |content| content[34] = 2);
    assert_eq!(reason(&plain(), &other), Unreadable::OtherCodec);
    #[cfg(feature = "postcard")]
    {
        let postcard = Envelope { codec: Codec::postcard(), ..plain() };
        assert_eq!(reason(&postcard, &stored), Unreadable::OtherCodec);
        assert_eq!(reason(&plain(), &sealed(&postcard)), Unreadable::OtherCodec);
    }
}

#[test]
fn codecs_of_the_users_are_told_apart_by_name() {
    use super::super::codec::{CodecError, CustomCodec};
    struct Named(&'static str);
    impl CustomCodec for Named {
        fn name(&self) -> &str {
            self.0
        }

        fn encode(&self, value: &dyn erased_serde::Serialize) -> Result<Vec<u8>, CodecError> {
            Ok(serde_json::to_vec(value)?)
        }

        fn decode(
            &self,
            bytes: &[u8],
            value: &mut dyn FnMut(&mut dyn erased_serde::Deserializer<'_>) -> Result<(), erased_serde::Error>,
        ) -> Result<(), CodecError> {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            Ok(value(&mut <dyn erased_serde::Deserializer<'_>>::erase(&mut json))?)
        }
    }
    let named = |name| Envelope { codec: Codec::custom(Named(name)).unwrap(), ..plain() };
    let stored = named("one").seal(KEY, SCHEMA, &part(b"42"), &[]).unwrap();
    let one = named("one");
    assert_eq!(one.value::<u8>(&one.open(&stored, KEY, SCHEMA, NOW).unwrap()), Ok(42));
    assert_eq!(reason(&named("two"), &stored), Unreadable::OtherCodec);
    assert_eq!(reason(&plain(), &stored), Unreadable::OtherCodec);
}

#[test]
fn older_and_newer_formats_are_told() {
    for format in [0, 2, 255] {
        let mut stored = sealed(&plain()).to_vec();
        stored[4] = format;
        assert_eq!(reason(&plain(), &stored), Unreadable::OtherFormat(format));
        assert!(plain().others(&stored, 0, NOW).is_empty());
    }
}

#[test]
fn a_placeholder_is_neither_a_value_nor_corrupt() {
    for envelope in envelopes() {
        assert_eq!(reason(&envelope, &Envelope::placeholder()), Unreadable::Placeholder);
        assert!(envelope.others(&Envelope::placeholder(), SCHEMA, NOW).is_empty());
    }
}

#[test]
fn a_value_expires_when_it_may_no_longer_be_served() {
    let stored = sealed(&plain());
    let at = |now| plain().open(&stored, KEY, SCHEMA, now).map(|_| ()).err();
    assert_eq!(at(NOW + 89_999), None);
    assert_eq!(at(NOW + 90_000), Some(Unreadable::Expired));
    assert_eq!(at(u64::MAX), Some(Unreadable::Expired));
    let for_ever = Part { serve_until: FOR_EVER, fresh_until: FOR_EVER, ..part(b"1") };
    let stored = plain().seal(KEY, SCHEMA, &for_ever, &[]).unwrap();
    let opened = plain().open(&stored, KEY, SCHEMA, u64::MAX - 1).unwrap();
    assert_eq!((opened.fresh_until(), opened.serve_until()), (FOR_EVER, FOR_EVER));
}

#[test]
fn a_writer_whose_clock_is_ahead_gives_no_longer_life() {
    let stored = sealed(&plain());
    let behind = |by| plain().open(&stored, KEY, SCHEMA, NOW - by);
    let opened = behind(CLOCK_TOLERANCE).unwrap();
    let now = NOW - CLOCK_TOLERANCE;
    assert_eq!(
        (opened.created(), opened.fresh_until(), opened.serve_until()),
        (now, now + 60_000, now + 90_000)
    );
    assert_eq!(behind(CLOCK_TOLERANCE + 1).unwrap_err(), Unreadable::FromTheFuture);
    // Its own end counts by its own clock too.
    let ended = Part { created: NOW + 5_000, serve_until: NOW + 5_000, ..part(b"1") };
    let stored = plain().seal(KEY, SCHEMA, &ended, &[]).unwrap();
    assert_eq!(reason(&plain(), &stored), Unreadable::Expired);
    let for_ever = Part { created: u64::MAX, serve_until: FOR_EVER, ..part(b"1") };
    let stored = plain().seal(KEY, SCHEMA, &for_ever, &[]).unwrap();
    assert_eq!(reason(&plain(), &stored), Unreadable::FromTheFuture);
}

#[test]
fn keys_of_any_length_are_carried() {
    let key = "🐈\0\n".repeat(1 << 17);
    let stored = plain().seal(key.as_bytes(), SCHEMA, &part(b"1"), &[]).unwrap();
    assert!(plain().open(&stored, key.as_bytes(), SCHEMA, NOW).is_ok());
}

#[test]
fn too_many_tags_are_refused() {
    let tags = vec![("a", 1); 1 << 16];
    let error = plain().seal(KEY, SCHEMA, &Part { tags: &tags, ..part(b"1") }, &[]).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Refused);
    assert!(plain().seal(KEY, SCHEMA, &Part { tags: &tags[1..], ..part(b"1") }, &[]).is_ok());
}

#[test]
fn each_reason_says_something_of_its_own() {
    use Unreadable::*;
    let reasons = [
        Placeholder,
        OtherVersion,
        Foreign,
        OtherCodec,
        OtherFormat(2),
        Corrupt,
        OtherKey,
        Signature,
        TooLarge(5),
        Expired,
        FromTheFuture,
        MissingFeature("zstd"),
        Undecodable("no".to_owned()),
    ];
    let texts: std::collections::HashSet<_> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), reasons.len());
}
