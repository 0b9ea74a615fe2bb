//! What the compiler and documentation say of the function and of its companions: whether it is used, and whether it
//! should be.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote_spanned;

use super::{attributes, type_or_const};
use crate::model::{Arg, Model, Place};

/// Whoever uses a companion uses the function, so the companion names it. `whole` if it has all the generics of the
/// function: without them it cannot.
pub(super) fn used(model: &Model, whole: bool) -> Option<TokenStream> {
    let (mixed, sig) = (model.mixed_site, &model.function.sig);
    if matches!(model.place, Place::Extended { .. }) || (!whole && !model.incidental.is_empty()) {
        return None;
    }
    let ident = &sig.ident;
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
