//! Where a function stands: in what, and beside what.

use syn::ext::IdentExt as _;

use crate::conditions::is_one_of;
use crate::diagnostics::Errors;
use crate::function::Function;
use crate::model::{Model, Place};
use crate::surroundings::{Surroundings, Within};

/// Refuses a function that visibly stands where its attribute has to be told what it stands in.
pub(crate) fn standing(function: &Function, surroundings: Option<&Surroundings>, errors: &mut Errors) {
    let Some(surroundings) = surroundings else { return };
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

/// What companions are called is not taken by another.
pub(super) fn companions(model: &Model, surroundings: Option<&Surroundings>, errors: &mut Errors) {
    // Of two under a condition only one may be there.
    let conditional = model.function.attrs.iter().any(|attr| is_one_of(attr, &["cfg"]));
    let Some(surroundings) = surroundings.filter(|_| !model.hidden && !conditional) else { return };
    let (ident, companion) = (&model.function.sig.ident, model.companion.unraw());
    let other = if model.options.companion.is_some() {
        "another_name".to_owned()
    } else {
        format!("{companion}_cache")
    };
    match model.place {
        Place::Free => {
            if let Some(kind) = surroundings.beside(&companion.to_string()) {
                errors.at(
                    ident.span(),
                    format!("`#[memoize]` makes a type `{companion}` beside the function `{}`, and there is a {kind} `{companion}` already: call it otherwise, `companion = {other}`", ident.unraw()),
                );
            }
        }
        Place::Inherent { .. } => {
            for name in [&model.names.entry, &model.names.key, &model.names.memo] {
                if surroundings.function(&name.to_string()) {
                    errors.at(
                        ident.span(),
                        format!("`#[memoize]` makes a function `{name}` beside `{}`, and there is one of this name already: call it otherwise, `companion = {other}`", ident.unraw()),
                    );
                    return;
                }
            }
        }
        Place::Extended { .. } => {}
    }
}

/// A head as it can be told of.
fn one_line(head: &str) -> String {
    let words = head.split_whitespace().take_while(|word| *word != "where");
    words.collect::<Vec<_>>().join(" ")
}
