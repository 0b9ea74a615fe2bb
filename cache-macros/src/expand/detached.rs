//! The companion that makes a call whose future does not borrow from all arguments. It is looked up at once, and if
//! that does not answer it the function is called: what the function keeps of its arguments is in the future that it
//! returns, and nothing else has to be.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};

use super::background_call::{Owned, owned};
use super::{
    Companion, Inline, Signature, attributes, attrs, bound_again, callee, entry, own_turbofish, signature,
    timeouts,
};
use crate::function::AsyncForm;
use crate::model::{Arg, Capture, Model, at, this};

pub(super) fn detached(model: &Model) -> Option<Companion> {
    let (mixed, krate, name) = (model.mixed_site, &model.krate, &model.names.detached);
    let all: Vec<&Arg> = model.args.iter().collect();
    let Signature { generics, params, clause } = signature(model, &all, true);
    let is_boxed = model.asyncness.is_some_and(|asyncness| asyncness.form == AsyncForm::Boxed);
    let detached = if timeouts::timeouts(model).is_some() || model.options.inherit_tags.is_some() {
        later(model)
    } else {
        let entry::Bound { before, bound } = entry::bound(model, true);
        quote_spanned!(mixed=> #before #bound.detached(#krate::__private::go_on))
    };
    let detached =
        if is_boxed { quote_spanned!(mixed=> ::std::boxed::Box::pin({ #detached })) } else { detached };
    let body = match model.capture {
        Capture::All => return None,
        Capture::Some => detached,
        Capture::ByEdition(span) => {
            let (entry, own) = (callee(model, &model.names.entry), own_turbofish(model));
            let names = model.args.iter().map(|arg| &arg.name);
            let edition = Ident::new("gen", span);
            quote_spanned! {mixed=>
                #krate::__by_capture!(#edition, { #entry #own(#(#names),*).call() } { #detached })
            }
        }
    };
    let (attrs, bound_again, features) =
        (attrs(model, None), bound_again(model), attributes(model, &["target_feature"]));
    let output = &model.function.sig.output;
    Some(Companion {
        attrs: quote_spanned!(model.call_site=> #attrs #bound_again #(#features)*),
        inline: Inline::No,
        vis: TokenStream::new(),
        sig: quote_spanned!(mixed=> fn #name #generics (#(#params),*) #output #clause),
        declaration: None,
        body,
    })
}

/// The same with arguments that are owned, where the function has to be called as part of the computation: a
/// computation that is late is made of them, and tags are inherited from what is read in it.
fn later(model: &Model) -> TokenStream {
    let (mixed, krate) = (model.mixed_site, &model.krate);
    let Owned { owners, keeps, lends } = match owned(model) {
        Ok(owned) => owned,
        Err(why) => {
            let span = model.function.sig.ident.span();
            return at(span, quote!(#krate::__private::compile_error!(#why)));
        }
    };
    let see = model.receiver().map(|_| {
        let this = this();
        quote_spanned!(mixed=> let #this = self;)
    });
    let (entry, own) = (callee(model, &model.names.entry), own_turbofish(model));
    let own_args =
        owners.map(|owners| quote_spanned!(mixed=> let __own = #krate::__private::can_own(#owners);));
    let call = quote_spanned!(mixed=> #entry #own(#(#lends),*).call().await).into_token_stream();
    quote_spanned! {mixed=>
        #see
        #own_args
        let __kept = (#(#keeps,)*);
        async move {
            let __kept = __kept;
            #call
        }
    }
}
