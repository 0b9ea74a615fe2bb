//! `#[memoize]`, stage by stage.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;

use crate::blocks::Block;
use crate::diagnostics::Errors;
use crate::expand::Expanded;
use crate::function::Function;
use crate::model::{Model, Place};
use crate::surroundings::{Surroundings, Within};
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
    standing(&function, &mut errors);
    if !errors.is_empty() {
        return Err(errors.into_error());
    }
    let place = if function.is_associated() {
        Place::Inherent { is_static: false, borrows: false }
    } else {
        Place::Free
    };
    let expanded = one(options, Span::call_site(), function, place, &mut errors);
    errors.finish()?;
    Ok(expanded.map_or_else(TokenStream::new, Expanded::together))
}

/// Refuses a function that visibly stands where its attribute has to be told what it stands in.
fn standing(function: &Function, errors: &mut Errors) {
    let Some(surroundings) = Surroundings::of(Span::call_site()) else { return };
    let (name, span) = (function.sig.ident.unraw(), function.sig.ident.span());
    match surroundings.within() {
        Within::ImplOfTrait(head) => errors.at(
            span,
            format!("nothing may stand in the `impl` of a trait but what the trait declares, and `#[memoize]` adds functions: write `#[memoize]` above `{}` as well, and they go elsewhere", one_line(head)),
        ),
        Within::Impl(head) | Within::Trait(head) if !function.is_associated() => errors.at(
            span,
            format!("`{name}` has no `self`, so `#[memoize]` cannot see that it belongs to a type: write `#[memoize]` above `{}` as well", one_line(head)),
        ),
        _ => {}
    }
}

/// One function, whose attribute is at `span`; nothing if something is wrong.
pub(crate) fn one(
    options: TokenStream,
    span: Span,
    function: Function,
    place: Place,
    errors: &mut Errors,
) -> Option<Expanded> {
    let mut own = Errors::default();
    let options = attr::read(options, &mut own);
    let model = Model::new(options, span, function, place, &mut own);
    valid::check(&model, &mut own);
    match own.finish() {
        Ok(()) => Some(expand::expand(&model)),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// A head as it can be told of.
fn one_line(head: &str) -> String {
    let words = head.split_whitespace().take_while(|word| *word != "where");
    words.collect::<Vec<_>>().join(" ")
}
