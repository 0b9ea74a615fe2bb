//! Any options on any function: our attributes never panic; what comes out is Rust, and the function is
//! still in it.

#![no_main]

extern crate proc_macro;

/// The sources of `cache-macros`, which nothing can depend on but as macros.
#[path = "../../cache-macros/src"]
#[allow(dead_code)]
mod macros {
    pub(crate) mod attr;
    pub(crate) mod blocks;
    pub(crate) mod conditions;
    pub(crate) mod diagnostics;
    pub(crate) mod duration;
    pub(crate) mod expand;
    pub(crate) mod fallback;
    pub(crate) mod fragments;
    pub(crate) mod function;
    pub(crate) mod memoize;
    pub(crate) mod model;
    pub(crate) mod node;
    pub(crate) mod options;
    pub(crate) mod outline;
    pub(crate) mod shape;
    pub(crate) mod surroundings;
    pub(crate) mod tag;
    pub(crate) mod template;
    pub(crate) mod valid;
    pub(crate) mod writer;
}

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use macros::{
    attr, blocks, conditions, diagnostics, duration, expand, fallback, fragments, function, memoize, model,
    node, options, outline, shape, surroundings, tag, template, valid, writer,
};
use proc_macro2::{TokenStream, TokenTree};

/// A piece of text: one of those that mean something to the attributes, or any.
#[derive(Arbitrary, Debug)]
enum Piece {
    Option(u8),
    Value(u8),
    Pattern(u8),
    Type(u8),
    Word(u8),
    Any(String),
    Quoted(String),
}

const VALUES: [&str; 40] = [
    "60",
    "\"1h30m\"",
    "0",
    "-1",
    "1.5",
    "3u8",
    "true",
    "a",
    "self.a",
    "self",
    "value",
    "value.id",
    "\"{a}\"",
    "\"{a.b:?}{value}\"",
    "\"{}\"",
    "\"{{\"",
    "[\"x\", T(a)]",
    "[..a]",
    "..a",
    "(a, ..)",
    "(..)",
    "()",
    "(a)",
    "|value| a",
    "|k, v| ()",
    "|k| {}",
    "|key, value, cause| ()",
    "Node { a, b: 1 }",
    "unbounded",
    "Lru",
    "xfetch(1.0)",
    "pub(crate)",
    "::core::cmp",
    "b",
    "[get(a), self.cat(a)]",
    "[list, self.all]",
    "if a { 1 } else { 2 }",
    "match a { _ => 1 }",
    "Duration::from_secs(1)",
    "a.await?",
];

const PATTERNS: [&str; 12] = [
    "a",
    "mut a",
    "_",
    "(a, b)",
    "ref a",
    "[a, ..]",
    "S { a, .. }",
    "a @ 1",
    "r#type",
    "&a",
    "value",
    "__slot",
];

const TYPES: [&str; 28] = [
    "u8",
    "&str",
    "&'a str",
    "&mut T",
    "T",
    "Self",
    "Option<&'a T>",
    "Cow<'_, str>",
    "impl Fn(&u8) -> u8",
    "dyn Any",
    "&dyn Any",
    "[T; N]",
    "&[&'static str]",
    "fn(&u8) -> !",
    "!",
    "()",
    "(T,)",
    "Result<T, E>",
    "impl Future<Output = u8>",
    "Pin<Box<dyn Future<Output = T> + Send + '_>>",
    "BoxFuture<'a, u8>",
    "impl Iterator<Item = impl Sized>",
    "m!(u8)",
    "<T as U>::V",
    "T::V",
    "Box<dyn for<'b> Fn(&'b u8)>",
    "*const T",
    "_",
];

const WORDS: [&str; 34] = [
    "=",
    ",",
    "?Send",
    "..",
    "pub",
    "pub(super)",
    "async",
    "const",
    "unsafe",
    "extern \"C\"",
    "#[doc = \"x\"]",
    "#[cfg(a)]",
    "#[memoize]",
    "#[memoize(ttl = 1)]",
    "where T: Clone",
    "where Self: Sized",
    "'static",
    "fn",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "->",
    "self",
    "&self",
    "&mut self",
    "self: Arc<Self>",
    "...",
    "impl",
    "trait",
];

impl Piece {
    fn text(&self) -> String {
        let of = |list: &[&str], at: u8| list[usize::from(at) % list.len()].to_owned();
        match self {
            Self::Option(at) => of(&options::names(false), *at),
            Self::Value(at) => of(&VALUES, *at),
            Self::Pattern(at) => of(&PATTERNS, *at),
            Self::Type(at) => of(&TYPES, *at),
            Self::Word(at) => of(&WORDS, *at),
            Self::Any(text) => text.clone(),
            Self::Quoted(text) => format!("{text:?}"),
        }
    }
}

/// What the attribute says: options, as far as they are.
#[derive(Arbitrary, Debug)]
enum Options {
    Given(Vec<(u8, Piece)>),
    Skip(Vec<u8>, Vec<(u8, Piece)>),
    Soup(Vec<Piece>),
}

