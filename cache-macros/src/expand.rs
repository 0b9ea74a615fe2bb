//! From the model to code; nothing is decided here.
//!
//! Beside `fn get_cat` stands a type `get_cat` whose associated functions are the companions. The
//! body is in `entry`; the function itself is `get_cat::entry(..).call()`. Generated names of locals
//! are hygienic, so that the user's can be any.

mod describe;
mod look;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, GenericParam, Pat, WherePredicate};

use crate::duration::Length;
use crate::model::{Arg, Face, Model, Part, mentions, mixed};
use crate::options::{Capacity, Given, Ttl};

pub(crate) fn expand(model: &Model) -> TokenStream {
    let function = function(model);
    let companion = companion(model);
    quote!(#function #companion)
}

/// The function, which calls its entry.
fn function(model: &Model) -> TokenStream {
    let mut sig = model.function.sig.clone();
    let mut args = model.args.iter();
    for input in &mut sig.inputs {
        if let (FnArg::Typed(typed), Some(arg)) = (input, args.next()) {
            let name = &arg.name;
            *typed.pat = syn::parse_quote!(#name);
        }
    }
    let (vis, companion) = (&model.function.vis, &model.companion);
    let attrs = model.function.attrs.iter().filter(|attr| !attr.path().is_ident("expect"));
    let (expected, underscores) = (expected(model), underscores(model));
    let names = model.args.iter().map(|arg| &arg.name);
    let params = model.identity.iter().map(|param| match param {
        GenericParam::Type(param) if model.anonymous.contains(&param.ident) => quote!(_),
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
        GenericParam::Lifetime(_) => TokenStream::new(),
    });
    let params = (!model.identity.is_empty()).then(|| quote!(::<#(#params),*>));
    quote! {
        #(#attrs)*
        #expected
        #underscores
        #vis #sig {
            #companion #params::entry(#(#names),*).call()
        }
    }
}

/// The companion type and its functions.
fn companion(model: &Model) -> TokenStream {
    let Model { krate, companion, output, identity, .. } = model;
    let vis = &model.companion_vis;
    let cfg: Vec<&Attribute> = attributes(model, &["cfg"]).collect();
    let lints = lints(model);
    let face = match &model.face {
        Face::Value(ty) => ty.to_token_stream(),
        Face::Return => output.to_token_stream(),
    };
    let names = identity.iter().map(param_name);
    let of = quote!(#companion<#(#names),*>);
    let fields = identity.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        _ => None,
    });
    let (never, check) = if identity.is_empty() {
        taken(model)
    } else {
        let never = quote! {
            #[doc(hidden)]
            __Never(::core::convert::Infallible, #(#krate::__private::Uses<#fields>),*)
        };
        (never, TokenStream::new())
    };
    let keyed: Vec<&Arg> = model.keyed().collect();
    let entry = entry(model, &face);
    let (expected, underscores) = (expected(model), underscores(model));
    let Signature { generics, params, clause } = signature(model, &keyed, false);
    let plan = look::plan(model);
    let (mixed, names) = (mixed(), keyed.iter().map(|arg| &arg.name));
    let key = quote_spanned! {mixed=>
        #[doc = "The address of a call's entry, by the arguments that are part of its key."]
        #[must_use]
        #expected
        #underscores
        #vis fn key #generics (#(#params),*) -> #krate::Key<#face> #clause {
            #plan.key(&(#(#names,)*))
        }
    };
    let Signature { generics, clause, .. } = signature(model, &[], false);
    let memo = quote_spanned! {mixed=>
        #[doc = "The cache behind the function."]
        #[must_use]
        #vis fn memo #generics () -> #krate::Memo<#face> #clause {
            #plan.memo()
        }
    };
    let every = (!identity.is_empty()).then(|| {
        quote! {
            #[doc = "The caches behind all instantiations of the function."]
            #[must_use]
            #vis fn all() -> #krate::AllMemos {
                #krate::__private::all(Self::__slot())
            }
        }
    });
    let slot = slot(model);
    let link = format!(
        "The cache of [`{0}`](fn@{0}): entries by its arguments, keys, and the memo as a whole.",
        model.function.sig.ident.unraw()
    );
    let doc = if model.hidden { quote!(#[doc(hidden)]) } else { quote!(#[doc = #link]) };
    quote! {
        #(#cfg)*
        #doc
        #[allow(non_camel_case_types, clippy::empty_enums)]
        #vis enum #companion<#(#identity),*> { #never }
        #(#cfg)*
        #check

        #(#cfg)*
        #lints
        impl<#(#identity),*> #of {
            #entry
            #key
            #memo
            #every
            #slot
        }
    }
}

/// A type or module that has the companion's name already is the compiler's to report. What it cannot
/// know is the remedy: so a path through the companion ends in it, and appears in the report.
fn taken(model: &Model) -> (TokenStream, TokenStream) {
    let (companion, remedy) = (&model.companion, "this_name_is_taken__write__companion_eq_another_name");
    let remedy = Ident::new(remedy, companion.span());
    let never = quote!(#[doc(hidden)] #[allow(non_camel_case_types)] #remedy(::core::convert::Infallible));
    let check = quote! {
        const _: fn(::core::convert::Infallible) -> #companion = #companion::#remedy;
    };
    (never, check)
}

/// `entry`, with the function's very signature, and its body.
fn entry(model: &Model, face: &TokenStream) -> TokenStream {
    let Model { krate, output, .. } = model;
    let (mixed, vis) = (mixed(), &model.companion_vis);
    let all: Vec<&Arg> = model.args.iter().collect();
    let Signature { generics, params, clause } = signature(model, &all, true);
    let plan = look::plan(model);
    let (keyed, skipped): (Vec<_>, Vec<_>) = (model.keyed().collect(), model.skipped().collect());
    let keyed_names = keyed.iter().map(|arg| &arg.name);
    let skipped_names = skipped.iter().map(|arg| &arg.name);
    let keyed_pats = keyed.iter().map(|arg| &arg.pat);
    let skipped_pats = skipped.iter().map(|arg| &arg.pat);
    let body = &model.function.body;
    let describe = describe::describe(model);
    let underscores = underscores(model);
    let lints: Vec<&Attribute> =
        attributes(model, &["expect"]).chain(model.args.iter().flat_map(|arg| &arg.lints)).collect();
    let (before, after) = (describe.before, describe.after);
    let options = &model.options;
    let flag = |given: &Option<Given<syn::Expr>>, name: &str| {
        given.as_ref().map(|given| {
            let (name, flag) = (Ident::new(name, mixed), Ident::new(&format!("{name}_flag"), mixed));
            let see = look::bindings(&all, |arg| arg.name.to_token_stream(), krate);
            let expr = &given.value;
            (
                quote_spanned! {mixed=>
                    let #flag: bool = {
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
    let see = look::bindings_of_both(model, &quote_spanned!(mixed=> keyed), &quote_spanned!(mixed=> skipped));
    let on_hit = options.on_hit.as_ref().map(|given| {
        let hook = &given.value;
        quote_spanned! {mixed=>
            .on_hit(|keyed, skipped, key, value| {
                #see
                #krate::__private::call_on_hit(#hook, key, value)
            })
        }
    });
    let on_miss = options.on_miss.as_ref().map(|given| {
        let hook = &given.value;
        quote_spanned! {mixed=>
            .on_miss(|keyed, skipped, key| {
                #see
                #krate::__private::call_on_miss(#hook, key)
            })
        }
    });
    quote_spanned! {mixed=>
        #[doc = "The entry of a call: to look at it, write it, invalidate it, or call."]
        #underscores
        #(#lints)*
        #vis fn entry #generics (#(#params),*)
            -> #krate::Entry<impl #krate::__private::Call<Output = #output, Face = #face>>
        #clause
        {
            #bypass
            #refresh
            #krate::Entry::new(
                #plan
                    .bind(
                        (#(#keyed_names,)*),
                        (#(#skipped_names,)*),
                        |(#(#keyed_pats,)*), (#(#skipped_pats,)*)| {
                            #before
                            (move || -> #output #body, #after)
                        },
                    )
                    #on_hit
                    #on_miss
                    #bypass_if
                    #refresh_if
            )
        }
    }
}

/// The slot, with what is constant about the function.
fn slot(model: &Model) -> TokenStream {
    let Model { krate, options, .. } = model;
    let name = if let Some(given) = &options.name {
        given.value.to_token_stream()
    } else {
        let ident = model.function.sig.ident.unraw().to_string();
        quote!(::core::concat!(::core::module_path!(), "::", #ident))
    };
    let parts = part_names(model);
    let ttl = options.ttl.as_ref().and_then(|given| match &given.value {
        Ttl::Length(length @ Length::Fixed(..)) => Some(length.tokens()),
        _ => None,
    });
    let ttl = ttl.map(|ttl| quote!(.ttl(#ttl)));
    let tags: Vec<String> = options
        .tags
        .iter()
        .flat_map(|given| &given.value)
        .filter_map(crate::template::Template::fixed)
        .collect();
    let tags = (!tags.is_empty()).then(|| quote!(.tags(&[#(#tags),*])));
    let capacity = options.capacity.as_ref().map(|given| match &given.value {
        Capacity::Bound(expr) => quote!(.capacity(#expr)),
        Capacity::Unbounded => quote!(.unbounded()),
    });
    let policy = options.policy.as_ref().map(|given| {
        let policy = &given.value;
        // A bare name is ours; a path is written as the user means it.
        let ours = policy.get_ident().map(|_| quote!(#krate::Policy::));
        quote!(.policy(#ours #policy))
    });
    let single_flight = options.single_flight.as_ref().map(|given| {
        let value = given.value;
        quote!(.single_flight(#value))
    });
    let max_wait = options.max_wait.as_ref().map(|given| {
        let wait = given.value.tokens();
        quote!(.max_wait(#wait))
    });
    quote! {
        #[doc(hidden)]
        fn __slot() -> &'static #krate::__private::Slot {
            static SLOT: #krate::__private::Slot = #krate::__private::Slot::new(
                #krate::__private::Spec::new(#name, &[#(#parts),*])
                    #ttl #tags #capacity #policy #single_flight #max_wait
            );
            &SLOT
        }
    }
}

/// What the parts of the key are called where arguments are given by name.
fn part_names(model: &Model) -> Vec<String> {
    let text = |tokens: TokenStream| tokens.to_string().replace(" . ", ".").replace(' ', "");
    match &model.parts {
        None => model.keyed().map(|arg| arg.name.unraw().to_string()).collect(),
        Some(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Arg(index) => model.args[*index].name.unraw().to_string(),
                Part::Expr(expr) => text(expr.to_token_stream()),
                Part::Hole(hole) => hole.text(),
            })
            .collect(),
    }
}

/// A companion's signature.
struct Signature {
    generics: TokenStream,
    params: Vec<TokenStream>,
    clause: TokenStream,
}

/// Of a companion that takes these arguments; `whole` if it has all the generics of the function.
fn signature(model: &Model, args: &[&Arg], whole: bool) -> Signature {
    let incidental: &[GenericParam] = if whole { &model.incidental } else { &[] };
    let left_out: Vec<&Ident> =
        if whole { Vec::new() } else { model.incidental.iter().filter_map(type_or_const).collect() };
    let holds = |predicate: &&WherePredicate| {
        !left_out.iter().any(|name| mentions(predicate.to_token_stream(), name))
    };
    let predicates: Vec<&WherePredicate> = model.predicates.iter().filter(holds).collect();
    let params: Vec<TokenStream> = args
        .iter()
        .map(|arg| {
            let (name, ty) = (&arg.name, &arg.ty);
            quote!(#name: #ty)
        })
        .collect();
    // Lifetimes are declared where they are used.
    let text = quote!(#(#predicates,)* #(#params,)*).to_string();
    let lifetimes = model.function.sig.generics.lifetimes();
    let lifetimes: Vec<_> =
        lifetimes.filter(|param| whole || uses_lifetime(&text, &param.lifetime.ident.to_string())).collect();
    let generics = quote!(<#(#lifetimes,)* #(#incidental),*>);
    let generics = if lifetimes.is_empty() && incidental.is_empty() { TokenStream::new() } else { generics };
    let clause = if predicates.is_empty() { TokenStream::new() } else { quote!(where #(#predicates),*) };
    Signature { generics, params, clause }
}

fn uses_lifetime(text: &str, name: &str) -> bool {
    let quoted = format!("'{name}");
    text.match_indices(&quoted).any(|(at, _)| {
        let next = text[at + quoted.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn type_or_const(param: &GenericParam) -> Option<&Ident> {
    match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    }
}

fn param_name(param: &GenericParam) -> TokenStream {
    type_or_const(param).map_or_else(TokenStream::new, ToTokens::to_token_stream)
}

fn attributes<'m>(model: &'m Model, names: &'m [&str]) -> impl Iterator<Item = &'m Attribute> {
    model.function.attrs.iter().filter(move |attr| names.iter().any(|name| attr.path().is_ident(name)))
}

/// The lints that the user has set for the function hold for its body, which is in the companion.
fn lints(model: &Model) -> TokenStream {
    let levels = attributes(model, &["allow", "warn", "deny", "forbid"]);
    quote! {
        #[allow(dead_code, non_snake_case)]
        #(#levels)*
    }
}

/// What the user expects is met where the body is; elsewhere it is allowed.
fn expected(model: &Model) -> TokenStream {
    let expected = attributes(model, &["expect"]).filter_map(|attr| match &attr.meta {
        syn::Meta::List(list) => Some(&list.tokens),
        _ => None,
    });
    quote!(#(#[allow(#expected)])*)
}

/// Arguments that begin with an underscore are used by what is generated.
fn underscores(model: &Model) -> Option<TokenStream> {
    let mut names = model.args.iter().map(|arg| &arg.name);
    let any = names.any(|name| name.to_string().starts_with('_'));
    any.then(|| quote!(#[allow(clippy::used_underscore_binding)]))
}

/// A pattern that binds by reference what the original binds by value: without `mut`.
fn without_mut(pat: &Pat) -> Pat {
    struct Strip;
    impl syn::visit_mut::VisitMut for Strip {
        fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
            pat.mutability = None;
            pat.by_ref = None;
            syn::visit_mut::visit_pat_ident_mut(self, pat);
        }
    }
    let mut pat = pat.clone();
    syn::visit_mut::VisitMut::visit_pat_mut(&mut Strip, &mut pat);
    pat
}
