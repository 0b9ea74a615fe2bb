//! The address of an entry of a method, asked of an instance. `#[invalidates]` sees a call, `self.cat(id)`, and
//! not whether `self` is part of its key: `cat_key` takes `self` only where it is.

use quote::{ToTokens as _, quote_spanned};

use super::{
    Companion, Inline, Signature, attrs, callee, companion_value, elided, expected, mode, param_name,
    signature, underscores, with_memo,
};
use crate::model::{Arg, Model};

/// A companion that takes `self` in any case, and then what the one that makes keys takes.
pub(super) fn of_instance(model: &Model) -> Option<Companion> {
    model.receiver()?;
    let (mixed, krate, name) = (model.mixed_site, &model.krate, &model.names.of_instance);
    let args: Vec<&Arg> = with_memo(model, model.keyed());
    let Signature { generics, params, clause } = signature(model, &args, false);
    let instance = args
        .first()
        .is_none_or(|first| first.receiver.is_none())
        .then(|| quote_spanned!(model.call_site=> &self,));
    let (key, names) = (callee(model, &model.names.key), args.iter().map(|arg| &arg.name));
    let own = model.identity.iter().map(param_name);
    let own = (!model.identity.is_empty()).then(|| quote_spanned!(model.call_site=> ::<#(#own),*>));
    let (attrs, companion_value, mode) = (attrs(model, None), companion_value(model), mode(model));
    let (expected, underscores, elided) = (expected(model), underscores(model), elided(model));
    Some(Companion {
        attrs: quote_spanned!(mixed=> #attrs #[must_use] #expected #underscores #elided),
        inline: Inline::Called,
        vis: model.companion_vis.to_token_stream(),
        sig: quote_spanned!(mixed=> fn #name #generics (#instance #(#params),*) -> #krate::Key<#companion_value #mode> #clause),
        declaration: None,
        body: quote_spanned!(mixed=> #key #own(#(#names),*)),
    })
}
