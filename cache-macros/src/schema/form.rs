//! The form in which the derives of `serde` write a type, as texts and types.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Data, DataEnum, DeriveInput, Field, Fields, Type, Variant};

use super::names::{Cases, Kind, Names};
use super::options::Options;
use super::said::{Place, Said, plain};

/// A description.
#[derive(Default)]
pub(super) struct Form {
    pub(super) pieces: Vec<Piece>,
    /// Whether one form after the other is tried when a value is read. Then whatever is said of reading counts.
    pub(super) is_tried: bool,
}

pub(super) enum Piece {
    Text(String),
    /// Tells how values are read, but not how they are written.
    Reading(String),
    Of(Box<Type>),
}

impl Piece {
    /// What is said of something that is not written.
    fn of_reading(self) -> Self {
        match self {
            Self::Text(text) => Self::Reading(text),
            other => other,
        }
    }
}

impl Form {
    pub(super) fn text(&mut self, text: impl AsRef<str>) {
        match (text.as_ref(), self.pieces.last_mut()) {
            ("", _) => {}
            (text, Some(Piece::Text(last))) => last.push_str(text),
            (text, _) => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    pub(super) fn reading(&mut self, text: impl Into<String>) {
        self.pieces.push(Piece::Reading(text.into()));
    }

    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => self.text(text),
            piece => self.pieces.push(piece),
        }
    }

    fn of(&mut self, ty: &Type) {
        self.pieces.push(Piece::Of(Box::new(ty.clone())));
    }

    fn version(&mut self, options: &Options) {
        if let Some(version) = options.version {
            self.text(format!("version {version} "));
        }
    }
}

/// A text that ends where it seems to.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

pub(super) fn of_type(input: &DeriveInput, options: &Options) -> Form {
    let said = Said::of(&input.attrs, Place::Type);
    let mut form = Form::default();
    form.version(options);
    if let Some(other) = &options.other {
        form.of(other);
        return form;
    }
    if converted(&said, &mut form) {
        return form;
    }
    match &input.data {
        Data::Struct(data) => {
            let place = Within {
                cases: Cases::of(&said, "rename_all"),
                default: default(&said).map(|path| format!(" struct{path}")),
            };
            if said.has("transparent")
                && let Some(field) = transparent(&data.fields)
            {
                form.text(&said.unknown);
                of_field_value(field, &mut form);
                return form;
            }
            form.is_tried = data.fields.iter().any(is_flat);
            head(input, &said, style(&data.fields), &mut form);
            of_fields(&data.fields, &place, &mut form);
        }
        Data::Enum(data) => of_enum(input, data, &said, &mut form),
        Data::Union(_) => {}
    }
    form
}

/// Whether values are written as another type.
fn converted(said: &Said, form: &mut Form) -> bool {
    let into: Option<Type> = said.parsed("into");
    let tried: Option<Type> = said.parsed("try_from");
    if tried.is_some() {
        form.reading("try_from ");
    }
    let from = said.parsed("from").or(tried);
    match (&into, &from) {
        (Some(into), Some(from)) if plain(into.to_token_stream()) != plain(from.to_token_stream()) => {
            form.text("into ");
            form.of(into);
            form.text("from ");
            form.of(from);
        }
        (Some(into), _) => form.of(into),
        (None, Some(from)) => {
            form.text("from ");
            form.of(from);
        }
        (None, None) => {}
    }
    into.is_some()
}

/// The field of a transparent struct.
fn transparent(fields: &Fields) -> Option<&Field> {
    let is_phantom = |ty: &Type| matches!(ty, Type::Path(of) if of.path.segments.last().is_some_and(|last| last.ident == "PhantomData"));
    let mut kept = fields
        .iter()
        .filter(|field| !is_phantom(&field.ty) && !Said::of(&field.attrs, Place::Field).skips_writing());
    let field = kept.next()?;
    kept.next().is_none().then_some(field)
}

fn is_flat(field: &Field) -> bool {
    Said::of(&field.attrs, Place::Field).has("flatten")
}

fn style(fields: &Fields) -> &'static str {
    match fields {
        Fields::Unit => "unit struct",
        Fields::Named(_) => "struct",
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => "newtype",
        Fields::Unnamed(_) => "tuple struct",
    }
}

/// What stands before fields or variants.
fn head(input: &DeriveInput, said: &Said, style: &str, form: &mut Form) {
    form.text(format!("{style} "));
    Names::new(&input.ident.unraw().to_string(), said, Cases::default(), Kind::Type).describe(form);
    for option in ["tag", "content"] {
        if let Some(text) = said.text(option) {
            form.text(format!(" {option} {}", quoted(&text)));
        }
    }
    form.text(&said.unknown);
    if said.has("deny_unknown_fields") {
        form.reading(" deny_unknown_fields");
    }
}

/// What is said of all fields of a struct or variant.
struct Within {
    cases: Cases,
    /// What a field gets that is not there.
    default: Option<String>,
}

