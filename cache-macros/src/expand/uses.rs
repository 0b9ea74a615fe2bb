//! What the compiler and documentation say of the function and of its companions: whether it is used, and whether it
//! should be.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::Visibility;
use syn::ext::IdentExt as _;

use super::{attributes, type_or_const};
use crate::model::{Arg, Model, Place};
use crate::options::Ttl;

/// Whoever uses a companion uses the function, so the companion, which takes these arguments, names it. `whole` if it
/// has all the generics of the function: without them it cannot.
pub(super) fn used(model: &Model, args: &[&Arg], whole: bool) -> Option<TokenStream> {
    let (mixed, sig) = (model.mixed_site, &model.function.sig);
    if matches!(model.place, Place::Extended { .. }) || (!whole && !model.incidental.is_empty()) {
        return None;
    }
    let ident = &sig.ident;
    // An argument of the same name hides the function. The memo, which takes none, names it.
    if model.is_free() && args.iter().any(|arg| arg.name == *ident) {
        let memo = &model.names.memo;
        return Some(quote_spanned!(mixed=> let _ = Self::#memo;));
    }
    let function = if model.is_free() {
        quote_spanned!(model.call_site=> #ident)
    } else {
        quote_spanned!(model.call_site=> Self::#ident)
    };
    let params = sig.generics.params.iter().filter_map(type_or_const);
    let params: Vec<&Ident> = params.collect();
    let params = (!params.is_empty()).then(|| quote_spanned!(model.call_site=> ::<#(#params),*>));
    let function = if model.anonymous.is_empty() {
        quote_spanned!(model.call_site=> #function #params)
    } else if !whole {
        return None;
    } else {
        let names: Vec<Ident> = model.args.iter().map(Arg::local).collect();
        let types = model.args.iter().map(|arg| &arg.ty);
        quote_spanned!(mixed=> |#(#names: #types),*| #function #params(#(#names),*))
    };
    let deprecated = attributes(model, &["deprecated"])
        .next()
        .map(|_| quote_spanned!(model.call_site=> #[allow(deprecated)]));
    Some(quote_spanned!(mixed=> #deprecated let _ = #function;))
}

/// What readers of the documentation are told of a function that has some: that it is cached, for how long, and where the
/// companions are. To one without documentation nothing is added, since the compiler is to tell of that.
pub(super) fn cached(model: &Model) -> Option<TokenStream> {
    let says = |attr: &syn::Attribute| matches!(attr.meta, syn::Meta::NameValue(_));
    let is_documented = attributes(model, &["doc"]).any(says);
    if !is_documented || is_hidden(model) || matches!(model.function.vis, Visibility::Inherited) {
        return None;
    }
    let ttl = model.options.ttl.as_ref().map(|given| &given.value);
    let long = match ttl {
        _ if model.node().is_some() => String::new(),
        None => " until they are evicted or invalidated".to_owned(),
        Some(Ttl::Length(length)) => match length.known() {
            Some(length) => format!(" for {}", in_words(length)),
            None => " for a fixed time".to_owned(),
        },
        Some(Ttl::Closure(_)) => " for a time that depends on the value".to_owned(),
    };
    let names = &model.names;
    // A link to what fewer can see would be broken.
    let see = match (&model.place, &model.options.companion_vis) {
        (Place::Free, None) if !model.hidden => {
            let name = model.companion.unraw();
            format!(": see [`{name}`](type@{name})")
        }
        (Place::Inherent { .. }, None) if !model.hidden => format!(
            ": see [`{0}`](Self::{0}), [`{1}`](Self::{1}) and [`{2}`](Self::{2})",
            names.entry, names.key, names.memo
        ),
        _ => String::new(),
    };
    let text = format!("\n\nIts values are cached{long}{see}.");
    Some(quote_spanned!(model.call_site=> #[doc = #text]))
}

/// A duration in the largest unit of which it is a whole number.
fn in_words(length: Duration) -> String {
    const UNITS: [(&str, u128); 5] =
        [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000), ("millisecond", 1)];
    let millis = length.as_millis();
    match UNITS.into_iter().find(|(_, unit)| millis >= *unit && millis.is_multiple_of(*unit)) {
        Some((name, unit)) if Duration::from_millis(u64::try_from(millis).unwrap_or(0)) == length => {
            let many = millis / unit;
            format!("{many} {name}{}", if many == 1 { "" } else { "s" })
        }
        _ => format!("{length:?}"),
    }
}

/// Whether the function is not to be seen in documentation.
pub(super) fn is_hidden(model: &Model) -> bool {
    attributes(model, &["doc"]).any(|attr| match &attr.meta {
        syn::Meta::List(list) => list.tokens.to_string().split(',').any(|word| word.trim() == "hidden"),
        _ => false,
    })
}

/// A deprecated function may call itself. Where it does so is not in itself any more.
pub(super) fn deprecated(model: &Model, tokens: &TokenStream) -> Option<TokenStream> {
    let is_deprecated = attributes(model, &["deprecated"]).next().is_some();
    (is_deprecated && names(tokens.clone(), &model.function.sig.ident))
        .then(|| quote_spanned!(model.call_site=> #[allow(deprecated)]))
}

/// Whether a name is anywhere among tokens.
fn names(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => names(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
