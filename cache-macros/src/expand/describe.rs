//! What an entry answers to: tags, ttl and conditions that are known only when it is computed.
//!
//! What needs arguments alone is made before the body runs, which may consume them; what needs the
//! value, after it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, Type};

use super::background_call::{borrow, by_reference};
use super::tags;
use crate::duration::Length;
use crate::model::{Arg, Model, at, local, mentions, mixed, this, without_self};
use crate::options::Ttl;
use crate::shape::{Ownership, way};

/// Code for before and after the body.
pub(super) struct Describe {
    pub(super) before: TokenStream,
    /// The closure that describes a value, if there is something to say.
    pub(super) after: Option<TokenStream>,
}

/// `detached` if it is not to borrow.
pub(super) fn describe(model: &Model, detached: bool) -> Describe {
    let Model { krate, options, .. } = model;
    let mixed = model.mixed_site;
    let (value, metadata) = (local("value"), local("metadata"));
    let mut before = TokenStream::new();
    // With any outcome, then with a value only.
    let (mut always, mut valued) = (TokenStream::new(), TokenStream::new());

    let tags = tags::tags(model, &value);
    if let Some(tags) = tags.before {
        let made = tags::made();
        before.extend(tags);
        always.extend(quote_spanned!(mixed=> #metadata.tags_before(&#made);));
    }
    let copies = copies(model, detached, &mut before);
    if !tags.after.is_empty() {
        let (list, see, tags) = (tags::list(), copies.seen_by_tags, tags.after);
        valued.extend(quote_spanned!(mixed=> #metadata.tags(|#list| { #see #tags });));
    }
    match options.ttl.as_ref().map(|given| (&given.value, given.span)) {
        Some((Ttl::Length(length @ Length::Expr(expr)), name)) => {
            let (ttl, span) = (without_self(length.tokens()), around(expr, name));
            let into_ttl = at(span, quote!(#krate::__private::IntoTtl::into_ttl));
            valued.extend(quote_spanned!(span=> #metadata.ttl(#into_ttl(#ttl));));
        }
        Some((Ttl::Closure(closure), _)) => {
            let span = closure.span();
            let into_ttl = at(span, quote!(#krate::__private::IntoTtl::into_ttl));
            let ask = at(span, quote!(#krate::__private::ask));
            let closure = without_self(closure.to_token_stream());
            valued.extend(quote_spanned!(span=> #metadata.ttl(#into_ttl(#ask(#closure, #value)));));
        }
        _ => {}
    }
    if let Some(given) = &options.none_ttl {
        let ttl = given.value.tokens();
        let is_none = at(given.span, quote!(#krate::__private::IsOption::is_none));
        let value = at(given.span, value.to_token_stream());
        valued.extend(quote_spanned! {given.span=>
            if #is_none(#value) {
                #metadata.ttl(#ttl);
            }
        });
    }
    if let Some(given) = &options.cache_if {
        let condition = without_self(given.value.to_token_stream());
        let span = around(&given.value, given.span);
        let (ask, store_if) = (at(span, quote!(#krate::__private::ask)), at(span, quote!(.store_if)));
        valued.extend(quote_spanned!(span=> #metadata #store_if(#ask(#condition, #value));));
    }
    let on_error = options.err_ttl.as_ref().map(|given| {
        let ttl = given.value.tokens();
        quote_spanned!(given.span=> #metadata.ttl(#ttl);)
    });
    if always.is_empty() && valued.is_empty() && on_error.is_none() {
        return Describe { before, after: None };
    }
    let shadows = copies.owned;
    let valued = if valued.is_empty() && on_error.is_none() {
        quote_spanned!(mixed=> let _ = #value;)
    } else {
        quote_spanned! {mixed=>
            match #value {
                ::core::option::Option::Some(#value) => { #valued let _ = #value; }
                ::core::option::Option::None => { #on_error }
            }
        }
    };
    let after = quote_spanned! {mixed=>
        move |#value: ::core::option::Option<&_>, #metadata: &mut #krate::__private::EntryMetadata| {
            #shadows
            #always
            #valued
        }
    };
    Describe { before, after: Some(after) }
}

/// Where that stands which is written around an expression of an option: not where a name does, since editors that are
/// asked what it names would name all of that, too.
fn around(expr: &Expr, option: Span) -> Span {
    if let Expr::Closure(closure) = expr { closure.span() } else { option }
}

/// Arguments that options mention and the body may consume, under the same names.
struct Copies {
    /// As `ttl` and `cache_if` see them.
    owned: TokenStream,
    /// As tags do: as they are where they are `Copy`, else by reference.
    seen_by_tags: TokenStream,
}

fn copies(model: &Model, detached: bool, before: &mut TokenStream) -> Copies {
    let krate = &model.krate;
    let (mut by_closures, mut by_tags) = (TokenStream::new(), TokenStream::new());
    if let Some(given) = &model.options.ttl {
        match &given.value {
            Ttl::Closure(expr) | Ttl::Length(Length::Expr(expr)) => expr.to_tokens(&mut by_closures),
            Ttl::Length(Length::Fixed(..)) => {}
        }
    }
    if let Some(given) = &model.options.cache_if {
        given.value.to_tokens(&mut by_closures);
    }
    tags::exprs_of_value(model).for_each(|expr| expr.to_tokens(&mut by_tags));
    let (mut owned_copies, mut seen_by_tags) = (TokenStream::new(), TokenStream::new());
    // References are copied by the closure itself.
    let is_copied = |arg: &&Arg| detached || !matches!(arg.ty, Type::Reference(_));
    for arg in model.args.iter().filter(is_copied) {
        for name in &arg.binds {
            let seen = if arg.receiver.is_some() { this() } else { name.clone() };
            let copy = local(&format!("copy_of_{}", name.unraw()));
            let for_closures = mentions(by_closures.clone(), name);
            let for_tags = mentions(by_tags.clone(), name);
            if detached && (for_closures || for_tags) && !matches!(way(&arg.ty), Ownership::Move(_)) {
                let (keep, lent) = owned(arg, &seen, &copy);
                before.extend(keep);
                for (asked, list) in [(for_closures, &mut owned_copies), (for_tags, &mut seen_by_tags)] {
                    list.extend(asked.then(|| lent.clone()));
                }
                continue;
            }
            if for_closures || for_tags {
                // What a pattern binds is looked at by reference.
                let of = if arg.named {
                    quote_spanned!(model.call_site=> &#seen)
                } else {
                    quote_spanned!(model.call_site=> #seen)
                };
                let clone = at(name.span(), quote!(::core::clone::Clone::clone));
                before.extend(quote_spanned!(name.span()=> let #copy = #clone(#of);));
            }
            if for_closures {
                let clone = quote_spanned!(model.call_site=> ::core::clone::Clone::clone(&#copy));
                owned_copies
                    .extend(quote_spanned!(model.call_site=> #[allow(unused_variables)] let #seen = #clone;));
            }
            if for_tags {
                let by_tags = if arg.named {
                    quote_spanned!(model.call_site=> #krate::__see!(#copy))
                } else {
                    quote_spanned!(model.call_site=> &#copy)
                };
                seen_by_tags.extend(
                    quote_spanned!(model.call_site=> #[allow(unused_variables)] let #seen = #by_tags;),
                );
            }
        }
    }
    Copies { owned: owned_copies, seen_by_tags }
}

/// Owns an argument that is borrowed, and lends it again under its name.
fn owned(arg: &Arg, name: &Ident, copy: &Ident) -> (TokenStream, TokenStream) {
    let mixed = mixed();
    let own = at(arg.ty.span(), quote!(::std::borrow::ToOwned::to_owned));
    let keep = |one: &TokenStream| quote_spanned!(mixed=> #own(#one));
    let kept = by_reference(&way(&arg.ty), &quote!(#name), &quote!(#copy), keep, borrow);
    let Some((kept, seen)) = kept.filter(|_| arg.named) else {
        let why = format!(
            "`{}` is borrowed, the future of the function is not, and an option asks for it when there is a value: take it by value, or let the future borrow, `+ '_`",
            name.unraw()
        );
        return (at(arg.ty.span(), quote!(::core::compile_error!(#why);)), TokenStream::new());
    };
    (
        quote_spanned!(mixed=> let #copy = #kept;),
        quote_spanned!(mixed=> #[allow(unused_variables)] let #name = #seen;),
    )
}
