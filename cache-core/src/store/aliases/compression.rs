//! How values are compressed, as a configuration says it.

use serde_json::{Map, Value, json};

use super::error::{list, quoted, suggestion};
use super::value::{Choice, Form, Size, other_type};
use super::{ConfigError, ConfigErrorKind};

/// A name, or an object with more.
pub(super) struct Compressing;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CompressionConfig {
    pub(super) algorithm: &'static str,
    pub(super) threshold: Option<usize>,
    pub(super) level: Option<i32>,
}

const ALGORITHMS: [Choice; 3] =
    [Choice::always("none"), Choice::always("lz4"), Choice::by_feature("zstd", cfg!(feature = "zstd"))];

const FIELDS: [&str; 3] = ["algorithm", "threshold", "level"];

/// The levels of zstd.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=22;

impl Form for Compressing {
    type Read = CompressionConfig;

    fn expected() -> String {
        let names = list(ALGORITHMS.iter().map(|algorithm| algorithm.name), "or");
        format!("{names}, or an object with {}", list(FIELDS, "and"))
    }

    fn read(value: &Value) -> Result<CompressionConfig, ConfigError> {
        match value {
            Value::String(name) => {
                let algorithm = algorithm(name)?;
                Ok(CompressionConfig { algorithm, threshold: None, level: None })
            }
            Value::Object(fields) => read(fields),
            other => Err(other_type::<Self>(other)),
        }
    }

    fn schema() -> Value {
        let names = ALGORITHMS.map(|algorithm| algorithm.name);
        json!({ "anyOf": [
            { "enum": names },
            {
                "type": "object",
                "required": ["algorithm"],
                "additionalProperties": false,
                "properties": {
                    "algorithm": { "enum": names },
                    "threshold": {
                        "description": "Smaller values are not compressed: a number of bytes.",
                        "anyOf": Size::schema()["anyOf"],
                    },
                    "level": {
                        "description": "The level of zstd. A higher one is slower and makes values shorter.",
                        "type": "integer",
                        "minimum": LEVELS.start(),
                        "maximum": LEVELS.end(),
                    },
                },
            },
        ] })
    }
}

fn algorithm(name: &str) -> Result<&'static str, ConfigError> {
    Choice::named(&ALGORITHMS, "compression", name)
}

fn read(fields: &Map<String, Value>) -> Result<CompressionConfig, ConfigError> {
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let near = suggestion(unknown, FIELDS);
        let what = format!("there is no such field{near}; there are {}", list(FIELDS, "and"));
        return Err(ConfigError::new(ConfigErrorKind::UnknownField, what).of_field(unknown));
    }
    let of_field = |name: &'static str| move |error: ConfigError| error.of_field(name);
    let Some(name) = fields.get("algorithm") else {
        let what =
            format!("it needs the field `algorithm`: {}", list(ALGORITHMS.map(|known| known.name), "or"));
        return Err(ConfigError::new(ConfigErrorKind::MissingField, what));
    };
    let name = name.as_str().ok_or_else(|| {
        let what = format!("it must be {}", list(ALGORITHMS.map(|known| known.name), "or"));
        ConfigError::wrong(what).of_field("algorithm")
    })?;
    let algorithm = algorithm(name).map_err(of_field("algorithm"))?;
    let threshold = fields.get("threshold").map(Size::read).transpose().map_err(of_field("threshold"))?;
    let level = fields.get("level").map(level).transpose().map_err(of_field("level"))?;
    let given = [
        ("threshold", threshold.is_some(), algorithm != "none"),
        ("level", level.is_some(), algorithm == "zstd"),
    ];
    for (field, is_given, applies) in given {
        if is_given && !applies {
            let what = format!("it does nothing for the algorithm {}", quoted(algorithm));
            return Err(ConfigError::new(ConfigErrorKind::NotApplicable, what).of_field(field));
        }
    }
    // No value is longer than the addresses of this machine reach.
    let threshold = threshold.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    Ok(CompressionConfig { algorithm, threshold, level })
}

fn level(value: &Value) -> Result<i32, ConfigError> {
    let level = value.as_i64().and_then(|level| i32::try_from(level).ok());
    level.filter(|level| LEVELS.contains(level)).ok_or_else(|| {
        ConfigError::wrong(format!("it must be a whole number from {} to {}", LEVELS.start(), LEVELS.end()))
    })
}
