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
mod diagnostics;
mod duration;
mod expand;
mod fallback;
mod function;
mod model;
mod node;
mod options;
mod shape;
#[cfg(test)]
mod snapshots;
mod tag;
mod template;
mod valid;
mod writer;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn memoize(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match expand(options.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
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

fn expand(
    options: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> syn::Result<proc_macro2::TokenStream> {
    let mut errors = diagnostics::Errors::default();
    if let Some(block) = blocks::Block::read(&item) {
        let expanded = block.expand(options, &mut errors);
        return errors.finish().map(|()| expanded);
    }
    let Some(function) = function::function(item, &mut errors) else {
        attr::read(options, &mut errors);
        return Err(errors.into_error());
    };
    let place = if function.is_associated() {
        model::Place::Inherent { is_static: false }
    } else {
        model::Place::Free
    };
    let expanded = one(options, function, place, &mut errors);
    errors.finish()?;
    Ok(expanded.map_or_else(proc_macro2::TokenStream::new, expand::Expanded::together))
}

/// One function; nothing if something is wrong.
fn one(
    options: proc_macro2::TokenStream,
    function: function::Function,
    place: model::Place,
    errors: &mut diagnostics::Errors,
) -> Option<expand::Expanded> {
    let mut own = diagnostics::Errors::default();
    let options = attr::read(options, &mut own);
    let model = model::Model::new(options, function, place, &mut own);
    valid::check(&model, &mut own);
    match own.finish() {
        Ok(()) => Some(expand::expand(&model)),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}
