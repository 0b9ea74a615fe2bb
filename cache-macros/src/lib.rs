//! The attribute of `cache-core`. Use it through that crate, which documents it and is locked to the
//! exact version of this one.
//!
//! In stages: `attr` reads the options, `model` joins them with the function, `valid` checks rules
//! across options, `expand` writes the code. What is wrong at any stage is collected, and reported
//! with the original function, so that one mistake is one error.

mod attr;
mod diagnostics;
mod duration;
mod expand;
mod fallback;
mod model;
mod options;
mod shape;
#[cfg(test)]
mod snapshots;
mod template;
mod valid;

use proc_macro::TokenStream;

/// Gives a function a cache: see the documentation of `cache-core`.
#[proc_macro_attribute]
pub fn memoize(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match expand(options.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
        Err(error) => fallback::emit(&item, &error).into(),
    }
}

fn expand(
    options: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> syn::Result<proc_macro2::TokenStream> {
    let mut errors = diagnostics::Errors::default();
    let options = attr::read(options, &mut errors);
    let Some(function) = model::function(item, &mut errors) else { return Err(errors.into_error()) };
    let model = model::Model::new(options, function, &mut errors);
    valid::check(&model, &mut errors);
    errors.finish()?;
    Ok(expand::expand(&model))
}
