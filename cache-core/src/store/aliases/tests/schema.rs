//! What is written from the table of fields: the JSON schema, and the table in the documentation.

use std::fmt::Write as _;

use super::*;
use crate::store::aliases::fields::FIELDS;

#[test]
fn the_schema_that_is_shipped_is_that_of_the_fields() {
    same_as_file("config.schema.json", &Caches::schema());
}

#[test]
fn the_documentation_has_the_table_of_the_fields() {
    let mut table = String::from("| field | what it is for |\n| --- | --- |\n");
    for field in FIELDS {
        writeln!(table, "| `{}` | {} |", field.name, field.about).unwrap();
    }
    same_as_file("src/store/aliases/fields.md", &table);
}
