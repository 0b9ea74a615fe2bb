//! Attributes under a condition, `#[cfg_attr(unix, allow(dead_code))]`. Attributes of ours are carried out before
//! it is known whether conditions hold, so what is made of a function stands under them, too.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, GenericParam, Generics, Meta, Token, parse_quote_spanned};

use crate::diagnostics::Errors;

const LEVELS: [&str; 4] = ["allow", "warn", "deny", "forbid"];

/// The attributes, where each `cfg_attr` gives one.
pub(crate) fn one_by_one(attrs: Vec<Attribute>) -> Vec<Attribute> {
    let mut each = Vec::new();
    for attr in attrs {
        match conditional(&attr) {
            Some((condition, metas)) if metas.len() > 1 => each.extend(metas.into_iter().map(|meta| {
                let one: Attribute = parse_quote_spanned!(attr.span()=> #[cfg_attr(#condition, #meta)]);
                one
            })),
            _ => each.push(attr),
        }
    }
    each
}

/// The condition of a `cfg_attr`, and what it gives.
fn conditional(attr: &Attribute) -> Option<(TokenStream, Vec<Meta>)> {
    let Meta::List(list) = &attr.meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut tokens = list.tokens.clone().into_iter();
    let condition = tokens.by_ref().take_while(|token| !is_comma(token)).collect();
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens.collect()).ok()?;
    Some((condition, metas.into_iter().collect()))
}

/// What an attribute is that stands by itself, and the condition of it.
pub(crate) fn meant(attr: &Attribute) -> (Meta, Option<TokenStream>) {
    let Some((condition, metas)) = conditional(attr) else { return (attr.meta.clone(), None) };
    let [meta] = &metas[..] else { return (attr.meta.clone(), None) };
    let (meta, more) = meant(&parse_quote_spanned!(attr.span()=> #[#meta]));
    let both = more.map(|more| quote!(all(#condition, #more)));
    (meta, Some(both.unwrap_or(condition)))
}

/// Whether it is one of these, now or under a condition.
pub(crate) fn is_one_of(attr: &Attribute, names: &[&str]) -> bool {
    let meta = meant(attr).0;
    names.iter().any(|name| meta.path().is_ident(name))
}

/// Whether it sets the level of a lint.
pub(crate) fn is_lint(attr: &Attribute) -> bool {
    is_one_of(attr, &LEVELS) || is_one_of(attr, &["expect"])
}

/// The same levels where nothing is expected, since that is met elsewhere.
pub(crate) fn allowed(attr: &Attribute) -> TokenStream {
    match meant(attr) {
        (Meta::List(list), condition) if list.path.is_ident("expect") => {
            let lints = list.tokens;
            match condition {
                None => quote!(#[allow(#lints)]),
                Some(condition) => quote!(#[cfg_attr(#condition, allow(#lints))]),
            }
        }
        _ => attr.to_token_stream(),
    }
}

/// What holds for all that is made of an item: its conditions, and levels of lints.
pub(crate) fn carried(attrs: &[Attribute]) -> TokenStream {
    let carried = attrs.iter().filter(|attr| is_one_of(attr, &["cfg"]) || is_lint(attr));
    carried.map(allowed).collect()
}

/// What is there under a condition only can be no part of a key.
pub(crate) fn refuse(attrs: &[Attribute], what: &str, remedy: &str, errors: &mut Errors) {
    for attr in attrs {
        if is_one_of(attr, &["cfg"]) {
            errors.at(
                attr.span(),
                format!("{what} with a condition cannot be memoized over, since `#[memoize]` does not see whether the condition holds: {remedy}"),
            );
        }
    }
}

/// The same of type, const and lifetime parameters.
pub(crate) fn refuse_of_generics(generics: &Generics, remedy: &str, errors: &mut Errors) {
    for param in &generics.params {
        let (attrs, what) = match param {
            GenericParam::Lifetime(param) => (&param.attrs, "a lifetime parameter"),
            GenericParam::Type(param) => (&param.attrs, "a type parameter"),
            GenericParam::Const(param) => (&param.attrs, "a const parameter"),
        };
        refuse(attrs, what, remedy, errors);
    }
}
