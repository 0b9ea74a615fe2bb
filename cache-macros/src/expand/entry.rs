//! The companion that makes an entry of a call, and the body beside it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Pat};

use super::{
    Companion, Inline, Signature, attributes, attrs, background_call, bound_again, callee, companion_value,
    deprecated, describe, elided, expected, look, own_turbofish, signature, timeouts, underscores, used,
    without_mut,
};
use crate::function::AsyncForm;
use crate::model::{Arg, Capture, Model, Place, at, local, mentions, mixed, without_self};
use crate::options::Given;

/// `entry`, with the function's very signature.
pub(super) fn entry(model: &Model) -> Companion {
    let Model { krate, output, options, .. } = model;
    let mixed = model.mixed_site;
    let all: Vec<&Arg> = model.args.iter().collect();
    let Signature { generics, params, clause } = signature(model, &all, true);
    let (companion_value, name) = (companion_value(model), &model.names.entry);
    let Bound { before, bound } = bound(model, false);
    // Where the future does not borrow, what is borrowed need not be `Sync`; and then it is not made once more.
    let lends = matches!(model.capture, Capture::All) || background_call::owned(model).is_ok();
    let send = model.asyncness.is_some() && model.sends() && lends;
    let (call, mode, driver) = if model.asyncness.is_none() {
        (quote_spanned!(model.call_site=> Call), None, None)
    } else {
        let driver = if timeouts::timeouts(model).is_some() {
            quote_spanned!(model.call_site=> .by_clock())
        } else if model.owned {
            // If it cannot be sent, that is shown where it is written.
            quote_spanned!(output.span()=> .by_owner::<#output>())
        } else {
            quote_spanned!(model.call_site=> .by_caller())
        };
        (
            quote_spanned!(model.call_site=> AsyncCall),
            Some(quote_spanned!(model.call_site=> , #krate::Async)),
            Some(driver),
        )
    };
    let send = send.then(|| quote_spanned!(model.call_site=> + ::core::marker::Send));
    let doc = "The entry of a call of {}: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.";
    let attrs = attrs(model, Some(doc));
    let (expected, bound_again, elided) = (expected(model), bound_again(model), elided(model));
    // The body may run here, and so needs what the processor has. Whoever makes an entry answers for it.
    let (used, features) = (used(model, &all, true), attributes(model, &["target_feature"]));
    let deprecated = deprecated(model, &options.tokens);
    let unsent = unsent_by_key(model).next().map(|_| {
        quote_spanned! {mixed=>
            #[allow(unused_imports)]
            use #krate::__private::UnsentCalls as _;
        }
    });
    Companion {
        attrs: quote_spanned!(mixed=> #attrs #expected #bound_again #elided #deprecated #(#features)*),
        inline: Inline::Called,
        vis: model.companion_vis.to_token_stream(),
        sig: quote_spanned! {mixed=>
            fn #name #generics (#(#params),*)
                -> #krate::Entry<impl #krate::__private::#call<Output = #output, CompanionValue = #companion_value> #send #mode>
            #clause
        },
        declaration: None,
        body: quote_spanned! {mixed=>
            #unsent
            #used
            #before
            #krate::Entry::new(#bound #driver)
        },
    }
}

/// A call with its arguments, and what is to be done before it is made.
pub(super) struct Bound {
    pub(super) before: TokenStream,
    pub(super) bound: TokenStream,
}

/// `detached` if what is left of it when it was looked up is not to borrow.
pub(super) fn bound(model: &Model, detached: bool) -> Bound {
    let Model { krate, options, .. } = model;
    let mixed = model.mixed_site;
    let all: Vec<&Arg> = model.args.iter().collect();
    let function = look::function(model);
    let flag = |given: &Option<Given<Expr>>, name: &str| {
        given.as_ref().map(|given| {
            let (name, flag) = (Ident::new(name, mixed), local(&format!("{name}_flag")));
            let see = look::bindings(&all, |arg| arg.name.to_token_stream(), krate);
            let expr = last(&given.value);
            (
                quote_spanned! {mixed=>
                    let #flag: #krate::__private::bool = {
                        #see
                        #expr
                    };
                },
                quote_spanned!(mixed=> .#name(#flag)),
            )
        })
    };
    let (bypass, bypass_if) = flag(&options.bypass_if, "bypass_if").unzip();
    let (refresh, refresh_if) = flag(&options.refresh_if, "refresh_if").unzip();
    let hooks = hooks(model);
    let bind = bind(model, detached);
    let in_background = background_call::in_background(model);
    let origin_first = options.origin_first.as_ref().map(|_| quote_spanned!(mixed=> .origin_first()));
    let (fails, timeouts) = (timeouts::fails(model), timeouts::timeouts(model));
    let hooks_of_node = model.node().map(|node| {
        let node = look::node_ty(model, node);
        quote_spanned!(mixed=> .with_hooks_of_node(#node))
    });
    Bound {
        before: quote_spanned!(mixed=> #fails #bypass #refresh),
        bound: quote_spanned! {mixed=>
            #function
                #bind
                #hooks_of_node
                #hooks
                #bypass_if
                #refresh_if
                #origin_first
                #timeouts
                #in_background
        },
    }
}

/// An expression as the last of a block, where one that begins with a block would end with that, and braces
/// would be one pair too many.
fn last(expr: &Expr) -> TokenStream {
    let tokens = without_self(expr.to_token_stream());
    if matches!(expr, Expr::Binary(_) | Expr::Cast(_) | Expr::Range(_) | Expr::Block(_)) {
        return quote_spanned!(mixed()=> (#tokens));
    }
    tokens
}

/// What is called with the arguments of the call in sight.
fn hooks(model: &Model) -> TokenStream {
    let Model { krate, options, .. } = model;
    let mixed = model.mixed_site;
    let see =
        look::bindings_of_both(model, &quote_spanned!(mixed=> __keyed), &quote_spanned!(mixed=> __skipped));
    let on_hit = options.on_hit.as_ref().map(|given| {
        let (hook, returns) = (without_self(given.value.to_token_stream()), look::returns(model));
        quote_spanned! {mixed=>
            .on_hit(|__keyed, __skipped, __key, __stored| {
                #see
                #krate::__private::call_on_hit(#returns, #hook, __key, __stored)
            })
        }
    });
    let on_miss = options.on_miss.as_ref().map(|given| {
        let hook = without_self(given.value.to_token_stream());
        quote_spanned! {mixed=>
            .on_miss(|__keyed, __skipped, __key| {
                #see
                #krate::__private::call_on_miss(#hook, __key)
            })
        }
    });
    let placeholder = options.placeholder.as_ref().map(|given| {
        let value = last(&given.value);
        quote_spanned! {mixed=>
            .placeholder(|__keyed, __skipped| {
                #see
                #value
            })
        }
    });
    quote_spanned!(model.call_site=> #on_hit #on_miss #placeholder)
}

/// How a call is bound to its arguments, to what makes its body and describes its value, and to the way in which it is
/// made once more.
fn bind(model: &Model, detached: bool) -> TokenStream {
    let (mixed, krate) = (model.mixed_site, &model.krate);
    let describe = describe::describe(model, detached);
    let before = describe.before;
    let after = describe.after.map(|after| {
        let returns = look::returns(model);
        quote_spanned!(mixed=> #krate::__private::described(#returns, #after))
    });
    let names = |args: &[&Arg]| {
        let names = args.iter().map(|arg| &arg.name);
        quote_spanned!(mixed=> (#(#names,)*))
    };
    let (keyed_args, skipped_args): (Vec<_>, Vec<_>) = (model.keyed().collect(), model.skipped().collect());
    let (keyed_names, skipped_names) = (names(&keyed_args), names(&skipped_args));
    let (body, params) = (callee(model, &model.names.body), own_turbofish(model));
    if model.asyncness.is_none()
        && before.is_empty()
        && after.is_none()
        && let Some(types) = background_call::passed_args(model)
    {
        return quote_spanned!(mixed=> .bind_args::<#types, _>(#keyed_names, #body #params));
    }
    let keyed = keyed_args.iter().map(|arg| arg.local());
    let skipped = skipped_args.iter().map(|arg| arg.local());
    let args = model.args.iter().map(Arg::local);
    // What patterns bind, where an option asks for it.
    let bound = model.args.iter().filter(|arg| !arg.named).map(|arg| {
        let (pat, name) = (without_mut(&arg.pat), &arg.name);
        asks_for(model, arg)
            .then(|| quote_spanned!(model.call_site=> #[allow(unused_variables)] let #pat = &#name;))
    });
    let body = quote_spanned!(mixed=> #body #params(#(#args),*));
    let background_call = background_call::background_call(model, detached);
    let (bind, made) = match (model.asyncness, after) {
        (None, None) => ("bind", body),
        (None, Some(after)) => ("bind_described", quote_spanned!(mixed=> (move || #body, #after))),
        (Some(_), after) => {
            let after = after.unwrap_or_else(|| quote_spanned!(mixed=> #krate::__private::NoHook));
            let body = if model.sends() {
                let ident = model.function.sig.ident.span();
                let (check, body) = (at(ident, quote!(#krate::__send!)), at(ident, body));
                let args = sent_args(model);
                quote_spanned!(mixed=> #check(#args #body))
            } else {
                body
            };
            let bind = if background_call.is_none() { "bind_async_owned" } else { "bind_async" };
            (bind, quote_spanned!(mixed=> (#body, #after)))
        }
    };
    let bind = Ident::new(bind, mixed);
    let before = (!before.is_empty()).then(|| quote_spanned!(mixed=> #(#bound)* #before));
    let made = if before.is_some() { quote_spanned!(mixed=> { #before #made }) } else { made };
    quote_spanned! {mixed=>
        .#bind(#keyed_names, #skipped_names, |(#(#keyed,)*), (#(#skipped,)*)| #made)
        #background_call
    }
}

/// The types of arguments that are in the future and are not found to be `Send` by what looks at keys, in front of the
/// body.
fn sent_args(model: &Model) -> Option<TokenStream> {
    let krate = &model.krate;
    let sent = unsent_by_key(model).map(|arg| {
        let (name, span) =
            (arg.local(), arg.receiver.as_ref().map_or_else(|| arg.ty.span(), |_| arg.name.span()));
        at(span, quote!(#krate::__sent!(#name)))
    });
    let sent: Vec<TokenStream> = sent.collect();
    (!sent.is_empty()).then(|| quote_spanned!(model.mixed_site=> (#(#sent,)*),))
}

/// Arguments of an `async fn` of which it is asked here that they are `Send`. Of a trait's function that is asked where
/// its future is written.
fn unsent_by_key(model: &Model) -> impl Iterator<Item = &Arg> {
    let asks = model.sends()
        && model.asyncness.is_some_and(|asyncness| asyncness.form == AsyncForm::Fn)
        && !matches!(model.place, Place::Extended { .. });
    let args = model.args.iter().enumerate();
    let args = args.filter(move |(index, _)| asks && !model.is_part_of_key(*index));
    args.map(|(_, arg)| arg)
}

/// Whether an option mentions what an argument binds.
fn asks_for(model: &Model, arg: &Arg) -> bool {
    arg.binds.iter().any(|name| mentions(model.options.tokens.clone(), name))
}

/// The body, as the user has written it.
pub(super) fn body(model: &Model) -> Companion {
    let (mixed, name, block) = (model.mixed_site, &model.names.body, &model.function.body);
    let all: Vec<&Arg> = model.args.iter().collect();
    let scope = match &model.place {
        Place::Extended { scope, .. } => Some(scope),
        _ => None,
    };
    let is_in_trait = scope.is_some();
    let Signature { generics, clause, params: plain } = signature(model, &all, true);
    let params = model.args.iter().map(|arg| {
        let (pat, ty, lints) = (&arg.pat, &arg.ty, &arg.lints);
        // What an option mentions is used, whether or not the body uses it.
        let used = asks_for(model, arg).then(|| quote_spanned!(model.call_site=> #[allow(unused_variables)]));
        if let Some(receiver) = &arg.receiver {
            receiver.to_token_stream()
        } else if is_in_trait {
            // Where it is declared without a body, an argument can have no pattern.
            let name = &arg.name;
            quote_spanned!(model.call_site=> #name: #ty)
        } else {
            quote_spanned!(model.call_site=> #(#lints)* #used #pat: #ty)
        }
    });
    let is_async = model.asyncness.is_some_and(|asyncness| asyncness.form == AsyncForm::Fn);
    // Of a trait's function it is known that its future is `Send` only where that is said.
    let said = is_async && model.sends() && is_in_trait;
    let asyncness = (is_async && !said).then(|| quote_spanned!(model.call_site=> async));
    let output = if said {
        let output = &model.output;
        quote_spanned!(model.call_site=> -> impl ::core::future::Future<Output = #output> + ::core::marker::Send)
    } else {
        model.function.sig.output.to_token_stream()
    };
    let binds = if is_in_trait { bindings(model, said) } else { TokenStream::new() };
    let bound = if binds.is_empty() { None } else { underscores(model) };
    let binds = quote_spanned!(model.call_site=> #scope #binds);
    // A block within a block is one too many to the compiler, unless it is generated.
    let inner = if binds.is_empty() {
        block.stream()
    } else {
        let mut block = block.clone();
        block.set_span(mixed.located_at(block.span()));
        quote_spanned!(mixed=> #binds #block)
    };
    let stream = if said { quote_spanned!(mixed=> async move { #inner }) } else { inner };
    let expected = attributes(model, &["expect"]);
    let (attrs, deprecated) = (attrs(model, None), deprecated(model, &block.stream()));
    // What is about how code is made, where it is made.
    let codegen = attributes(model, &["target_feature", "instruction_set", "optimize", "coverage"]);
    // What is to be said of a signature is said of the function's own.
    let allowed = quote_spanned! {model.call_site=>
        #[allow(
            clippy::boxed_local,
            clippy::fn_params_excessive_bools,
            clippy::needless_pass_by_value,
            clippy::needless_pass_by_ref_mut,
            clippy::ptr_arg,
            clippy::too_many_arguments,
            clippy::trivially_copy_pass_by_ref,
            clippy::unnecessary_wraps,
            clippy::unused_async,
            clippy::unused_self
        )]
    };
    let sig = |params: Vec<TokenStream>| quote_spanned!(mixed=> #asyncness fn #name #generics (#(#params),*) #output #clause);
    Companion {
        attrs: quote_spanned!(mixed=> #attrs #allowed #bound #deprecated #(#expected)* #(#codegen)*),
        inline: Inline::No,
        vis: TokenStream::new(),
        sig: sig(params.collect()),
        declaration: Some(sig(plain)),
        body: stream,
    }
}

/// Binds arguments as the user has written them. With `all` those that the body does not use go into its
/// future, too, and are dropped when it ends.
fn bindings(model: &Model, all: bool) -> TokenStream {
    let each = model.args.iter().map(|arg| {
        let (pat, lints, name) = (&arg.pat, &arg.lints, &arg.name);
        let taken = all.then(|| quote_spanned!(model.call_site=> let _ = &#name;));
        let is_plain = lints.is_empty()
            && matches!(pat, Pat::Ident(pat) if pat.mutability.is_none() && pat.by_ref.is_none() && pat.subpat.is_none());
        let bind = (arg.receiver.is_none() && !is_plain).then(|| {
            let used = asks_for(model, arg).then(|| quote_spanned!(model.call_site=> #[allow(unused_variables)]));
            quote_spanned!(model.call_site=> #(#lints)* #used let #pat = #name;)
        });
        quote_spanned!(model.call_site=> #taken #bind)
    });
    each.collect()
}
