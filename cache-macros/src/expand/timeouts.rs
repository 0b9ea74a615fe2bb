//! How long a call waits, and what it returns then.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};

use super::look;
use super::slot::length;
use crate::model::{Model, at};

/// What fails the build where an older value stands in for errors only, and there are none; or for late
/// ones, and a node keeps none.
pub(super) fn fails(model: &Model) -> Option<TokenStream> {
    let Model { krate, options, output, .. } = model;
    if let (Some(soft), Some(node)) = (&options.soft_timeout, model.node()) {
        let (ty, name) = (look::node(model, node), node.to_token_stream().to_string().replace(' ', ""));
        let why = format!(
            "after `soft_timeout` an old value is returned, and `{name}` keeps none: write `stale_if_error = \"1h\"` there, or `timeout` here if an error is to be returned"
        );
        let check = quote_spanned!(model.call_site=>
            const {
                ::core::assert!(<#ty as #krate::__private::Node>::STALE_IF_ERROR, "{}", #why);
            }
        );
        return Some(at(soft.span, check));
    }
    if options.soft_timeout.is_some() || options.fallback_after.is_some() || options.timeout.is_some() {
        return None;
    }
    let if_error = options.stale_if_error.as_ref().map(|given| given.span);
    let span = if_error.or(options.origin_first.as_ref().map(|given| given.span))?;
    let of_output = quote_spanned!(model.call_site=> #krate::__private::is_result(#krate::__private::Ty::<#output>::NEW););
    Some(at(span, of_output))
}

/// `.timeouts(..)`, if there is a limit.
pub(super) fn timeouts(model: &Model) -> Option<TokenStream> {
    let Model { krate, options, .. } = model;
    let mixed = model.mixed_site;
    // Only one of the two is given.
    let soft = options.fallback_after.as_ref().or(options.soft_timeout.as_ref());
    let hard = options.timeout.as_ref();
    soft.or(hard)?;
    let (soft, limit) = (length("soft", soft), length("hard", hard));
    let late = match (hard, &options.timeout_error) {
        (None, _) => quote_spanned!(mixed=> #krate::__private::never_late),
        (Some(hard), Some(error)) => {
            let (error, late) = (&error.value, at(hard.span, quote!(#krate::__private::late)));
            quote_spanned!(mixed=> |_| #late(#error))
        }
        (Some(hard), None) => {
            let timed_out = at(hard.span, quote!(#krate::__private::timed_out));
            quote_spanned!(mixed=> |__late| #timed_out(__late))
        }
    };
    Some(quote_spanned!(mixed=> .timeouts(#krate::__private::Limits::NONE #soft #limit, #late)))
}
