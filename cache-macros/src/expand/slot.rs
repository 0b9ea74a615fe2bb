//! The slot of a function, and the constants in it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::{Companion, Inline, attrs, elided, look};
use crate::duration::Length;
use crate::model::{Model, Part, Place, mixed};
use crate::options::{Ahead, Capacity, Given, ListItem, Ttl};

/// The slot, with what is constant about the function.
pub(super) fn slot(model: &Model) -> Companion {
    let Model { krate, options, .. } = model;
    let ident = model.function.sig.ident.unraw().to_string();
    let name = match (&options.name, &model.place) {
        (Some(given), _) => given.value.to_token_stream(),
        (None, Place::Free) => {
            quote_spanned!(model.call_site=> ::core::concat!(::core::module_path!(), "::", #ident))
        }
        // The type's name is known at run time.
        (None, Place::Inherent { .. }) => format!("::{ident}").into_token_stream(),
        (None, Place::Extended { of, .. }) => format!("{of}::{ident}").into_token_stream(),
    };
    let parts = part_names(model);
    let ttl = options.ttl.as_ref().and_then(|given| match &given.value {
        Ttl::Length(length @ Length::Fixed(..)) => Some(length.tokens()),
        _ => None,
    });
    let ttl = ttl.map(|ttl| quote_spanned!(model.call_site=> .ttl(#ttl)));
    let tags: Vec<String> =
        options.tags.iter().flat_map(|given| &given.value).filter_map(ListItem::fixed).collect();
    let tags = (!tags.is_empty()).then(|| quote_spanned!(model.call_site=> .tags(&[#(#tags),*])));
    let capacity = options.capacity.as_ref().map(|given| match &given.value {
        Capacity::Bound(expr) => quote_spanned!(model.call_site=> .capacity(#expr)),
        Capacity::Unbounded => quote_spanned!(model.call_site=> .unbounded()),
    });
    let policy = options.policy.as_ref().map(|given| {
        let policy = &given.value;
        // A bare name is ours; a path is written as the user means it.
        let ours = policy.get_ident().map(|_| quote_spanned!(model.call_site=> #krate::Policy::));
        quote_spanned!(model.call_site=> .policy(#ours #policy))
    });
    let single_flight = options.single_flight.as_ref().map(|given| {
        let value = given.value;
        quote_spanned!(model.call_site=> .single_flight(#value))
    });
    let max_wait = length("max_wait", options.max_wait.as_ref());
    let freshness = freshness(model);
    let inherit_tags =
        options.inherit_tags.as_ref().map(|_| quote_spanned!(model.call_site=> .inherit_tags()));
    let slot = &model.names.slot;
    let body = if let Some(node) = model.node() {
        let (span, node) = (node.span(), look::node(model, node));
        quote_spanned!(span=> <#node as #krate::__private::Node>::slot())
    } else {
        quote_spanned! {model.call_site=>
            static __SLOT: #krate::__private::Slot = #krate::__private::Slot::new(
                #krate::__private::Spec::new(#name, &[#(#parts),*])
                    #ttl #freshness #tags #capacity #policy #single_flight #max_wait #inherit_tags
            );
            &__SLOT
        }
    };
    let (attrs, elided) = (attrs(model, None), elided(model));
    let edition = super::edition(krate, model.function.sig.ident.span());
    let body = quote_spanned!(model.call_site=> #edition #body);
    Companion {
        attrs: quote_spanned!(model.call_site=> #attrs #elided),
        inline: Inline::No,
        vis: TokenStream::new(),
        sig: quote_spanned!(model.call_site=> fn #slot() -> &'static #krate::__private::Slot),
        declaration: None,
        body,
    }
}

/// What the parts of the key are called where arguments are given by name.
fn part_names(model: &Model) -> Vec<String> {
    let text = |tokens: TokenStream| tokens.to_string().replace(" . ", ".").replace(' ', "");
    match &model.parts {
        None => model.keyed().map(|arg| arg.name.unraw().to_string()).collect(),
        Some(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Arg(index) => model.args[*index].name.unraw().to_string(),
                Part::Expr(expr) => text(expr.to_token_stream()),
                Part::Hole(hole) => hole.text(),
            })
            .collect(),
    }
}

/// What else is constant about when an entry is used.
fn freshness(model: &Model) -> TokenStream {
    let Model { krate, options, .. } = model;
    let idle = length("idle", options.idle.as_ref());
    let jitter = options.jitter.as_ref().map(|given| {
        let part = given.value;
        quote_spanned!(model.call_site=> .jitter(#part))
    });
    let revalidate = length("stale_while_revalidate", options.stale_while_revalidate.as_ref());
    let if_error = length("stale_if_error", options.stale_if_error.as_ref());
    let ahead = options.refresh_ahead.as_ref().map(|given| {
        let ahead = match &given.value {
            Ahead::Fraction(part) => quote_spanned!(model.call_site=> Fraction(#part)),
            Ahead::Age(age) => {
                let age = age.tokens();
                quote_spanned!(model.call_site=> Age(#age))
            }
            Ahead::XFetch(beta) => quote_spanned!(model.call_site=> XFetch(#beta)),
        };
        quote_spanned!(model.call_site=> .refresh_ahead(#krate::__private::Ahead::#ahead))
    });
    quote_spanned!(model.call_site=> #idle #jitter #revalidate #if_error #ahead)
}

/// A length of time, told to what is being built by the method of this name.
pub(super) fn length(name: &str, given: Option<&Given<Length>>) -> Option<TokenStream> {
    given.map(|given| {
        let (name, length) = (Ident::new(name, mixed()), given.value.tokens());
        quote!(.#name(#length))
    })
}
