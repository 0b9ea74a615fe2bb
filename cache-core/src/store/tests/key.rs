//! Names of store keys are readable, bounded, and different for different things.

use std::collections::HashSet;

use super::*;

/// Components that are hard to keep apart.
fn components() -> Vec<String> {
    let mut components: Vec<String> = [
        "",
        "a",
        "ab",
        "b",
        "a/b",
        "/",
        "//",
        "%",
        "%2F",
        "%2f",
        "~",
        "a~b",
        "a b",
        " ",
        "v",
        "t",
        "f",
        "n",
        "\0",
        "\n",
        "\r\n",
        "nm",
        "nma",
        "é",
        "e\u{301}",
        "🐈",
        "{a}",
        "[1,\"x\"]",
        "\u{7f}",
        "a%",
        "%%",
    ]
    .map(str::to_owned)
    .to_vec();
    components.push("x".repeat(MAX));
    components.push("🐈".repeat(MAX));
    components
}

fn names() -> Vec<KeyName> {
    let components = components();
    let mut names = Vec::new();
    for a in &components {
        let namespace = a.clone();
        names.push(KeyName::Revision { namespace: namespace.clone() });
        for b in &components {
            names.push(KeyName::Tag { namespace: namespace.clone(), tag: b.clone() });
            names.push(KeyName::Fact { namespace: namespace.clone(), tag: b.clone() });
            for c in ["", "a", "/", "%2F", "~", "v", "\0", "🐈"] {
                let (namespace, function) = (namespace.clone(), b.clone());
                names.push(KeyName::Value { namespace, function, json: c.to_owned() });
            }
        }
    }
    names
}

#[test]
fn keys_can_be_read() {
    let shop = Namespace::new("shop");
    let full = |key: StoreKey| String::from_utf8(key.full().to_vec()).unwrap();
    assert_eq!(full(shop.value("cats::by_name", r#"["tom",1]"#)), r#"shop/v/cats::by_name/["tom",1]"#);
    assert_eq!(
        full(shop.value("cats", r#"[{"a b":"ü/~"}]"#)),
        "shop/v/cats/[%7B\"a%20b\":\"%C3%BC%2F%7E\"%7D]"
    );
    assert_eq!(full(shop.tag("owner:7")), "shop/t/owner:7");
    assert_eq!(full(shop.fact("owner:7")), "shop/f/owner:7");
    assert_eq!(full(shop.revision()), "shop/n");
    assert_eq!(full(Namespace::new("{shop}").revision()), "{shop}/n");
}

#[test]
fn different_names_have_different_keys_and_each_is_found_again() {
    let (mut full, mut stored) = (HashSet::new(), HashSet::new());
    for name in names() {
        let key = name.key();
        assert!(key.stored().len() <= MAX);
        for byte in key.full().iter().chain(key.stored()) {
            assert!((0x21..=0x7e).contains(byte), "{name:?}");
        }
        assert_eq!(KeyName::of(key.full()).as_ref(), Some(&name));
        let is_new = full.insert(key.full().clone()) && stored.insert(key.stored().clone());
        assert!(is_new, "{name:?} has the key of another");
    }
}

#[test]
fn long_keys_end_in_a_hash_and_begin_readably() {
    let shop = Namespace::new("shop");
    let fits = shop.tag(&"x".repeat(MAX - "shop/t/".len()));
    assert_eq!((fits.full().len(), fits.stored()), (MAX, fits.full()));
    let long = shop.tag(&"x".repeat(MAX + 1 - "shop/t/".len()));
    let stored = std::str::from_utf8(long.stored()).unwrap();
    let (readable, hash) = stored.split_once('~').unwrap();
    assert_eq!((stored.len(), readable.len(), hash.len()), (MAX, READABLE, 64));
    assert!(long.full().starts_with(readable.as_bytes()));
    // A short key that is chosen to look like a hashed one is escaped.
    let forged = shop.tag(stored.strip_prefix("shop/t/").unwrap());
    assert_ne!(forged.stored(), long.stored());
}

#[test]
fn a_key_of_a_mebibyte_is_stored_under_a_short_one() {
    for component in ["x", "\0", "\n", "🐈"] {
        let json = component.repeat((1 << 20) / component.len());
        let name = KeyName::Value { namespace: "shop".into(), function: "f".into(), json };
        assert_eq!(name.key().stored().len(), MAX);
        assert_eq!(KeyName::of(name.key().full()), Some(name));
    }
}

#[test]
fn what_is_no_key_names_nothing() {
    for text in [
        "",
        "a",
        "a/",
        "a/x",
        "a/n/",
        "a/n/b",
        "a/t",
        "a/t/b/c",
        "a/v/b",
        "a/v/b/c/d",
        "a/t/%",
        "a/t/%4",
        "a/t/%zz",
        "a/t/%+1",
        "a/t/%41",
        "a/t/%2f",
        "a/t/~",
        "a/t/ ",
        "a/t/\u{e9}",
        "a/t/%FF",
        "a/t/{",
    ] {
        assert_eq!(KeyName::of(text.as_bytes()), None, "{text}");
    }
    assert_eq!(KeyName::of(b"a/t/\xff"), None);
}

#[test]
fn a_namespace_is_apart_from_one_that_begins_with_its_name() {
    let (nm, nma) = (Namespace::new("nm").values("f"), Namespace::new("nma").values("f"));
    assert!(!nma.value("1").stored().starts_with(nm.prefix()));
    assert!(nm.value("1").stored().starts_with(nm.prefix()));
    assert!(nm.has(nm.value("1").full()) && !nm.has(nma.value("1").full()));
    // Nor can a name of a function reach into another function.
    let (cat, cats) = (Namespace::new("nm").values("cat"), Namespace::new("nm").values("cat/s"));
    assert!(!cats.value("1").stored().starts_with(cat.prefix()) && !cat.has(cats.value("1").full()));
}

#[test]
fn the_prefix_of_a_function_finds_hashed_keys_too() {
    for len in [1, READABLE - 20, READABLE, MAX, 1000] {
        let function = Namespace::new("shop").values(&"f".repeat(len));
        for json in ["[1]".to_owned(), "x".repeat(1000)] {
            let key = function.value(&json);
            assert!(key.stored().starts_with(function.prefix()));
            assert!(function.has(key.full()));
        }
    }
    assert!(!Namespace::new("shop").values("f").has(b"shop/v/f/1/2"));
}

#[test]
fn a_secret_is_only_a_hash() {
    let hash = secret("\"hunter2\"");
    assert!(!hash.contains("hunter2"));
    assert_eq!(hash, secret("\"hunter2\""));
    assert_ne!(hash, secret("\"hunter3\""));
    assert_eq!(hash.len(), "secret:".len() + 64);
    assert!(!hash.contains(&hex(&Sha256::digest("\"hunter2\""))), "the hash of the same text elsewhere");
}
