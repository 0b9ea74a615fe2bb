//! Configurations that are no accident.

use super::*;
use crate::store::aliases::config::{CacheConfig, aliases};
use crate::store::aliases::error::quoted;

const DIGITS: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// Reads a text, and looks whether the error, if there is one, can be shown.
fn try_read(text: &str) {
    let shown = match aliases(text, None) {
        Ok(configs) => format!("{configs:?}"),
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.is_empty() && !shown.contains('\n'), "{shown:?}");
            format!("{shown}{error:?}")
        }
    };
    assert!(!shown.contains(DIGITS), "{shown}");
}

#[test]
fn nothing_panics_whatever_is_changed_in_a_configuration() {
    let whole = include_str!("../../../../../tests/golden/1/config/accepted.json");
    let pieces =
        ["{", "}", "[", "]", "\"", ":", ",", "null", "true", "-1", "1e400", "%", "?", "=", "\\u0000", "é"];
    let mut random = fastrand::Rng::with_seed(17);
    let places: Vec<usize> = whole.char_indices().map(|(at, _)| at).collect();
    for _ in 0..4000 {
        let mut text = whole.to_owned();
        let at = *random.choice(&places).unwrap();
        let end =
            places.iter().copied().find(|place| *place >= at + random.usize(..6)).unwrap_or(whole.len());
        text.replace_range(at..end, random.choice(pieces).unwrap());
        try_read(&text);
    }
}

#[test]
fn keys_are_never_shown() {
    let short = format!("hex:{DIGITS}");
    let whole = format!("hex:{DIGITS}{DIGITS}");
    for keys in [
        format!("[{short:?}]"),
        format!("[{whole:?}]"),
        format!("{whole:?}"),
        format!("[\"{DIGITS}\"]"),
        format!("[{{\"key\": {whole:?}}}]"),
        format!("[\"{whole}g\"]"),
        format!("[{whole:?}, {short:?}]"),
    ] {
        try_read(&format!(r#"{{ "a": {{ "url": "memory:", "signing_keys": {keys} }} }}"#));
        try_read(&format!(r#"{{ "a": {{ "url": "memory:", "signing_key": {keys} }} }}"#));
        try_read(&format!(r#"{{ "signing_keys": {keys} }}"#));
    }
    try_read(&format!(r#"{{ "a": {{ "url": "memory:?signing_keys={whole}" }} }}"#));
    try_read(&format!(r#"{{ "a": {{ "url": "redis://user:{DIGITS}@host" }} }}"#));
    try_read(&format!(r#"{{ "a": {{ "url": "memory://user:{DIGITS}@host" }} }}"#));
}

#[test]
fn depth_and_length_are_borne() {
    try_read(&"[".repeat(1 << 20));
    try_read(&format!("{{\"a\":{}", "{\"a\":".repeat(1 << 18)));
    let long = "x".repeat(1 << 20);
    for text in [
        format!(r#"{{ "{long}": {{ "url": "memory:" }} }}"#),
        format!(r#"{{ "a": {{ "{long}": 1 }} }}"#),
        format!(r#"{{ "a": {{ "url": "{long}:" }} }}"#),
        format!(r#"{{ "a": {{ "url": "memory:?{long}=1" }} }}"#),
        format!(r#"{{ "a": {{ "url": "memory:", "ttl": "{long}" }} }}"#),
        format!(r#"{{ "a": {{ "url": "memory:", "capacity": "{long}" }} }}"#),
        format!(r#"{{ "a": {{ "url": "memory:", "codec": "{long}" }} }}"#),
        format!(r#"{{ "a": {{ "url": "memory:", "signing_keys": ["env:{long}"] }} }}"#),
    ] {
        try_read(&text);
        if let Err(error) = aliases(&text, None) {
            assert!(error.to_string().len() < 1500, "a message is {} bytes long", error.to_string().len());
        }
    }
}

#[test]
fn urls_are_read_strictly() {
    for wrong in [
        "",
        ":",
        "?",
        "memory",
        "memory:x",
        "memory:///",
        "disk:",
        "disk://",
        "disk://host/x",
        "disk:%",
        "disk:%f",
        "disk:%ff",
        "disk:%+1",
        "disk:a%00",
        "memory:?",
        "memory:?ttl",
        "memory:?=",
        "memory:?ttl=",
        "memory:?ttl=%",
        "memory:?ttl=1&ttl=1",
        "memory:?url=memory:",
        "memory:?tiers=x",
        " memory:",
        "null:?capacity=1",
    ] {
        // An option list may be empty.
        let is_right = wrong == "memory:?";
        assert_eq!(CacheConfig::of_url(wrong).is_ok(), is_right, "{wrong}");
    }
}

#[test]
fn what_is_quoted_stays_on_one_line_and_short() {
    assert_eq!(quoted("a\nb\u{1b}[0m"), "`a\\nb\\u{1b}[0m`");
    assert_eq!(quoted(&"é".repeat(81)), format!("`{}…`", "é".repeat(80)));
    assert_eq!(quoted(&"é".repeat(80)), format!("`{}`", "é".repeat(80)));
}

#[test]
fn a_missing_feature_is_named_with_the_line_for_cargo() {
    use crate::store::aliases::value::Choice;
    let choices = [Choice::always("json"), Choice::by_feature("msgpack", false)];
    let error = Choice::named(&choices, "codec", "msgpack").unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::MissingFeature);
    assert_eq!(
        error.to_string(),
        "the codec `msgpack` needs the feature `msgpack`, which is not compiled in; write in Cargo.toml: \
         cache-core = { version = \"0.1\", features = [\"msgpack\"] }"
    );
    let wrong: Result<_, ConfigError> = Choice::named(&choices, "codec", "jsn");
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "there is no codec `jsn` (did you mean `json`?); there are `json` and `msgpack`"
    );
}

#[test]
#[cfg(not(feature = "disk"))]
fn without_the_feature_a_url_of_a_disk_names_it() {
    let error = CacheConfig::of_url("disk:./cache.redb").unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::MissingFeature);
}
