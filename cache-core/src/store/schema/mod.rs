//! A number for the serialized form of a type. A program that stores values under it never reads those of a program
//! whose type has another form.

mod standard;

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A type whose serialized form is known to the compiler, so that a change of the form is noticed.
///
/// Programs of two versions often share a store. If a type has changed between them, each could read values that the
/// other has stored, and take them for its own. A type that is `Schema` has a description of the form in which `serde`
/// writes it, and the description has a number. If the form changes, the number changes. The number does not depend on
/// the compiler, the platform or the process.
///
/// The derive writes the description. It reads the fields and the attributes of `serde`:
///
/// ```
/// use cache_core::store::Schema;
///
/// #[derive(Schema)]
/// struct Cat {
///     name: String,
///     owner: Option<u64>,
///     kittens: Vec<Cat>,
/// }
/// # fn has_schema<T: Schema>() {}
/// # has_schema::<Vec<Cat>>();
/// ```
///
/// # What counts
///
/// | change | new number |
/// | --- | --- |
/// | a field or variant is added, removed, renamed or moved to another place | yes |
/// | the type of a field gets another form, at any depth | yes |
/// | the type is renamed | yes, since some formats write the name; `#[serde(rename = "Cat")]` keeps it |
/// | an attribute of `serde` that changes what is written: `rename_all`, `tag`, `flatten`, `skip`, `with` | yes |
/// | one that only changes what can be read: `alias`, `default`, `deny_unknown_fields` | only where it may change which value is read: in an untagged enum, beside `flatten`, or for a field that is not always written |
/// | a field is renamed in Rust, and `#[serde(rename = "..")]` keeps its name | no |
/// | a field that `serde` skips is added or removed | no |
/// | documentation, visibility, bounds, other derives | no |
/// | `Box`, `Rc`, `Arc`, `Cow` or a reference is put around a type | no |
/// | one sequence or map is replaced by another of the same form, such as a `HashMap` by a `BTreeMap` | no |
///
/// If in doubt, the number changes. Then values are computed once more.
///
/// # What cannot be seen
///
/// The derive sees types and attributes, but not what functions do. It cannot see that the same bytes have got another
/// meaning, such as meters in place of feet, or that a function named by `#[serde(with = "..")]` writes something else.
/// Add a number, and raise it with each such change:
///
/// ```
/// use cache_core::store::Schema;
///
/// #[derive(Schema)]
/// #[schema(version = 2)]
/// struct Point {
///     x: f64,
///     #[schema(version = 1)]
///     height: f64,
/// }
/// # fn has_schema<T: Schema>() {}
/// # has_schema::<Point>();
/// ```
///
/// The derive describes what the derives of `serde` write. If a type implements `Serialize` by hand, say which type it
/// writes: `#[schema(as = String)]`. The same option of a field describes a field whose type comes from another crate
/// and is not `Schema`. The field is then described by the type that you name, so take one of the same form:
///
/// ```
/// # mod other { pub struct Uuid(pub u128); }
/// use cache_core::store::Schema;
/// use other::Uuid;
///
/// #[derive(Schema)]
/// #[schema(as = String)]
/// struct Email { user: String, host: String }
///
/// #[derive(Schema)]
/// struct Owner {
///     #[schema(as = String)]
///     id: Uuid,
///     email: Email,
/// }
/// # fn has_schema<T: Schema>() {}
/// # has_schema::<Owner>();
/// ```
///
/// | option | of | meaning |
/// | --- | --- | --- |
/// | `version = 2` | types, variants, fields | a number that is part of the description |
/// | `as = String` | types, fields | the type that is described in place of this one |
/// | `crate = path` | types | where `cache_core` is found, if it is re-exported |
///
/// A field with `#[serde(with = "..")]` or `#[serde(serialize_with = "..")]` is described by the path of the function
/// and by its type as it is spelt, so the type need not be `Schema`. If the function writes the fields of another type,
/// as that of `#[serde(remote = "..")]` does, name that type with `as`.
///
/// # By hand
///
/// An implementation writes texts and types. Their order counts. Begin with a text that belongs to the type alone, unless
/// the type is written exactly as another one:
///
/// ```
/// use cache_core::store::{Schema, SchemaDescription};
///
/// struct Celsius(f64);
///
/// impl Schema for Celsius {
///     fn describe(description: &mut SchemaDescription) {
///         description.text("degrees Celsius");
///         description.of::<f64>();
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the serialized form of `{Self}` is not known: it is not `Schema`",
    label = "not `Schema`",
    note = "derive it: `#[derive(cache_core::store::Schema)]`",
    note = "if the type comes from another crate: write `#[schema(as = String)]` on the field, with a type that has the same serialized form; or wrap it in a type that is `Schema`",
    note = "if the function returns it: write `version = 1` in place of `version = auto`, and raise the number when the type changes"
)]
pub trait Schema {
    /// Writes what the serialized form of the type depends on. It is the same each time.
    fn describe(description: &mut SchemaDescription);
}

/// The description of a type, while it is written: texts, and descriptions of other types.
#[derive(Debug, Default)]
pub struct SchemaDescription {
    text: String,
    /// Where the description of a type begins, by the type and by whether it is tried.
    begun: HashMap<(TypeId, bool), usize>,
    is_tried: bool,
}

impl SchemaDescription {
    /// Writes a text. Two texts are not the same as one that joins them.
    pub fn text(&mut self, text: &str) {
        write!(self.text, "{}:{text}", text.len()).expect("texts can be written");
    }

    /// Writes the description of a type.
    ///
    /// A type that was met before is written as a reference to its description. So types may contain themselves.
    pub fn of<T: Schema + ?Sized>(&mut self) {
        let here = self.text.len();
        match self.begun.entry((typeid::of::<T>(), self.is_tried)) {
            std::collections::hash_map::Entry::Occupied(begun) => {
                write!(self.text, "^{};", begun.get()).expect("texts can be written");
            }
            std::collections::hash_map::Entry::Vacant(begun) => {
                begun.insert(here);
                T::describe(self);
            }
        }
    }

    /// Writes a text as it is. Names in it are quoted, so that it can be told from what is beside it.
    #[doc(hidden)]
    pub fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes a text on how values are read, which tells nothing about what is written. It counts inside
    /// [`tried`](Self::tried) only.
    #[doc(hidden)]
    pub fn reading(&mut self, text: &str) {
        if self.is_tried {
            self.text.push('?');
            self.text.push_str(text);
        }
    }

    /// Describes what is read by trying one form after the other. There, how values are read decides which form is taken.
    #[doc(hidden)]
    pub fn tried(&mut self, describe: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.is_tried, true);
        describe(self);
        self.is_tried = before;
    }
}

/// The number of the serialized form of a type. It is computed each time.
#[must_use]
pub(crate) fn schema_of<T: Schema + ?Sized>() -> u64 {
    let mut description = SchemaDescription::default();
    description.of::<T>();
    let hash = Sha256::digest(&description.text);
    u64::from_be_bytes(std::array::from_fn(|at| hash[at]))
}

#[cfg(all(test, not(loom)))]
#[path = "../tests/schema.rs"]
mod tests;
