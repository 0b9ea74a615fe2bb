//! Keys, containers and numbers of schemas as they were written before: `tests/golden/1`, at the root of the workspace.
//! Other programs have them in their stores, so they are read, and those that are not compressed are written, for ever as
//! they are.
//!
//! A change that is meant needs a new format, and files in a folder of its own. `BLESS=1` writes the files.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs};

use super::canonical::canonical_json;
use super::envelope::{Envelope, FOR_EVER, Part, Unreadable};
use super::key::{KeyName, Namespace, secret};
use super::schema::schema_of;
use super::{Compression, SigningKeys};

const NOW: u64 = 1_800_000_000_000;
const KEY: &[u8] = b"shop/v/cats::by_name/[\"tom\"]";

type Value = (String, Vec<u32>, Option<f64>);

fn value() -> Value {
    ("Tom 🐈".to_owned(), (0..40).chain([7; 200]).collect(), Some(4.25))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/1")
}

fn is_blessed() -> bool {
    env::var_os("BLESS").is_some()
}

/// The bytes of a file. They are written first if `BLESS` is set.
fn golden(name: &str, written: &[u8]) -> Vec<u8> {
    let path = folder().join(name);
    if is_blessed() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, written).unwrap();
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Containers by the name of their file, and whether they are always written alike.
fn containers() -> Vec<(&'static str, Envelope, bool)> {
    let none = Compression::none();
    let plain = || Envelope { compression: none, ..Envelope::default() };
    let keys = |keys: &[[u8; 32]]| Some(SigningKeys::new(keys).unwrap());
    vec![
        ("json.bin", plain(), true),
        #[cfg(feature = "msgpack")]
        ("msgpack.bin", Envelope { codec: super::Codec::message_pack(), ..plain() }, true),
        #[cfg(feature = "postcard")]
        ("postcard.bin", Envelope { codec: super::Codec::postcard(), ..plain() }, true),
        ("signed.bin", Envelope { keys: keys(&[*b"a key of 32 bytes, for the tests"]), ..plain() }, true),
        ("lz4.bin", Envelope { compression: Compression::lz4().with_threshold(0), ..plain() }, false),
        #[cfg(feature = "zstd")]
        ("zstd.bin", Envelope { compression: Compression::zstd(3).with_threshold(0), ..plain() }, false),
    ]
}

fn sealed(envelope: &Envelope) -> Vec<u8> {
    let part = Part {
        created: NOW,
        fresh_until: NOW + 60_000,
        serve_until: FOR_EVER,
        revision: 0x0012_3456_7800_0005,
        tags: &[("cats", 0x1122_3344_5566_7788), ("owner:ö", 1)],
        body: &envelope.codec.encode(&value()).unwrap(),
    };
    envelope.seal(KEY, 42, &part, &[]).unwrap().to_vec()
}

#[test]
fn containers_are_read_and_written_as_ever() {
    for (name, envelope, is_written_alike) in containers() {
        let written = sealed(&envelope);
        let stored = golden(name, &written);
        let opened = envelope.open(&stored, KEY, 42, NOW).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        assert_eq!(envelope.value::<Value>(&opened), Ok(value()), "{name}");
        assert_eq!((opened.created(), opened.fresh_until()), (NOW, NOW + 60_000));
        assert_eq!((opened.serve_until(), opened.revision()), (FOR_EVER, 0x0012_3456_7800_0005));
        let tags: Vec<_> = opened.tags().collect();
        assert_eq!(tags, [("cats", 0x1122_3344_5566_7788), ("owner:ö", 1)]);
        if is_written_alike {
            assert_eq!(written, stored, "{name} is written otherwise");
        } else {
            assert!(opened.body().unwrap().len() > 64, "{name}");
        }
    }
}

