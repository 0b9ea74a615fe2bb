//! What `#[serde(..)]` says. It is checked by the derives of `serde`; here, what is not understood is kept as it is.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::Parse;
use syn::{Attribute, LitStr};

use super::form::quoted;

/// Where an attribute stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Type,
    Variant,
    Field,
}

impl Place {
    /// The options that are understood here.
    fn knows(self, name: &str) -> bool {
        match name {
            "rename" | "bound" | "borrow" => true,
            "skip" | "skip_serializing" | "skip_deserializing" | "with" | "serialize_with"
            | "deserialize_with" | "alias" => !matches!(self, Self::Type),
            "rename_all" | "untagged" => !matches!(self, Self::Field),
            "default" => !matches!(self, Self::Variant),
            "rename_all_fields"
            | "tag"
            | "content"
            | "transparent"
            | "deny_unknown_fields"
            | "from"
            | "into"
            | "try_from"
            | "remote"
            | "crate"
            | "expecting" => matches!(self, Self::Type),
            "other" => matches!(self, Self::Variant),
            "flatten" | "skip_serializing_if" | "getter" => matches!(self, Self::Field),
            _ => false,
        }
    }
}

/// The options of one type, variant or field.
pub(super) struct Said {
    options: Vec<(String, Value)>,
    /// What is not understood, so that a change of it is a change.
    pub(super) unknown: String,
}

enum Value {
    /// `untagged`
    None,
    /// `tag = "type"`
    Text(LitStr),
    /// `rename(serialize = "a", deserialize = "b")`
    Texts(Vec<(String, LitStr)>),
}

/// What a name of an attribute is for writing, and what it is for reading.
#[derive(Default)]
pub(super) struct BothWays {
    pub(super) written: Option<String>,
    /// The first is the name, others are accepted as well.
    pub(super) read: Vec<String>,
}

impl Said {
    pub(super) fn of(attrs: &[Attribute], place: Place) -> Self {
        let mut said = Self { options: Vec::new(), unknown: String::new() };
        let lists = attrs.iter().filter(|attr| attr.path().is_ident("serde"));
        for tokens in lists.filter_map(|attr| Some(attr.meta.require_list().ok()?.tokens.clone())) {
            for option in split(tokens) {
                match read(&option) {
                    Some((name, value)) if place.knows(&name) => said.options.push((name, value)),
                    _ => {
                        let tokens = quoted(&plain(option.into_iter().collect()));
                        said.unknown.extend([" serde(", &tokens, ")"]);
                    }
                }
            }
        }
        said
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.options.iter().filter(move |(known, _)| known == name).map(|(_, value)| value)
    }

    /// Whether the option is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// All texts that are given by `name = "text"`.
    pub(super) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        self.values(name).filter_map(|value| match value {
            Value::Text(text) => Some(text.value()),
            Value::None | Value::Texts(_) => None,
        })
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.texts(name).next()
    }

    /// A text that is code.
    pub(super) fn parsed<T: Parse>(&self, name: &str) -> Option<T> {
        self.values(name).find_map(|value| match value {
            Value::Text(text) => text.parse().ok(),
            Value::None | Value::Texts(_) => None,
        })
    }

    /// `rename = "a"` or `rename(serialize = "a", deserialize = "b")`.
    pub(super) fn both_ways(&self, name: &str) -> BothWays {
        let mut both = BothWays::default();
        for value in self.values(name) {
            match value {
                Value::None => {}
                Value::Text(text) => {
                    both.written = Some(text.value());
                    both.read.push(text.value());
                }
                Value::Texts(texts) => {
                    for (way, text) in texts {
                        match way.as_str() {
                            "serialize" => both.written = Some(text.value()),
                            _ => both.read.push(text.value()),
                        }
                    }
                }
            }
        }
        both
    }

    pub(super) fn skips_writing(&self) -> bool {
        self.has("skip") || self.has("skip_serializing")
    }

    pub(super) fn skips_reading(&self) -> bool {
        self.has("skip") || self.has("skip_deserializing")
    }
}

/// An option, if it has a form that options of `serde` have.
fn read(option: &[TokenTree]) -> Option<(String, Value)> {
    let [TokenTree::Ident(name), value @ ..] = option else { return None };
    let value = match value {
        [] => Value::None,
        [TokenTree::Punct(equals), TokenTree::Literal(text)] if equals.as_char() == '=' => {
            Value::Text(syn::parse2(text.to_token_stream()).ok()?)
        }
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            let each = split(group.stream()).into_iter().map(|option| match read(&option)? {
                (way, Value::Text(text)) => Some((way, text)),
                _ => None,
            });
            Value::Texts(each.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some((name.to_string(), value))
}

/// The options between commas.
fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut options = vec![Vec::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => options.push(Vec::new()),
            _ => options.last_mut().expect("there is one").push(token),
        }
    }
    options.retain(|option| !option.is_empty());
    options
}

/// Tokens as a text that does not depend on the compiler, which puts spaces between them as it likes.
pub(super) fn plain(tokens: TokenStream) -> String {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            format!("{open}{}{close}", plain(group.stream()))
        }
        token => token.to_string(),
    });
    each.collect::<Vec<_>>().join(" ")
}
