//! What `#[schema(..)]` says.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Fields, LitInt, Path, Type, parse_quote};

use crate::diagnostics::{Errors, list, nearest};

/// The options of one type, variant or field.
pub(super) struct Options {
    /// Where `cache_core` is found.
    pub(super) krate: Path,
    pub(super) version: Option<u64>,
    /// The type that is described.
    pub(super) other: Option<Type>,
}

/// Options of a place, with examples.
type Known = &'static [(&'static str, &'static str)];

const OF_TYPE: Known = &[("version", "2"), ("as", "String"), ("crate", "path")];
const OF_VARIANT: Known = &[("version", "2")];
const OF_FIELD: Known = &[("version", "2"), ("as", "String")];

impl Options {
    /// Those of the type. What is wrong with these and all others is noted.
    pub(super) fn of_type(input: &DeriveInput, errors: &mut Errors) -> Self {
        let of_fields = |fields: &Fields, errors: &mut Errors| {
            fields.iter().for_each(|field| drop(read(&field.attrs, "a field", OF_FIELD, errors)));
        };
        match &input.data {
            Data::Struct(data) => of_fields(&data.fields, errors),
            Data::Enum(data) => {
                for variant in &data.variants {
                    read(&variant.attrs, "a variant", OF_VARIANT, errors);
                    of_fields(&variant.fields, errors);
                }
            }
            Data::Union(_) => {}
        }
        read(&input.attrs, "a type", OF_TYPE, errors)
    }

    pub(super) fn of_variant(attrs: &[Attribute]) -> Self {
        read(attrs, "a variant", OF_VARIANT, &mut Errors::default())
    }

    pub(super) fn of_field(attrs: &[Attribute]) -> Self {
        read(attrs, "a field", OF_FIELD, &mut Errors::default())
    }
}

fn read(attrs: &[Attribute], place: &str, known: Known, errors: &mut Errors) -> Options {
    let mut options = Options { krate: parse_quote!(::cache_core), version: None, other: None };
    let mut given = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("schema")) {
        if attr.meta.require_list().is_err() {
            errors.at(attr.span(), format!("this says nothing: write `#[schema({})]`", example(known[0])));
            continue;
        }
        let parsed = attr.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let Some(found) = known.iter().find(|(option, _)| *option == name) else {
                return Err(meta.error(unknown(&name, place, known)));
            };
            if given.contains(&found.0) {
                return Err(meta.error(format!("`{name}` is given twice")));
            }
            given.push(found.0);
            if !meta.input.peek(syn::Token![=]) {
                return Err(meta.error(format!("`{name}` wants a value: `{}`", example(*found))));
            }
            value(&name, &meta, &mut options)
        });
        if let Err(error) = parsed {
            errors.push(error);
        }
    }
    options
}

fn value(name: &str, meta: &ParseNestedMeta<'_>, options: &mut Options) -> syn::Result<()> {
    match name {
        "version" => {
            const FORM: &str = "a version is a whole number: `version = 2`";
            let number: LitInt =
                meta.value()?.parse().map_err(|error| syn::Error::new(error.span(), FORM))?;
            let parsed = number.base10_parse().ok().filter(|_| number.suffix().is_empty());
            options.version = Some(parsed.ok_or_else(|| syn::Error::new(number.span(), FORM))?);
        }
        "as" => {
            const FORM: &str = "what is described in its place is a type: `as = String`";
            let other =
                meta.value()?.parse().map_err(|error: syn::Error| syn::Error::new(error.span(), FORM))?;
            options.other = Some(other);
        }
        _ => options.krate = crate::attr::krate(meta.input)?,
    }
    Ok(())
}

fn example((name, value): (&str, &str)) -> String {
    format!("{name} = {value}")
}

fn unknown(name: &str, place: &str, known: Known) -> String {
    let names = || known.iter().map(|(name, _)| *name);
    let known = format!("of {place} there is {}", list(names()));
    match nearest(name, names()) {
        Some(near) => format!("unknown option `{name}`: did you mean `{near}`? {known}"),
        None => format!("unknown option `{name}`: {known}"),
    }
}
