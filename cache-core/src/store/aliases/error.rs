//! What is wrong with a configuration.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The reason of a [`ConfigError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A file cannot be read, or a variable of the environment is not set or is no Unicode.
    Unreadable,
    /// A text is not JSON.
    Syntax,
    /// An alias or a field is there twice.
    Duplicate,
    /// No alias of this name is configured.
    UnknownAlias,
    /// There is no such field.
    UnknownField,
    /// There are no urls that begin like this.
    UnknownScheme,
    /// A field that is needed is not there.
    MissingField,
    /// The value of a field is not of the form that it should have.
    WrongValue,
    /// The field does nothing for this store.
    NotApplicable,
    /// Two things that are configured contradict each other.
    Conflict,
    /// A feature of cache-core is not compiled in.
    MissingFeature,
    /// The store could not be opened, or the cache could not be built. The source is a
    /// [`StoreError`](crate::store::StoreError), or the error of the operating system.
    Store,
}

/// Something is wrong with a configuration of caches.
///
/// It displays as one line that names the alias, the field, what is wrong, and what would be right. It never shows a
/// signing key.
#[derive(Clone)]
pub struct ConfigError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ConfigErrorKind,
    /// The file or the variable that the configuration came from.
    origin: Option<String>,
    alias: Option<String>,
    field: Option<String>,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ConfigError {
    pub(super) fn new(kind: ConfigErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner { kind, origin: None, alias: None, field: None, message, source: None }))
    }

    /// The value of a field has not the form it should have.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::new(ConfigErrorKind::WrongValue, message)
    }

    /// Something needs a feature that is not compiled in.
    pub(super) fn feature(what: &str, feature: &str) -> Self {
        let version = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
        let message = format!(
            "{what} needs the feature `{feature}`, which is not compiled in; write in Cargo.toml: \
             cache-core = {{ version = \"{version}\", features = [\"{feature}\"] }}"
        );
        Self::new(ConfigErrorKind::MissingFeature, message)
    }

    pub(super) fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Names the alias, if none is named so far.
    pub(super) fn of_alias(mut self, alias: &str) -> Self {
        self.0.alias.get_or_insert_with(|| alias.to_owned());
        self
    }

    /// Names the field. If a field within it is named already, both are.
    pub(super) fn of_field(mut self, field: &str) -> Self {
        self.0.field = Some(match self.0.field {
            Some(inner) => format!("{field}.{inner}"),
            None => field.to_owned(),
        });
        self
    }

    /// Names where the configuration came from. If something is named already, that was named by this.
    pub(super) fn from(mut self, origin: &str) -> Self {
        self.0.origin = Some(match self.0.origin {
            Some(inner) => format!("{origin}: {inner}"),
            None => origin.to_owned(),
        });
        self
    }

    /// The reason.
    pub fn kind(&self) -> ConfigErrorKind {
        self.0.kind
    }

    /// The alias that it is about, if it is about one.
    pub fn alias(&self) -> Option<&str> {
        self.0.alias.as_deref()
    }

    /// The field that it is about, such as `ttl` or `compression.level`, if it is about one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { origin, alias, field, message, .. } = &*self.0;
        if let Some(origin) = origin {
            write!(f, "{origin}: ")?;
        }
        match (alias, field) {
            (Some(alias), Some(field)) => write!(f, "alias {}, field {}: ", quoted(alias), quoted(field))?,
            (Some(alias), None) => write!(f, "alias {}: ", quoted(alias))?,
            (None, Some(field)) => write!(f, "field {}: ", quoted(field))?,
            (None, None) => {}
        }
        f.write_str(message)
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, source, .. } = &*self.0;
        f.debug_struct("ConfigError")
            .field("kind", kind)
            .field("message", &self.to_string())
            .field("source", source)
            .finish()
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// The most characters of a configuration that a message quotes at once.
const QUOTED: usize = 80;

/// A name or a value, as messages quote it: on one line, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("`");
    let mut characters = text.chars();
    for c in characters.by_ref().take(QUOTED) {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// Names, each quoted, with a word before the last: "`a`, `b` and `c`".
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    match names.as_slice() {
        [] => String::from("none"),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// Suggests the nearest name, if one is near, in brackets that follow a word.
pub(super) fn suggestion<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, names).map_or_else(String::new, |near| format!(" (did you mean {}?)", quoted(near)))
}

/// Longer words are compared with nothing.
const COMPARED: usize = 64;

/// The name nearest to `word`, if one is near enough to be meant.
fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > COMPARED {
        return None;
    }
    let names = names.into_iter().filter(|name| name.len() <= COMPARED);
    let (far, name) = names.map(|name| (distance(word, name), name)).min_by_key(|(far, _)| *far)?;
    (far <= word.len().max(name.len()) / 3 + 1).then_some(name)
}

/// How many letters have to be inserted, removed or replaced (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (corner + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            corner = above;
        }
    }
    row[b.len()]
}