#[test]
fn a_container_of_two_versions_is_read_and_written_as_ever() {
    let envelope = Envelope { compression: Compression::none(), ..Envelope::default() };
    let first = sealed(&envelope);
    let tags: &[(&str, u64)] = &[];
    let part =
        Part { created: NOW, fresh_until: NOW, serve_until: NOW + 1, revision: 1, tags, body: b"\"second\"" };
    let written = envelope.seal(KEY, 43, &part, &envelope.others(&first, 43, NOW)).unwrap();
    let stored = golden("two-versions.bin", &written);
    assert_eq!(written, stored);
    let first = envelope.open(&stored, KEY, 42, NOW).unwrap();
    assert_eq!(envelope.value::<Value>(&first), Ok(value()));
    let second = envelope.open(&stored, KEY, 43, NOW).unwrap();
    assert_eq!(envelope.value::<String>(&second), Ok("second".to_owned()));
}

#[test]
fn a_placeholder_is_read_and_written_as_ever() {
    let stored = golden("placeholder.bin", &Envelope::placeholder());
    assert_eq!(Envelope::placeholder(), stored);
    let reason = Envelope::default().open(&stored, KEY, 42, NOW).unwrap_err();
    assert_eq!(reason, Unreadable::Placeholder);
}

/// What `serde` is told of it, and how types are met again.
#[derive(cache_macros::Schema)]
#[schema(crate = crate, version = 3)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Cat<T> {
    full_name: String,
    #[serde(alias = "weight", default, skip_serializing_if = "Option::is_none")]
    weight_in_grams: Option<f64>,
    kittens: Vec<Cat<T>>,
    #[serde(with = "seconds")]
    born: SystemTime,
    owner: T,
}

#[derive(cache_macros::Schema)]
#[schema(crate = crate)]
#[serde(untagged, deny_unknown_fields)]
#[allow(dead_code)]
enum Owner {
    Person {
        #[serde(alias = "key")]
        id: u64,
    },
    Shelter(String, [u8; 4]),
}

#[test]
fn schemas_have_the_numbers_that_they_always_had() {
    type Standard = HashMap<PathBuf, (Option<u8>, Result<Box<[char]>, Duration>)>;
    let numbers = [
        ("Standard", schema_of::<Standard>()),
        ("Owner", schema_of::<Owner>()),
        ("Cat", schema_of::<Cat<Owner>>()),
    ];
    let mut written = String::new();
    for (name, number) in numbers {
        writeln!(written, "{name} {number:016x}").unwrap();
    }
    assert_eq!(written, String::from_utf8(golden("schemas.txt", written.as_bytes())).unwrap());
}

#[test]
fn keys_are_named_as_ever() {
    let shop = Namespace::new("shop");
    let arguments = (
        ("tom", -1, 2.5, 1e300, u128::MAX),
        HashMap::from([("b", Some(1)), ("a", None), ("c/%~", Some(2))]),
        (Some(None::<u8>), 'ß', true, "{\"\n"),
    );
    let json = canonical_json(&arguments).unwrap();
    let keys = [
        shop.revision(),
        shop.tag("cats"),
        shop.tag("owner:ö/7 🐈"),
        shop.fact("cats"),
        shop.value("cats::by_name", &canonical_json(&("tom",)).unwrap()),
        shop.value("cats::by_all", &json),
        shop.value("log_in", &format!("[\"tom\",\"{}\"]", secret("\"hunter2\""))),
        shop.value("long", &canonical_json(&("x".repeat(1000),)).unwrap()),
        Namespace::new("{shop}/eu").value("", "[]"),
        Namespace::new("").tag("\0\n"),
    ];
    let mut written = String::new();
    for key in &keys {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        writeln!(written, "{}", text(key.full())).unwrap();
        if key.full() != key.stored() {
            writeln!(written, "  {}", text(key.stored())).unwrap();
        }
    }
    let stored = String::from_utf8(golden("keys.txt", written.as_bytes())).unwrap();
    assert_eq!(written, stored);
    for full in stored.lines().filter(|line| !line.starts_with(' ')) {
        assert!(KeyName::of(full.as_bytes()).is_some(), "{full}");
    }
}
