//! The forms that the values of fields have: what is expected, how it is read, and how a JSON schema says it.

use std::time::Duration;

use serde_json::{Value, json};

use super::ConfigError;
use super::error::{list, quoted, suggestion};
use super::json::kind;
use crate::store::duration;

/// A form of values.
pub(super) trait Form {
    type Read;
    /// What a value must be. It ends a sentence.
    fn expected() -> String;
    fn read(value: &Value) -> Result<Self::Read, ConfigError>;
    /// Reads the option of a url.
    fn read_option(text: &str) -> Result<Self::Read, ConfigError> {
        Self::read(&Value::from(text))
    }
    fn schema() -> Value;
}

/// The error of a value of another type.
pub(super) fn other_type<F: Form>(value: &Value) -> ConfigError {
    ConfigError::wrong(format!("it is {}, and must be {}", kind(value), F::expected()))
}

/// A text that is not empty.
pub(super) struct Text;

impl Form for Text {
    type Read = String;

    fn expected() -> String {
        "a text that is not empty".to_owned()
    }

    fn read(value: &Value) -> Result<String, ConfigError> {
        match value {
            Value::String(text) if text.is_empty() => {
                Err(ConfigError::wrong(format!("it is empty, and must be {}", Self::expected())))
            }
            Value::String(text) => Ok(text.clone()),
            other => Err(other_type::<Self>(other)),
        }
    }

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// How long values are kept.
pub(super) struct Ttl;

impl Form for Ttl {
    type Read = Duration;

    fn expected() -> String {
        "a text such as \"250ms\", \"5m\" or \"1h30m\" (units are ns, us, ms, s, m, h, d and w), or a number of seconds".to_owned()
    }

    fn read(value: &Value) -> Result<Duration, ConfigError> {
        match value {
            Value::String(text) => duration::parse(text).map_err(|_| {
                ConfigError::wrong(format!(
                    "{} is no duration: it must be {}",
                    quoted(text),
                    Self::expected()
                ))
            }),
            Value::Number(number) => {
                let seconds = match number.as_u64() {
                    Some(whole) => Some(Duration::from_secs(whole)),
                    None => number.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
                };
                seconds.ok_or_else(|| {
                    let number = quoted(&number.to_string());
                    ConfigError::wrong(format!(
                        "{number} seconds are no duration: it must be {}",
                        Self::expected()
                    ))
                })
            }
            other => Err(other_type::<Self>(other)),
        }
    }

    fn read_option(text: &str) -> Result<Duration, ConfigError> {
        Self::read(&number(text).unwrap_or_else(|| Value::from(text)))
    }

    fn schema() -> Value {
        // A number, then a unit, as often as one likes.
        let pattern = r"^\s*([0-9]+(\.[0-9]+)?\s*(ns|us|ms|s|m|h|d|w)\s*)+$";
        json!({ "anyOf": [{ "type": "string", "pattern": pattern }, { "type": "number", "minimum": 0 }] })
    }
}

/// A duration that is not zero.
pub(super) struct Period;

impl Period {
    fn not_zero(duration: Duration) -> Result<Duration, ConfigError> {
        if duration.is_zero() {
            return Err(ConfigError::wrong(format!("it is zero, and must be {}", Self::expected())));
        }
        Ok(duration)
    }
}

impl Form for Period {
    type Read = Duration;

    fn expected() -> String {
        format!("more than zero: {}", Ttl::expected())
    }

    fn read(value: &Value) -> Result<Duration, ConfigError> {
        Ttl::read(value).and_then(Self::not_zero)
    }

    fn read_option(text: &str) -> Result<Duration, ConfigError> {
        Ttl::read_option(text).and_then(Self::not_zero)
    }

