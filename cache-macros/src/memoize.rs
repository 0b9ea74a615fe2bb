//! `#[memoize]`, stage by stage.

use proc_macro2::{Span, TokenStream};

use crate::blocks::Block;
use crate::diagnostics::Errors;
use crate::expand::Expanded;
use crate::function::Function;
use crate::model::{Model, Place};
use crate::surroundings::Surroundings;
use crate::{attr, expand, fragments, function, valid};

/// The function, `impl` or trait with the attribute carried out.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let (options, item) = (fragments::open(options), fragments::open_item(item));
    if let Some(block) = Block::read(&item) {
        let expanded = block.expand(options, &mut errors);
        return errors.finish().map(|()| expanded);
    }
    let Some(function) = function::function(item, &mut errors) else {
        attr::read(options, &mut errors);
        return Err(errors.into_error());
    };
    let surroundings = Surroundings::of(Span::call_site());
    valid::standing(&function, surroundings.as_ref(), &mut errors);
    if !errors.is_empty() {
        return Err(errors.into_error());
    }
    let place = if function.is_associated() {
        let borrows = surroundings.as_ref().is_some_and(Surroundings::is_of_type_that_borrows);
        Place::Inherent { is_static: false, borrows }
    } else {
        Place::Free
    };
    let expanded = one(options, Span::call_site(), surroundings.as_ref(), function, place, &mut errors);
    errors.finish()?;
    Ok(expanded.map_or_else(TokenStream::new, Expanded::together))
}

/// One function, whose attribute is at `span`, with `surroundings` if these are seen; nothing if something is wrong.
pub(crate) fn one(
    options: TokenStream,
    span: Span,
    surroundings: Option<&Surroundings>,
    function: Function,
    place: Place,
    errors: &mut Errors,
) -> Option<Expanded> {
    let mut own = Errors::default();
    let options = attr::read(options, &mut own);
    let model = Model::new(options, span, function, place, &mut own);
    valid::check(&model, surroundings, &mut own);
    match own.finish() {
        Ok(()) => Some(expand::expand(&model)),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}
