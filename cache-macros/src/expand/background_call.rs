//! How a call is made once more, in the background: its arguments are owned there, and passed to the body, or to an entry
//! of its own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Index, Type};

use super::{Companion, Inline, Signature, attributes, attrs, callee, own_turbofish, signature, underscores};
use crate::model::{Arg, Capture, Model, Place, at, mixed};
use crate::shape::{Ownership, is_well_known, names_self_type, way};

/// `.in_background()`, where an option asks for it.
pub(super) fn in_background(model: &Model) -> Option<TokenStream> {
    asked(model).map(|(_, span)| at(span, quote_spanned!(model.mixed_site=> .in_background())))
}

/// How the call is made once more: `.background_call(..)`, or `.no_background_call(..)` where an argument cannot be
/// owned. None where the call owns all that it needs.
pub(super) fn background_call(model: &Model, detached: bool) -> Option<TokenStream> {
    let (mixed, krate) = (model.mixed_site, &model.krate);
    let Owned { owners, keeps, lends } = match owned_in_background(model) {
        Ok(owned) => owned,
        Err(why) => return Some(quote_spanned!(mixed=> .no_background_call(#krate::__why!(#why)))),
    };
    if model.owned && !detached && !asks_again(model) && super::timeouts::timeouts(model).is_none() {
        return None;
    }
    let keyed = model.keyed().map(Arg::local);
    let skipped = model.skipped().map(Arg::local);
    let params = own_turbofish(model);
    let call = if matches!(model.place, Place::Extended { .. }) {
        let lead = callee(model, &model.names.lead);
        quote_spanned!(mixed=> #lead #params(#(#lends,)* __handle))
    } else {
        let entry = callee(model, &model.names.entry);
        quote_spanned!(mixed=> #entry #params(#(#lends),*).lead(__handle))
    };
    let call = if model.asyncness.is_some() {
        quote_spanned!(mixed=> async move { let __kept = __kept; let _ = #call.await; })
    } else {
        call
    };
    let (own, owners) = owners.map_or_else(
        || (quote_spanned!(model.call_site=> _), quote!(())),
        |owners| (quote_spanned!(mixed=> __own), owners),
    );
    Some(quote_spanned! {mixed=>
        .background_call(
            #owners,
            |#own, (#(#keyed,)*), (#(#skipped,)*)| (#(#keeps,)*),
            |#own, __kept, __handle| #call,
        )
    })
}

/// How arguments are owned for the background; or why the call cannot be made there.
fn owned_in_background(model: &Model) -> Result<Owned, String> {
    if !model.sends() {
        return Err("its future need not be `Send`, so it cannot be computed in the background".to_owned());
    }
    // Where it is asked for, the compiler says whether the type borrows.
    if !model.is_static && model.options.in_background().is_none() {
        return Err(
            "its type may borrow, so a method of it cannot be computed in the background: with `#[memoize]` on the `impl` as well it is known whether it does".to_owned(),
        );
    }
    owned(model)
}

/// Why a call visibly cannot be made in the background, though an option asks for it; and where that is shown.
pub(crate) fn refused(model: &Model) -> Option<(Span, String)> {
    let (_, span) = model.options.in_background()?;
    let never = |arg: &&Arg| {
        matches!(way(&arg.ty), Ownership::Never)
            || model.may_end(&arg.ty)
            || is_of_type_that_borrows(model, arg)
    };
    if let Some(arg) = model.args.iter().find(never) {
        let span = arg.receiver.as_ref().map_or_else(|| arg.ty.span(), |_| arg.name.span());
        return Some((span, why(model, arg)));
    }
    owned(model).err().map(|why| (span, why))
}

/// The types that tell how each argument is owned and passed again, where that is known of all of them, and the body
/// can be pointed to as a function of them.
pub(super) fn passed_args(model: &Model) -> Option<TokenStream> {
    let signature = &model.function.sig;
    let is_plain = model.is_static
        && !asks_again(model)
        && signature.generics.lifetimes().next().is_none()
        && attributes(model, &["target_feature"]).next().is_none();
    if !is_plain || !are_well_known(model) || owned_in_background(model).is_err() {
        return None;
    }
    let krate = &model.krate;
    let types = model.args.iter().map(|arg| match way(&arg.ty) {
        Ownership::Ref(ty) => quote_spanned!(model.call_site=> #krate::__private::Lent<#ty>),
        Ownership::OptionRef(ty) => {
            quote_spanned!(model.call_site=> #krate::__private::Opt<#krate::__private::Lent<#ty>>)
        }
        Ownership::Cow(ty) => quote_spanned!(model.call_site=> #krate::__private::LentCow<#ty>),
        Ownership::Move(ty) => quote_spanned!(model.call_site=> #krate::__private::Given<#ty>),
        Ownership::Never => unreachable!("it can be owned"),
    });
    Some(quote_spanned!(model.call_site=> (#(#types,)*)))
}

/// Arguments that are owned.
pub(super) struct Owned {
    /// How each is; none where it is known that each can be owned.
    pub(super) owners: Option<TokenStream>,
    /// Owns each, by those of the list `__own` if there are any.
    pub(super) keeps: Vec<TokenStream>,
    /// Lends or gives each, of the tuple `__kept`.
    pub(super) lends: Vec<TokenStream>,
}

/// How arguments are owned; or why they visibly cannot be.
pub(super) fn owned(model: &Model) -> Result<Owned, String> {
    let (mixed, krate) = (model.mixed_site, &model.krate);
    let ways: Vec<Ownership<'_>> = model.args.iter().map(|arg| way(&arg.ty)).collect();
    let never =
        |(way, arg): (&Ownership<'_>, &Arg)| matches!(way, Ownership::Never) || model.may_end(&arg.ty);
    if let Some(at) = ways.iter().zip(&model.args).position(never) {
        return Err(why(model, &model.args[at]));
    }
    if ways.len() > 12 {
        return Err("it has more than 12 arguments, so it cannot be computed in the background".to_owned());
    }
    // Of others the compiler says in the user's words what they lack, if nothing here asks it of them first.
    let known = are_well_known(model);
    let (mut reasons, mut owners, mut keeps, mut lends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, (arg, way)) in model.args.iter().zip(&ways).enumerate() {
        let (name, at) = (arg.local(), Index::from(index));
        let (kind, ty) = match way {
            Ownership::Ref(ty) | Ownership::OptionRef(ty) | Ownership::Cow(ty) => ("Lent", ty),
            Ownership::Move(ty) => ("Given", ty),
            Ownership::Never => unreachable!("looked for above"),
        };
        if !known {
            let kind = Ident::new(kind, mixed);
            // Arguments that are parts of the key as they are have been found to be what can be owned.
            owners.push(if model.is_part_of_key(index) {
                quote_spanned!(mixed=> #krate::__own!(#kind, #ty, #krate::__private::NoHook))
            } else if model.options.in_background().is_some() {
                // What cannot be owned is refused where types are checked, not when code is made of them.
                let span = arg.receiver.as_ref().map_or_else(|| arg.ty.span(), |_| arg.name.span());
                let own = self::at(span, quote!(#krate::__own!));
                quote_spanned!(span=> #own(#kind, #ty))
            } else {
                let why_name = Ident::new(&format!("__Why{index}"), mixed);
                let why = why(model, arg);
                reasons.push(quote_spanned! {mixed=>
                    enum #why_name {}
                    impl #krate::__private::Why for #why_name {
                        const TEXT: &'static #krate::__private::str = #why;
                    }
                });
                quote_spanned!(mixed=> #krate::__own!(#kind, #ty, #why_name))
            });
        }
        let (name, kept) = (quote_spanned!(model.call_site=> #name), quote_spanned!(mixed=> __kept.#at));
        let keep = |one: &TokenStream| {
            if known {
                quote_spanned!(mixed=> ::std::borrow::ToOwned::to_owned(#one))
            } else {
                quote_spanned!(mixed=> __own.#at.keep(#one))
            }
        };
        let lend = |of: &Type, one: &TokenStream| {
            if known { borrow(of, one) } else { quote_spanned!(mixed=> __own.#at.lend(#one)) }
        };
        let (keep, lend) = by_reference(way, &name, &kept, keep, lend).unwrap_or_else(|| {
            if known { (name, kept) } else { (keep(&name), quote_spanned!(mixed=> __own.#at.give(#kept))) }
        });
        keeps.push(keep);
        lends.push(lend);
    }
    let owners = (!known).then(|| {
        let owners = quote_spanned!(mixed=> (#(#owners,)*));
        if reasons.is_empty() { owners } else { quote_spanned!(mixed=> { #(#reasons)* #owners }) }
    });
    Ok(Owned { owners, keeps, lends })
}

/// For an argument that borrows: the code that owns what `name` borrows, and the code that lends it again from `kept`.
/// None if it does not visibly borrow.
pub(super) fn by_reference(
    way: &Ownership<'_>,
    name: &TokenStream,
    kept: &TokenStream,
    keep: impl Fn(&TokenStream) -> TokenStream,
    lend: impl Fn(&Type, &TokenStream) -> TokenStream,
) -> Option<(TokenStream, TokenStream)> {
    let mixed = mixed();
    let (one, borrowed) = (quote_spanned!(mixed=> __one), quote_spanned!(mixed=> &#kept));
    match way {
        Ownership::Ref(of) => Some((keep(name), lend(of, &borrowed))),
        Ownership::OptionRef(of) => {
            let (keep, lend) = (keep(&one), lend(of, &one));
            Some((
                quote_spanned!(mixed=> ::core::option::Option::map(#name, |__one| #keep)),
                quote_spanned!(mixed=> ::core::option::Option::map(::core::option::Option::as_ref(#borrowed), |__one| #lend)),
            ))
        }
        Ownership::Cow(of) => {
            let lend = lend(of, &borrowed);
            Some((
                keep(&quote_spanned!(mixed=> &*#name)),
                quote_spanned!(mixed=> ::std::borrow::Cow::Borrowed(#lend)),
            ))
        }
        Ownership::Move(_) | Ownership::Never => None,
    }
}

/// Borrows a type from its owned form.
pub(super) fn borrow(of: &Type, owned: &TokenStream) -> TokenStream {
    quote_spanned!(mixed()=> <<#of as ::std::borrow::ToOwned>::Owned as ::std::borrow::Borrow<#of>>::borrow(#owned))
}

/// In a trait, the call that is made once more has a function of its own: within the very function whose
/// return it is, the type of an entry of other lifetimes cannot be named.
pub(super) fn lead(model: &Model) -> Option<Companion> {
    let Place::Extended { is_static: true, .. } = model.place else { return None };
    let (mixed, krate, name) = (model.mixed_site, &model.krate, &model.names.lead);
    let args: Vec<&Arg> = model.args.iter().collect();
    let Signature { generics, params, clause } = signature(model, &args, true);
    let names = model.args.iter().map(|arg| &arg.name);
    let (entry, own) = (callee(model, &model.names.entry), own_turbofish(model));
    let call = quote_spanned!(mixed=> #entry #own(#(#names),*).lead(__handle));
    let (output, body) = if model.asyncness.is_none() {
        (TokenStream::new(), call)
    } else {
        let send = model.sends().then(|| quote_spanned!(model.call_site=> + ::core::marker::Send));
        let output = quote_spanned!(model.call_site=> -> impl ::core::future::Future<Output = ()> #send);
        (output, quote_spanned!(mixed=> async move { let _ = #call.await; }))
    };
    let (attrs, underscores) = (attrs(model, None), underscores(model));
    Some(Companion {
        attrs: quote_spanned!(model.call_site=> #attrs #underscores),
        inline: Inline::No,
        vis: TokenStream::new(),
        sig: quote_spanned! {mixed=>
            fn #name #generics (#(#params,)* __handle: #krate::__private::FlightHandle) #output #clause
        },
        declaration: None,
        body,
    })
}

/// Whether expressions of options are evaluated where the call is made once more, too.
fn asks_again(model: &Model) -> bool {
    model.options.bypass_if.is_some() || model.options.refresh_if.is_some()
}

/// Whether all arguments are parts of the key, of types that are known to be such as can be owned and sent.
fn are_well_known(model: &Model) -> bool {
    let known = |(index, arg): (usize, &Arg)| model.is_part_of_key(index) && is_well_known(&arg.ty);
    model.args.iter().enumerate().all(known)
}

fn why(model: &Model, arg: &Arg) -> String {
    let name = arg.name.unraw();
    let what = match model.options.in_background() {
        Some((option, _)) => {
            format!("`{option}` computes in the background, and argument `{name}` cannot be taken there")
        }
        None if model.options.inherit_tags.is_some() && !matches!(model.capture, Capture::All) => format!(
            "the future of the function does not borrow, so `inherit_tags` needs arguments that can be owned, and `{name}` cannot"
        ),
        None => format!("argument `{name}` cannot be taken to the background"),
    };
    let remedy = match &arg.ty {
        _ if is_of_type_that_borrows(model, arg) => {
            "its type borrows. Leave the option out, or let the type own what it has"
        }
        ty if matches!(way(ty), Ownership::Move(_)) => "its type must be `Send + 'static`",
        Type::Reference(of) if of.mutability.is_some() => {
            "a `&mut` cannot be; take it by value or as an `Arc`"
        }
        Type::Reference(_) if arg.receiver.is_some() => {
            "derive `Clone` for its type, which must be `Send + 'static`, or take `self: Arc<Self>`"
        }
        _ => "take it by value or as an `Arc`, or let its type be `Clone + Send + 'static`",
    };
    format!("{what}: {remedy}")
}

/// Whether an argument is of the type that this is a method of, and that visibly borrows. In the `impl` of a trait such
/// a type is refused for itself.
fn is_of_type_that_borrows(model: &Model, arg: &Arg) -> bool {
    matches!(model.place, Place::Inherent { borrows: true, .. }) && names_self_type(arg.ty.to_token_stream())
}

/// The option that asks for the background; a placeholder does so itself, when there is a call.
fn asked(model: &Model) -> Option<(&'static str, Span)> {
    model.options.in_background().filter(|(name, _)| *name != "placeholder")
}
