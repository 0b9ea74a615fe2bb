//! A configuration as JSON: read so that nothing is there twice.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Value};

use super::{ConfigError, ConfigErrorKind};

/// The outermost object of a text, in which no name is there twice at any depth.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, ConfigError> {
    // Some editors write a mark at the beginning.
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text).map_err(syntax)?;
    let twice = RefCell::default();
    let names = Names { path: &[], twice: &twice };
    let checked = names.deserialize(&mut serde_json::Deserializer::from_str(text));
    if let Some(path) = twice.into_inner() {
        return Err(duplicate(&path, checked.err()));
    }
    checked.map_err(syntax)?;
    match value {
        Value::Object(map) => Ok(map),
        other => {
            let what = format!("a configuration is {}, and must be an object of aliases", kind(&other));
            Err(ConfigError::wrong(what))
        }
    }
}

fn syntax(error: Error) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Syntax, format!("this is not JSON: {error}")).caused_by(error)
}

fn duplicate(path: &[String], error: Option<Error>) -> ConfigError {
    let at = error.map_or_else(String::new, |error| {
        format!(", the second time at line {} column {}", error.line(), error.column())
    });
    let mut error = ConfigError::new(ConfigErrorKind::Duplicate, format!("it is there twice{at}"));
    if let [alias, fields @ ..] = path {
        error = error.of_alias(alias);
        for field in fields.iter().rev() {
            error = error.of_field(field);
        }
    }
    error
}

/// What a value is, as messages say it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Looks at the names of all objects in a value. The first that is there twice is noted, and is an error.
#[derive(Clone, Copy)]
struct Names<'a> {
    path: &'a [String],
    twice: &'a RefCell<Option<Vec<String>>>,
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = [self.path, std::slice::from_ref(&name)].concat();
            if !seen.insert(name) {
                self.twice.replace(Some(path));
                return Err(A::Error::custom("a name is there twice"));
            }
            map.next_value_seed(Names { path: &path, ..self })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
