//! From what an entry or a memo is called to the companion that is meant: `get_cat(name)` is
//! `get_cat::key(name)`, `self.cat(name)` is `self.cat_key(name)`, or `Self::cat_key(name)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprPath, PathSegment};

use crate::surroundings::Surroundings;

/// An entry. `locals` are names that are no functions.
pub(super) fn entry(expr: &Expr, locals: &[Ident]) -> syn::Result<TokenStream> {
    match expr {
        Expr::Call(call) => {
            let mut call = call.clone();
            if let Expr::Path(path) = &*call.func
                && !is_made(path)
            {
                memoized(path)?;
                *call.func = Expr::Path(companion(path, "key"));
            }
            Ok(call.to_token_stream())
        }
        Expr::MethodCall(call) if is_place(&call.receiver) && call.method != "clone" => {
            let mut call = call.clone();
            if !call.method.to_string().ends_with("_key") {
                // Whether `self` is part of the key or not.
                call.method = format_ident!("__{}_key", call.method.unraw(), span = call.method.span());
            }
            Ok(call.to_token_stream())
        }
        Expr::Path(path) if !is_local(path, locals) && !is_made(path) => {
            let name = text(path);
            Err(syn::Error::new(
                path.span(),
                format!("an entry is one call, `{name}(..)`; all calls of `{name}` are `memos = [{name}]`"),
            ))
        }
        _ => plain(expr, "an entry is a call: `get_cat(name)`"),
    }
}

/// A memo.
pub(super) fn memo(expr: &Expr, locals: &[Ident]) -> syn::Result<TokenStream> {
    match expr {
        Expr::Path(path) if !is_local(path, locals) => {
            memoized(path)?;
            let path = companion(path, "memo");
            Ok(quote!(#path()))
        }
        Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.get_ident().is_some()) => {
            let (name, call) = (text(&call.func), text(call));
            Err(syn::Error::new(
                expr.span(),
                format!("a memo is all calls of a function, `{name}`; one call is `entries = [{call}]`"),
            ))
        }
        _ => plain(expr, "a memo is named by its function: `list_cats`"),
    }
}

/// Refuses what is visibly not memoized: a name alone. One of a type may come from a trait.
fn memoized(path: &ExprPath) -> syn::Result<()> {
    path.path.get_ident().map_or(Ok(()), is_memoized)
}

fn is_memoized(name: &Ident) -> syn::Result<()> {
    let surroundings = Surroundings::of(Span::call_site());
    if surroundings.is_some_and(|surroundings| surroundings.is_not_memoized(&name.unraw().to_string())) {
        return Err(syn::Error::new(
            name.span(),
            format!(
                "`{name}` is not memoized, so it has no entries: write `#[memoize]` above it, or leave it out here"
            ),
        ));
    }
    Ok(())
}

/// What is taken as it is.
pub(super) fn plain(expr: &Expr, form: &str) -> syn::Result<TokenStream> {
    match expr {
        Expr::Paren(paren) => Ok(paren.expr.to_token_stream()),
        // What names entries is a handle, and is not taken out of where it is.
        Expr::Field(_) | Expr::Index(_) => Ok(quote!(&#expr)),
        Expr::Lit(_) | Expr::Closure(_) => Err(syn::Error::new(expr.span(), form)),
        _ => Ok(expr.to_token_stream()),
    }
}

/// The path of a companion: of a function within the type of its name, of a method beside it. A path
/// that is one already is kept.
fn companion(path: &ExprPath, suffix: &str) -> ExprPath {
    let mut path = path.clone();
    let before = path.path.segments.iter().rev().nth(1).map(|segment| segment.ident.clone());
    let of_type = path.qself.is_some() || before.as_ref().is_some_and(is_type_name);
    let Some(last) = path.path.segments.last_mut() else { return path };
    let name = last.ident.unraw().to_string();
    if of_type {
        if !name.ends_with(&format!("_{suffix}")) {
            last.ident = suffixed(&last.ident, suffix);
        }
        // `<Db as Cats>::cat`: companions are in another trait.
        if path.qself.as_ref().is_some_and(|of| of.position > 0) {
            let (of, last) = (path.qself.map(|of| of.ty), path.path.segments.last());
            return syn::parse_quote!(<#of>::#last);
        }
    } else if before.is_none() || name != suffix {
        let suffix = Ident::new(suffix, last.ident.span());
        path.path.segments.push(PathSegment::from(suffix));
    }
    path
}

fn suffixed(name: &Ident, suffix: &str) -> Ident {
    format_ident!("{}_{suffix}", name.unraw(), span = name.span())
}

/// A name, or a field of one.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.get_ident().is_some(),
        Expr::Field(field) => is_place(&field.base),
        _ => false,
    }
}

fn is_local(path: &ExprPath, locals: &[Ident]) -> bool {
    path.path.get_ident().is_some_and(|name| locals.contains(name))
}

/// Whether it makes a value of a type: `CatNode(id)`, `Invalidation::tag(..)`.
fn is_made(path: &ExprPath) -> bool {
    let mut names = path.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(is_type_name) || names.next().is_some_and(|name| name == "Invalidation")
}

/// By convention.
fn is_type_name(name: &Ident) -> bool {
    name.unraw().to_string().starts_with(char::is_uppercase)
}

fn text(tokens: impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    [(" :: ", "::"), (" (", "("), (" ,", ","), (" < ", "<"), (" >", ">"), ("& ", "&"), (" . ", ".")]
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}