impl Options {
    fn text(&self) -> String {
        let names = options::names(false);
        let given = |options: &[(u8, Piece)]| {
            let each = options.iter().map(|(name, value)| {
                let name = names[usize::from(*name) % names.len()];
                format!("{name} = {}, ", value.text())
            });
            each.collect::<String>()
        };
        match self {
            Self::Given(options) => given(options),
            Self::Skip(names, options) => {
                let names =
                    names.iter().map(|at| format!("{}, ", ["a", "self", "b", "r#type"][usize::from(at % 4)]));
                format!("skip({}), {}", names.collect::<String>(), given(options))
            }
            Self::Soup(pieces) => soup(pieces),
        }
    }
}

fn soup(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text() + " ").collect()
}

/// What it stands on.
#[derive(Arbitrary, Debug)]
enum Item {
    Function(Function),
    Impl(bool, Vec<Function>),
    Trait(Vec<Function>),
    Soup(Vec<Piece>),
}

#[derive(Arbitrary, Debug)]
struct Function {
    before: u8,
    receiver: u8,
    args: Vec<(u8, u8)>,
    output: Option<u8>,
    generics: u8,
    body: Vec<Piece>,
}

impl Function {
    fn text(&self) -> String {
        let of = |list: &[&'static str], at: u8| list[usize::from(at) % list.len()];
        let before = of(
            &[
                "",
                "pub",
                "async",
                "pub(crate) async",
                "const",
                "unsafe",
                "extern \"C\"",
                "/// Doc.\n",
                "#[inline]",
                "#[expect(unused)]",
            ],
            self.before,
        );
        let receiver = of(
            &["", "", "&self,", "self,", "mut self,", "self: &Arc<Self>,", "&'a mut self,"],
            self.receiver,
        );
        let args =
            self.args.iter().map(|(pat, ty)| format!("{}: {}, ", of(&PATTERNS, *pat), of(&TYPES, *ty)));
        let args: String = args.collect();
        let output = self.output.map(|ty| format!("-> {}", of(&TYPES, ty))).unwrap_or_default();
        let (generics, clause) = [
            ("", ""),
            ("<'a, T: Clone + 'a, const N: usize>", ""),
            ("<T>", "where T: ?Sized + 'static, for<'b> &'b T: Into<u8>"),
            ("<T: U<E>, E>", "where T::V: Clone"),
        ][usize::from(self.generics % 4)];
        format!(
            "{before} fn subject{generics}({receiver} {args}) {output} {clause} {{ {} }}",
            soup(&self.body)
        )
    }
}

impl Item {
    fn text(&self) -> String {
        let methods = |functions: &[Function]| {
            let each = functions
                .iter()
                .map(|function| format!("#[memoize(skip(self), ttl = 1)] {} ", function.text()));
            each.collect::<String>()
        };
        match self {
            Self::Function(function) => function.text(),
            Self::Impl(is_of_trait, functions) => {
                let of = if *is_of_trait { "Cats<&str> for" } else { "" };
                format!("impl<'a, T> {of} &'a [Db<'_, T>] {{ {} }}", methods(functions))
            }
            Self::Trait(functions) => format!("pub trait Cats<T>: Sized {{ {} }}", methods(functions)),
            Self::Soup(pieces) => soup(pieces),
        }
    }
}

fn is_rust(tokens: &TokenStream) -> bool {
    let methods = quote::quote!(impl Holder { #tokens });
    syn::parse2::<syn::File>(tokens.clone()).is_ok() || syn::parse2::<syn::ItemImpl>(methods).is_ok()
}

/// Whether a function of this name is declared in there.
fn declares(tokens: &TokenStream, name: &proc_macro2::Ident) -> bool {
    let mut is_fn = false;
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => declares(&group.stream(), name),
        TokenTree::Ident(ident) => std::mem::replace(&mut is_fn, ident == "fn") && ident == *name,
        _ => false,
    })
}

fuzz_target!(|input: (bool, Options, Item)| {
    let (writes, options, item) = input;
    // What is no tokens never gets to an attribute.
    let (Ok(options), Ok(item)) = (options.text().parse::<TokenStream>(), item.text().parse::<TokenStream>())
    else {
        return;
    };
    let function = syn::parse2::<function::Function>(item.clone()).ok();
    let expanded =
        if writes { writer::expand(options, item.clone()) } else { memoize::expand(options, item.clone()) };
    let emitted = match &expanded {
        Ok(expanded) => expanded.clone(),
        Err(error) => {
            assert!(!error.to_string().is_empty(), "an error says nothing");
            fallback::emit(item.clone(), error)
        }
    };
    // Derives are told of types, whatever these are.
    let _ = (node::derive(item.clone()), tag::derive(item.clone()));
    // A function is Rust if its body is; bodies are not read.
    if is_rust(&item) {
        assert!(is_rust(&emitted), "no items:\n{emitted}");
    }
    if let Some(function) = function {
        assert!(declares(&emitted, &function.sig.ident), "the function is gone:\n{emitted}");
    }
});