    fn schema() -> Value {
        let mut schema = Ttl::schema();
        schema["anyOf"][1] = json!({ "type": "number", "exclusiveMinimum": 0 });
        schema
    }
}

/// A number of bytes, at least one.
pub(super) struct Size;

const UNITS: [(&str, u32); 5] = [("B", 0), ("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];

impl Size {
    fn parse(text: &str) -> Option<u64> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let (_, shift) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        number.parse::<u64>().ok()?.checked_mul(1 << shift)
    }
}

impl Form for Size {
    type Read = u64;

    fn expected() -> String {
        "a number of bytes, such as 65536, or a text such as \"64KiB\", \"256MiB\" or \"2GiB\"".to_owned()
    }

    fn read(value: &Value) -> Result<u64, ConfigError> {
        let (read, shown) = match value {
            Value::String(text) => (Self::parse(text), text.clone()),
            Value::Number(number) => (number.as_u64(), number.to_string()),
            other => return Err(other_type::<Self>(other)),
        };
        match read {
            Some(0) => Err(ConfigError::wrong("it is zero, and must be at least one byte")),
            Some(bytes) => Ok(bytes),
            None => {
                let shown = quoted(&shown);
                Err(ConfigError::wrong(format!("{shown} is no size: it must be {}", Self::expected())))
            }
        }
    }

    fn read_option(text: &str) -> Result<u64, ConfigError> {
        Self::read(&number(text).unwrap_or_else(|| Value::from(text)))
    }

    fn schema() -> Value {
        let pattern = r"^\s*0*[1-9][0-9]*\s*(B|KiB|MiB|GiB|TiB)\s*$";
        json!({ "anyOf": [{ "type": "string", "pattern": pattern }, { "type": "integer", "minimum": 1 }] })
    }
}

/// Yes or no.
pub(super) struct Switch;

impl Form for Switch {
    type Read = bool;

    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(value: &Value) -> Result<bool, ConfigError> {
        value.as_bool().ok_or_else(|| other_type::<Self>(value))
    }

    fn read_option(text: &str) -> Result<bool, ConfigError> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(ConfigError::wrong(format!("{} is not {}", quoted(text), Self::expected()))),
        }
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

/// A number of things; zero is none.
pub(super) struct Count;

impl Form for Count {
    type Read = u64;

    fn expected() -> String {
        "a whole number, such as 1000".to_owned()
    }

    fn read(value: &Value) -> Result<u64, ConfigError> {
        let Value::Number(number) = value else { return Err(other_type::<Self>(value)) };
        number.as_u64().ok_or_else(|| {
            ConfigError::wrong(format!("{number} is no count: it must be {}", Self::expected()))
        })
    }

    fn read_option(text: &str) -> Result<u64, ConfigError> {
        Self::read(&number(text).unwrap_or_else(|| Value::from(text)))
    }

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0 })
    }
}

/// The option of a url, if it consists of digits.
fn number(text: &str) -> Option<Value> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse::<u64>().ok().map(Value::from))?
}

/// A name that can be chosen.
pub(super) struct Choice {
    pub(super) name: &'static str,
    /// The feature that it needs, if it needs one.
    pub(super) feature: Option<&'static str>,
    pub(super) is_compiled: bool,
}

impl Choice {
    pub(super) const fn always(name: &'static str) -> Self {
        Self { name, feature: None, is_compiled: true }
    }

    pub(super) const fn by_feature(name: &'static str, is_compiled: bool) -> Self {
        Self { name, feature: Some(name), is_compiled }
    }

    /// The choice of a name. `what` says what is chosen.
    pub(super) fn named(choices: &[Self], what: &str, name: &str) -> Result<&'static str, ConfigError> {
        let names = || choices.iter().map(|choice| choice.name);
        let Some(choice) = choices.iter().find(|choice| choice.name == name) else {
            return Err(ConfigError::wrong(format!(
                "there is no {what} {}{}; there are {}",
                quoted(name),
                suggestion(name, names()),
                list(names(), "and")
            )));
        };
        match choice.feature {
            Some(feature) if !choice.is_compiled => {
                Err(ConfigError::feature(&format!("the {what} `{name}`"), feature))
            }
            _ => Ok(choice.name),
        }
    }
}

/// How values are encoded.
pub(super) struct CodecName;

const CODECS: [Choice; 3] = [
    Choice::always("json"),
    Choice::by_feature("msgpack", cfg!(feature = "msgpack")),
    Choice::by_feature("postcard", cfg!(feature = "postcard")),
];

impl Form for CodecName {
    type Read = &'static str;

    fn expected() -> String {
        format!("one of {}", list(CODECS.iter().map(|codec| codec.name), "and"))
    }

    fn read(value: &Value) -> Result<&'static str, ConfigError> {
        let name = value.as_str().ok_or_else(|| other_type::<Self>(value))?;
        Choice::named(&CODECS, "codec", name)
    }

    fn schema() -> Value {
        json!({ "enum": CODECS.map(|codec| codec.name) })
    }
}
