//! The JSON schema of configurations, made of the table of fields.

use serde_json::{Map, Value, json};

use super::config::SCHEMA;
use super::fields::{FIELDS, Field, Part};

/// The JSON schema of configurations.
pub(super) fn schema() -> Value {
    let property = |field: &Field| {
        let mut schema = (field.schema)();
        schema["description"] = Value::from(field.about);
        (field.name.to_owned(), schema)
    };
    let dependent = |field: &Field| match field.part {
        Part::Store(_) => Some((field.name.to_owned(), json!(["url"]))),
        Part::Tiers => Some((field.name.to_owned(), json!(["tiers"]))),
        Part::Address | Part::Cache => None,
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Caches of cache-core",
        "description": "Each name is an alias, by which a program gets a cache.",
        "type": "object",
        "properties": { SCHEMA: { "description": "Where this schema is, for editors.", "type": "string" } },
        "propertyNames": { "minLength": 1 },
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "oneOf": [{ "required": ["url"] }, { "required": ["tiers"] }],
            "dependentRequired": FIELDS.iter().filter_map(dependent).collect::<Map<_, _>>(),
            "properties": FIELDS.iter().map(property).collect::<Map<_, _>>(),
        },
    })
}
