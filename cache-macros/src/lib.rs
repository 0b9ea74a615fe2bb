//! The macros of `cache-core`. Use it through that crate, which documents it and is locked to the
//! exact version of this one.
//!
//! In stages: `attr` reads the options, `model` joins them with the function, `valid` checks rules
//! across options, `expand` writes the code. What is wrong at any stage is collected, and reported
//! with the original function, so that one mistake is one error.
#![expect(
    missing_docs,
    reason = "`cache-core` says it where it re-exports them; here it would be said twice"
)]

mod attr;
mod blocks;
mod conditions;
mod diagnostics;
mod duration;
mod expand;
mod fallback;
mod fragments;
mod function;
mod memoize;
mod model;
mod node;
mod options;
mod shape;
#[cfg(test)]
mod snapshots;
mod surroundings;
mod tag;
mod template;
mod valid;
mod writer;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn memoize(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match memoize::expand(options.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
        // `#[memoize = 300]` is the compiler's to report.
        Err(_) if fallback::is_key_value() => item.into(),
        Err(error) => fallback::emit(item, &error).into(),
    }
}

#[proc_macro_derive(Tag, attributes(tag))]
pub fn tag(item: TokenStream) -> TokenStream {
    tag::derive(item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

#[proc_macro_derive(CacheKey, attributes(cache_key))]
pub fn cache_key(item: TokenStream) -> TokenStream {
    node::derive(item.into()).into()
}

#[proc_macro_attribute]
pub fn invalidates(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match writer::expand(options.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
        Err(error) => {
            let error = error.to_compile_error();
            quote::quote!(#error #item).into()
        }
    }
}