fn of_fields(fields: &Fields, within: &Within, form: &mut Form) {
    match fields {
        Fields::Unit => {}
        // `serde` does not skip the field of such a struct.
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            form.text(" = ");
            of_field_value(&fields.unnamed[0], form);
        }
        Fields::Unnamed(_) | Fields::Named(_) => {
            form.text(" {");
            for field in fields {
                of_field(field, within, form);
            }
            form.text("}");
        }
    }
}

fn of_field(field: &Field, within: &Within, form: &mut Form) {
    let said = Said::of(&field.attrs, Place::Field);
    let mut name = Form::default();
    if said.has("flatten") {
        name.text("flatten");
    } else if let Some(ident) = &field.ident {
        Names::new(&ident.unraw().to_string(), &said, within.cases, Kind::Field).describe(&mut name);
    }
    let default = default(&said).or_else(|| within.default.clone());
    if said.skips_writing() {
        if !said.skips_reading() {
            form.reading("read only ");
            name.pieces.into_iter().for_each(|piece| form.add(piece.of_reading()));
        }
        return;
    }
    name.pieces.into_iter().for_each(|piece| form.add(piece));
    if said.skips_reading() {
        form.reading(" write only");
    }
    match (said.text("skip_serializing_if"), default) {
        // It is read from what has been left out.
        (Some(condition), default) => {
            form.text(format!(" if {}{}", quoted(&condition), default.unwrap_or_default()));
        }
        (None, Some(default)) => form.reading(default),
        (None, None) => {}
    }
    form.text(": ");
    of_field_value(field, form);
    form.text(",");
}

/// What a field gets that is not there.
fn default(said: &Said) -> Option<String> {
    let path = said.text("default").map(|path| format!(" default {}", quoted(&path)));
    path.or_else(|| said.has("default").then(|| " default".to_owned()))
}

fn of_field_value(field: &Field, form: &mut Form) {
    let said = Said::of(&field.attrs, Place::Field);
    let options = Options::of_field(&field.attrs);
    if let Some(version) = options.version {
        form.text(format!("field version {version} "));
    }
    form.text(&said.unknown);
    functions(&said, form);
    match &options.other {
        Some(other) => form.of(other),
        None if is_written_by_function(&said) => {
            form.text(format!("of {}", quoted(&plain(field.ty.to_token_stream()))));
        }
        None => form.of(&field.ty),
    }
}

/// The functions that write or read a value.
fn functions(said: &Said, form: &mut Form) {
    for option in ["with", "serialize_with", "deserialize_with"] {
        if let Some(path) = said.text(option) {
            form.text(format!("{option} {} ", quoted(&path)));
        }
    }
}

fn is_written_by_function(said: &Said) -> bool {
    said.has("with") || said.has("serialize_with")
}

fn of_enum(input: &DeriveInput, data: &DataEnum, said: &Said, form: &mut Form) {
    let is_untagged = said.has("untagged");
    form.is_tried = is_untagged
        || data.variants.iter().any(|variant| {
            Said::of(&variant.attrs, Place::Variant).has("untagged") || variant.fields.iter().any(is_flat)
        });
    head(input, said, if is_untagged { "untagged enum" } else { "enum" }, form);
    form.text(" {");
    for (index, variant) in data.variants.iter().enumerate() {
        of_variant(variant, index, said, form);
    }
    form.text("}");
}

fn of_variant(variant: &Variant, index: usize, of: &Said, form: &mut Form) {
    let said = Said::of(&variant.attrs, Place::Variant);
    let options = Options::of_variant(&variant.attrs);
    if said.skips_writing() && said.skips_reading() {
        return;
    }
    form.version(&options);
    if said.has("untagged") {
        form.text("untagged");
    } else if !of.has("untagged") {
        // Formats without names write the index.
        form.text(format!("{index} "));
        let name = variant.ident.unraw().to_string();
        Names::new(&name, &said, Cases::of(of, "rename_all"), Kind::Variant).describe(form);
    }
    for (word, is_so) in [(" read only", said.skips_writing()), (" write only", said.skips_reading())] {
        if is_so {
            form.text(word);
        }
    }
    if said.has("other") {
        form.reading(" other");
    }
    form.text(&said.unknown);
    if is_written_by_function(&said) {
        form.text(" ");
        functions(&said, form);
        let types = variant.fields.iter().map(|field| plain(field.ty.to_token_stream()));
        form.text(format!("of {},", quoted(&types.collect::<Vec<_>>().join(", "))));
        return;
    }
    functions(&said, form);
    let is_newtype = style(&variant.fields) == "newtype";
    let skips = |field: &Field| Said::of(&field.attrs, Place::Field).skips_writing();
    if !(is_newtype && variant.fields.iter().any(skips)) {
        let cases = Cases::of(&said, "rename_all").or(Cases::of(of, "rename_all_fields"));
        if style(&variant.fields) == "tuple struct" {
            form.text(" tuple");
        }
        of_fields(&variant.fields, &Within { cases, default: None }, form);
    }
    form.text(",");
}
