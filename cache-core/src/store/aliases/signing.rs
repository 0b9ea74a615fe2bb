//! Signing keys, as a configuration says them. No message and no `Debug` shows one.

use std::fmt;

use serde_json::{Value, json};

use super::ConfigError;
use super::error::quoted;
use super::json::kind;
use super::value::Form;
use crate::store::SigningKeys;

/// How many bytes a key has at least.
const MIN_LEN: usize = SigningKeys::MIN_LEN;

/// A list of keys.
pub(super) struct Keys;

/// The bytes of a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SecretKey(Vec<u8>);

impl SecretKey {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

const HEX: &str = "hex:";
const VARIABLE: &str = "env:";

impl Form for Keys {
    type Read = Vec<SecretKey>;

    fn expected() -> String {
        "a list of keys, each \"hex:\" and at least 64 hexadecimal digits, such as `openssl rand -hex 32` prints, \
         or \"env:\" and the name of a variable that holds the same"
            .to_owned()
    }

    fn read(value: &Value) -> Result<Vec<SecretKey>, ConfigError> {
        let keys = value.as_array().ok_or_else(|| wrong(&format!("it is {}", kind(value))))?;
        if keys.is_empty() {
            return Err(wrong("it is empty"));
        }
        keys.iter().enumerate().map(|(at, key)| read(at + 1, key)).collect()
    }

    fn read_option(_: &str) -> Result<Vec<SecretKey>, ConfigError> {
        Err(ConfigError::wrong("keys cannot be in a url, because urls are often shown: make it a field"))
    }

    fn schema() -> Value {
        let hex = format!("^{HEX}([0-9a-fA-F]{{2}}){{{MIN_LEN},}}$");
        let key = json!({ "type": "string", "anyOf": [{ "pattern": hex }, { "pattern": format!("^{VARIABLE}.+$") }] });
        json!({ "type": "array", "minItems": 1, "items": key })
    }
}

fn wrong(what: &str) -> ConfigError {
    ConfigError::wrong(format!("{what}: it must be {}", Keys::expected()))
}

/// Reads the key of a number, which begins at 1.
fn read(number: usize, value: &Value) -> Result<SecretKey, ConfigError> {
    let text = value.as_str().ok_or_else(|| wrong(&format!("key {number} is {}", kind(value))))?;
    let Some(name) = text.strip_prefix(VARIABLE) else { return decode(&format!("key {number}"), text) };
    // The operating system has no such names, and may panic at them.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(wrong(&format!("key {number} names no variable")));
    }
    let what = format!("key {number}, the value of the variable {},", quoted(name));
    match std::env::var(name) {
        Ok(text) => decode(&what, text.trim()),
        Err(error) => {
            let why = match error {
                std::env::VarError::NotPresent => "is not set",
                std::env::VarError::NotUnicode(_) => "is no text",
            };
            let what = format!("the variable {}, which is to hold key {number}, {why}", quoted(name));
            Err(ConfigError::new(super::ConfigErrorKind::Unreadable, what))
        }
    }
}

fn decode(what: &str, text: &str) -> Result<SecretKey, ConfigError> {
    let digits = text
        .strip_prefix(HEX)
        .ok_or_else(|| wrong(&format!("{what} begins with neither `hex:` nor `env:`")))?;
    let bytes = hex(digits)
        .ok_or_else(|| wrong(&format!("{what} is not an even number of hexadecimal digits after `hex:`")))?;
    if bytes.len() < MIN_LEN {
        let len = bytes.len();
        return Err(ConfigError::wrong(format!("{what} has {len} bytes; it needs at least {MIN_LEN}")));
    }
    Ok(SecretKey(bytes))
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
