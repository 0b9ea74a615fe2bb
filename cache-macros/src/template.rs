//! Templates: `"cat:{name}"`, `"owner:{value.owner_id}"`. `format!` syntax, where a hole may name a
//! field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{LitStr, Member};

/// A template, taken apart.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) literal: LitStr,
    pub(crate) pieces: Vec<Piece>,
}

/// Text, or a hole.
#[derive(Clone)]
pub(crate) enum Piece {
    Text(String),
    Hole(Hole),
}

/// `{cat.id:>8}`.
#[derive(Clone)]
pub(crate) struct Hole {
    /// `cat`.
    pub(crate) root: String,
    /// `id`.
    pub(crate) fields: Vec<String>,
    /// `:>8`, or nothing.
    pub(crate) spec: String,
    pub(crate) span: Span,
}

impl Hole {
    /// Its root, shown where the hole is: the name of what it means here, if that is known.
    pub(crate) fn root(&self, meant: Option<Ident>) -> Ident {
        let mut root = meant.unwrap_or_else(|| Ident::new(&self.root, self.span));
        root.set_span(self.span.resolved_at(root.span()));
        root
    }

    /// The path with its root replaced by an identifier that means it here.
    pub(crate) fn path(&self, root: &Ident) -> TokenStream {
        let fields = self.members();
        quote!(#root #(.#fields)*)
    }

    /// The fields of the path.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member> {
        self.fields.iter().map(|field| match field.parse::<u32>() {
            Ok(index) => Member::Unnamed(syn::Index { index, span: self.span }),
            Err(_) => Member::Named(Ident::new_raw_if_needed(field, self.span)),
        })
    }

    /// Whether it names the stored value, and no argument.
    pub(crate) fn is_of_value(&self) -> bool {
        self.root == "value"
    }

    /// As it was written, without its format.
    pub(crate) fn text(&self) -> String {
        std::iter::once(&self.root).chain(&self.fields).map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

trait RawIfNeeded {
    fn new_raw_if_needed(name: &str, span: Span) -> Ident;
}

impl RawIfNeeded for Ident {
    fn new_raw_if_needed(name: &str, span: Span) -> Ident {
        match syn::parse_str::<Ident>(name) {
            Ok(_) => Ident::new(name, span),
            Err(_) => Ident::new_raw(name, span),
        }
    }
}

impl Template {
    pub(crate) fn read(literal: LitStr) -> syn::Result<Self> {
        let text = literal.value();
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '{' | '}' if chars.next_if(|(_, next)| *next == c).is_some() => plain.push(c),
                '{' => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    let inside = &text[at + 1..];
                    let Some(end) = inside.find('}') else {
                        return Err(error(
                            &literal,
                            at,
                            text.len(),
                            "this `{` is never closed; `{{` stands for the character",
                        ));
                    };
                    pieces.push(Piece::Hole(hole(&literal, at, &inside[..end])?));
                    while chars.next_if(|(next, _)| *next <= at + 1 + end).is_some() {}
                }
                '}' => {
                    return Err(error(
                        &literal,
                        at,
                        at + 1,
                        "this `}` was never opened; `}}` stands for the character",
                    ));
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { literal, pieces })
    }

    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }

    /// The text of a template without holes.
    pub(crate) fn fixed(&self) -> Option<String> {
        match self.pieces.as_slice() {
            [] => Some(String::new()),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }
}

/// An error about a part of the literal: points into it where the compiler lets us (nightly), else at
/// the whole of it.
fn error(literal: &LitStr, from: usize, to: usize, message: &str) -> syn::Error {
    syn::Error::new(part(literal, from, to), message)
}

fn part(literal: &LitStr, from: usize, to: usize) -> Span {
    let token = literal.token();
    // Only where the source is the value: no escapes, no raw string.
    let plain = token.to_string() == format!("\"{}\"", literal.value());
    plain.then(|| token.subspan(from + 1..=to)).flatten().unwrap_or_else(|| literal.span())
}

fn hole(literal: &LitStr, at: usize, inside: &str) -> syn::Result<Hole> {
    let (path, spec) = inside.split_at(inside.find(':').unwrap_or(inside.len()));
    let path = path.trim();
    let end = at + inside.len() + 2;
    let mut names = path.split('.').map(str::trim);
    let root = names.next().unwrap_or_default();
    let fields: Vec<String> = names.map(str::to_owned).collect();
    let is_name = |name: &str| syn::parse::Parser::parse_str(syn::Ident::parse_any, name).is_ok();
    if !is_name(root) || root.parse::<u32>().is_ok() {
        return Err(error(
            literal,
            at,
            end,
            "a hole names an argument or a field of one: `{name}`, `{cat.id}`; `{{` stands for the character",
        ));
    }
    if let Some(wrong) = fields.iter().find(|field| !is_name(field) && field.parse::<u32>().is_err()) {
        return Err(error(
            literal,
            at,
            end,
            &format!("`{wrong}` is not a field: a hole is a path such as `{{cat.id}}`"),
        ));
    }
    Ok(Hole { root: root.to_owned(), fields, spec: spec.trim().to_owned(), span: part(literal, at, end) })
}
