//! What `serde` calls types, variants and fields.

use super::form::{Form, quoted};
use super::said::Said;

/// The names of a type, variant or field.
pub(super) struct Names {
    written: String,
    read: String,
    /// Other names that are read.
    aliases: Vec<String>,
}

impl Names {
    /// Those of what is called `ident` in Rust, unless it is renamed.
    pub(super) fn new(ident: &str, said: &Said, cases: Cases, kind: Kind) -> Self {
        let renamed = said.both_ways("rename");
        let mut read = renamed.read.into_iter();
        let written = renamed.written.unwrap_or_else(|| kind.named(cases.written, ident));
        let name = read.next().unwrap_or_else(|| kind.named(cases.read, ident));
        let mut aliases: Vec<String> =
            read.chain(said.texts("alias")).filter(|alias| *alias != name).collect();
        aliases.sort();
        aliases.dedup();
        Self { written, read: name, aliases }
    }

    /// Other names count where what is written has to be read by one of them, or where it may decide what is read.
    pub(super) fn describe(&self, form: &mut Form) {
        form.text(quoted(&self.written));
        let aliases = self.aliases.iter().map(|alias| format!(" alias {}", quoted(alias)));
        if self.read == self.written {
            aliases.for_each(|alias| form.reading(alias));
        } else {
            form.text(format!(" read {}", quoted(&self.read)));
            aliases.for_each(|alias| form.text(alias));
        }
    }
}

/// What is named.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Type,
    Variant,
    Field,
}

impl Kind {
    fn named(self, case: Option<Case>, ident: &str) -> String {
        match (self, case) {
            (Self::Variant, Some(case)) => case.of_variant(ident),
            (Self::Field, Some(case)) => case.of_field(ident),
            (Self::Type, _) | (_, None) => ident.to_owned(),
        }
    }
}

/// What `rename_all` says for writing, and for reading.
#[derive(Clone, Copy, Default)]
pub(super) struct Cases {
    written: Option<Case>,
    read: Option<Case>,
}

impl Cases {
    pub(super) fn of(said: &Said, option: &str) -> Self {
        let both = said.both_ways(option);
        let case = |name: &String| Case::find(name);
        Self { written: both.written.as_ref().and_then(case), read: both.read.first().and_then(case) }
    }

    /// These, or where they say nothing, others.
    pub(super) fn or(self, others: Self) -> Self {
        Self { written: self.written.or(others.written), read: self.read.or(others.read) }
    }
}

/// One way to write names.
#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn find(name: &str) -> Option<Self> {
        Some(match name {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// Of a variant, which is in Pascal case.
    fn of_variant(self, variant: &str) -> String {
        match self {
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Upper => variant.to_ascii_uppercase(),
            Self::Pascal => variant.to_owned(),
            Self::Camel => first_in_lowercase(variant),
            Self::Snake => snake(variant),
            Self::ScreamingSnake => snake(variant).to_ascii_uppercase(),
            Self::Kebab => snake(variant).replace('_', "-"),
            Self::ScreamingKebab => snake(variant).to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// Of a field, which is in snake case.
    fn of_field(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => pascal(field),
            Self::Camel => first_in_lowercase(&pascal(field)),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn first_in_lowercase(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

fn snake(variant: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in variant.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn pascal(field: &str) -> String {
    let mut pascal = String::new();
    let mut is_first = true;
    for letter in field.chars() {
        if letter == '_' {
            is_first = true;
        } else if std::mem::take(&mut is_first) {
            pascal.push(letter.to_ascii_uppercase());
        } else {
            pascal.push(letter);
        }
    }
    pascal
}
