//! From the model to code; nothing is decided here.
//!
//! Beside `fn get_cat` stands a type `get_cat` whose associated functions are the companions; beside a
//! method stand `get_cat_entry` and so on, in the same `impl` or in a trait of their own. The function
//! itself is `get_cat::entry(..).call()`, and its body is a function of its own. Generated names of
//! locals are hygienic, so that the user's can be any.

mod address;
pub(crate) mod background_call;
mod describe;
mod detached;
mod entry;
mod look;
pub(crate) mod node;
mod slot;
mod tags;
mod timeouts;
mod uses;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{
    Attribute, FnArg, GenericArgument, GenericParam, Pat, Path, PathArguments, TypeParamBound, WherePredicate,
};
pub(crate) use tags::{form, reach};
use uses::{deprecated, is_hidden, used};

use crate::conditions;
use crate::function::AsyncForm;
use crate::model::{Arg, Capture, CompanionValue, Model, Place, mentions, mixed};

pub(crate) fn expand(model: &Model) -> Expanded {
    Expanded { function: function(model), companions: companions(model), ty: companion_type(model) }
}

/// Refuses edition 2015, that of where a token was written.
pub(crate) fn edition(krate: &Path, span: Span) -> TokenStream {
    let edition = Ident::new("dyn", span);
    quote!(#krate::__edition!(#edition);)
}

/// What becomes of a function.
pub(crate) struct Expanded {
    pub(crate) function: TokenStream,
    pub(crate) companions: Vec<Companion>,
    /// The type that they belong to, unless they stand beside the function.
    ty: Option<CompanionType>,
}

impl Expanded {
    /// All of it, to stand where the function stood.
    pub(crate) fn together(self) -> TokenStream {
        let Self { function, companions, ty } = self;
        let Some(CompanionType { item, head, body }) = ty else { return quote!(#function #(#companions)*) };
        let bound_again = allow_bound_again();
        // What the body says is the user's: nothing is allowed in it.
        quote!(#function #item #bound_again #head { #(#companions)* } #head { #body })
    }
}

/// The companion type, the head of an `impl` of it, and the body, which has one of its own.
struct CompanionType {
    item: TokenStream,
    head: TokenStream,
    body: Companion,
}

/// Where a companion is translated.
#[derive(Clone, Copy)]
pub(crate) enum Inline {
    No,
    /// Only where it is called: most programs do not call it.
    Called,
    /// As part of its caller, where that is to be quick and not to be built quickly: a hit is one piece.
    Hit,
}

impl ToTokens for Inline {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::No => TokenStream::new(),
            Self::Called => quote_spanned!(mixed()=> #[inline]),
            Self::Hit => quote_spanned! {mixed()=>
                #[cfg_attr(debug_assertions, inline)]
                #[cfg_attr(not(debug_assertions), inline(always))]
            },
        });
    }
}

/// A function that stands beside the memoized one, or belongs to its companion type.
pub(crate) struct Companion {
    attrs: TokenStream,
    inline: Inline,
    vis: TokenStream,
    sig: TokenStream,
    /// As it is declared in a trait, where that differs.
    declaration: Option<TokenStream>,
    body: TokenStream,
}

impl Companion {
    /// In the trait that it belongs to.
    pub(crate) fn declared(&self) -> TokenStream {
        let Self { attrs, sig, declaration, .. } = self;
        let sig = declaration.as_ref().unwrap_or(sig);
        quote!(#attrs #sig;)
    }
}

impl ToTokens for Companion {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, inline, vis, sig, body, .. } = self;
        // Whether it is told of that nobody uses it depends on where its first token is from, which may be a macro of
        // the user's.
        let vis = vis.clone().into_iter().map(|mut token| {
            token.set_span(mixed().located_at(token.span()));
            token
        });
        let vis: TokenStream = vis.collect();
        tokens.extend(quote!(#attrs #inline #vis #sig { #body }));
    }
}

/// The function, which calls its entry.
fn function(model: &Model) -> TokenStream {
    // What is expected is met where the body is.
    let is_met = |attr: &Attribute| !conditions::is_one_of(attr, &["expect"]);
    let mut sig = model.function.sig.clone();
    let mut args = model.args.iter();
    for input in &mut sig.inputs {
        match (input, args.next()) {
            (FnArg::Typed(typed), Some(arg)) => {
                let name = &arg.name;
                *typed.pat = syn::parse_quote!(#name);
                typed.attrs.retain(&is_met);
            }
            (FnArg::Receiver(receiver), _) => receiver.mutability = None,
            _ => {}
        }
    }
    let vis = &model.function.vis;
    let attrs = model.function.attrs.iter().filter(|attr| is_met(attr));
    let cached = uses::cached(model);
    let (expected, underscores) = (expected(model), underscores(model));
    // The call has another span than the block in which it is.
    let expected = quote_spanned!(model.call_site=> #expected #[allow(clippy::implicit_return)]);
    let names = model.args.iter().map(|arg| &arg.name);
    let is_detached = !matches!(model.capture, Capture::All);
    let callee_name = if is_detached { &model.names.detached } else { &model.names.entry };
    let callee = if model.is_free() {
        let (companion, params) = (&model.companion, turbofish(model, &model.identity));
        quote_spanned!(model.call_site=> #companion #params::#callee_name)
    } else {
        let own: Vec<GenericParam> = model.identity.iter().chain(&model.incidental).cloned().collect();
        let params = turbofish(model, &own);
        let callee = callee(model, callee_name);
        quote_spanned!(model.call_site=> #callee #params)
    };
    let call = quote_spanned!(model.call_site=> #callee(#(#names),*));
    let call = if is_detached { call } else { quote_spanned!(model.call_site=> #call.call()) };
    let call = match model.asyncness.map(|asyncness| asyncness.form) {
        Some(AsyncForm::Fn) => quote_spanned!(model.call_site=> #call.await),
        Some(AsyncForm::Boxed) if !is_detached => {
            quote_spanned!(model.call_site=> ::std::boxed::Box::pin(#call))
        }
        Some(AsyncForm::Boxed | AsyncForm::Future) | None => call,
    };
    // As long as its span is the user's, it is told of when nobody uses it.
    let mut body = Group::new(Delimiter::Brace, call);
    body.set_span(model.function.body.span());
    quote_spanned!(model.call_site=> #(#attrs)* #cached #expected #underscores #vis #sig #body)
}

/// A companion, as other companions call it.
fn callee(model: &Model, name: &Ident) -> TokenStream {
    if let Place::Extended { companions, .. } = &model.place {
        quote_spanned!(model.call_site=> <Self as #companions>::#name)
    } else {
        quote_spanned!(model.call_site=> Self::#name)
    }
}

/// Type parameters, to be said in a call; those that stand for `impl Trait` cannot be.
fn turbofish(model: &Model, params: &[GenericParam]) -> Option<TokenStream> {
    let names = params.iter().map(|param| match param {
        GenericParam::Type(param) if model.anonymous.contains(&param.ident) => {
            quote_spanned!(model.call_site=> _)
        }
        param => param_name(param),
    });
    (!params.is_empty()).then(|| quote_spanned!(model.call_site=> ::<#(#names),*>))
}

/// Those that a companion of a method, or the body, is given beside those of its type.
fn own_turbofish(model: &Model) -> Option<TokenStream> {
    let own: Vec<GenericParam> = if model.is_free() {
        model.incidental.clone()
    } else {
        model.identity.iter().chain(&model.incidental).cloned().collect()
    };
    let names = own.iter().map(param_name);
    (!own.is_empty()).then(|| quote_spanned!(model.call_site=> ::<#(#names),*>))
}

fn companion_value(model: &Model) -> TokenStream {
    match &model.companion_value {
        CompanionValue::Value(ty) => ty.to_token_stream(),
        CompanionValue::Return => model.output.to_token_stream(),
    }
}

/// The companion type of a function that stands by itself.
fn companion_type(model: &Model) -> Option<CompanionType> {
    if !model.is_free() {
        return None;
    }
    let Model { krate, companion, identity, .. } = model;
    let vis = &model.companion_vis;
    let cfg: Vec<&Attribute> = attributes(model, &["cfg"]).collect();
    let lints = lints(model);
    let names = identity.iter().map(param_name);
    let of = quote_spanned!(model.call_site=> #companion<#(#names),*>);
    let fields: Vec<&Ident> = identity
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            _ => None,
        })
        .collect();
    // Nobody makes one. With parameters, which have to be used, it shows as a type that nobody can look into.
    let kind = if fields.is_empty() {
        quote_spanned!(model.call_site=> enum #companion<#(#identity),*> {})
    } else {
        quote_spanned!(model.call_site=> struct #companion<#(#identity),*> { __uses: #krate::__private::Uses<(#(*const #fields,)*)> })
    };
    let link = format!(
        "The cache of [`{0}`](fn@{0}): [`{1}`](Self::{1}) is one call of it, [`{2}`](Self::{2}) the address of one, [`{3}`](Self::{3}) the whole.",
        model.function.sig.ident.unraw(),
        model.names.entry,
        model.names.key,
        model.names.memo,
    );
    let doc = if model.hidden || is_hidden(model) {
        quote_spanned!(model.call_site=> #[doc(hidden)])
    } else {
        quote_spanned!(model.call_site=> #[doc = #link])
    };
    let item = quote_spanned! {model.call_site=>
        #(#cfg)*
        #doc
        #[allow(non_camel_case_types, non_upper_case_globals, clippy::empty_enums, clippy::exhaustive_enums)]
        #vis #kind
    };
    let head = quote_spanned! {model.call_site=>
        #(#cfg)*
        #[allow(non_snake_case, single_use_lifetimes)]
        #lints
        impl<#(#identity),*> #of
    };
    Some(CompanionType { item, head, body: entry::body(model) })
}

/// The companions, and what belongs to them.
fn companions(model: &Model) -> Vec<Companion> {
    let every = (model.is_free() && !model.identity.is_empty()).then(|| all(model));
    let ours = std::iter::once(slot::slot(model)).chain(look::look_up(model));
    let theirs = [entry::entry(model), key(model), memo(model)];
    if model.is_free() {
        return theirs.into_iter().chain(every).chain(ours).chain(detached::detached(model)).collect();
    }
    // In the `impl` of a trait all of these are errors: that of the slot tells the remedy, and is the first.
    let instance = address::of_instance(model);
    let (lead, detached) = (background_call::lead(model), detached::detached(model));
    ours.chain([entry::body(model)]).chain(theirs).chain(instance).chain(lead).chain(detached).collect()
}

/// What stands before a companion: what is said of it, with the function's name for a `{}`, or that it is
/// nobody's business.
fn attrs(model: &Model, doc: Option<&str>) -> TokenStream {
    // Methods of one `impl` that nobody uses are told of together, but for names that begin with `_`; and what is
    // generated is not told of. So that the user's method is, its companions are of another level.
    let apart = (doc.is_some() && matches!(model.place, Place::Inherent { .. }))
        .then(|| quote_spanned!(model.call_site=> #[deny(dead_code)]));
    let doc = match doc {
        Some(doc) if !model.hidden && (model.is_free() || !is_hidden(model)) => {
            let doc = doc.replace("{}", &format!("`{}`", model.function.sig.ident.unraw()));
            quote_spanned!(model.call_site=> #[doc = #doc])
        }
        _ => quote_spanned!(model.call_site=> #[doc(hidden)]),
    };
    if model.is_free() {
        return doc;
    }
    let (cfg, lints) = (attributes(model, &["cfg"]), lints(model));
    quote_spanned!(model.call_site=> #(#cfg)* #doc #[allow(non_snake_case, single_use_lifetimes)] #lints #apart)
}

fn key(model: &Model) -> Companion {
    let krate = &model.krate;
    let args: Vec<&Arg> = with_memo(model, model.keyed());
    let Signature { generics, params, clause } = signature(model, &args, false);
    let (companion_value, name) = (companion_value(model), &model.names.key);
    let (expected, bound_again, mode) = (expected(model), bound_again(model), mode(model));
    let (mixed, elided) = (model.mixed_site, elided(model));
    let names = model.keyed().map(|arg| &arg.name);
    let flags = model.options.bypass_if.is_some() || model.options.refresh_if.is_some();
    let is_of_features = attributes(model, &["target_feature"]).next().is_some();
    let body = if model.skipped().next().is_none() && !flags && !is_of_features {
        // All arguments are there, and nothing is asked of them: an entry says what its key is.
        let (entry, params) = (callee(model, &model.names.entry), own_turbofish(model));
        quote_spanned!(mixed=> (&#entry #params(#(#names),*)).id())
    } else {
        let (function, used) = (look::function(model), used(model, &args, false));
        quote_spanned!(mixed=> #used (&#function).key(&(#(#names,)*)))
    };
    let doc = "The address of an entry of {}, by the arguments that are part of its key.";
    let attrs = attrs(model, Some(doc));
    Companion {
        attrs: quote_spanned!(mixed=> #attrs #[must_use] #expected #bound_again #elided),
        inline: Inline::Called,
        vis: model.companion_vis.to_token_stream(),
        sig: quote_spanned!(mixed=> fn #name #generics (#(#params),*) -> #krate::Key<#companion_value #mode> #clause),
        declaration: None,
        body,
    }
}

fn memo(model: &Model) -> Companion {
    let krate = &model.krate;
    let args: Vec<&Arg> = with_memo(model, std::iter::empty());
    let Signature { generics, params, clause } = signature(model, &args, false);
    let (companion_value, mode, name) = (companion_value(model), mode(model), &model.names.memo);
    let (mixed, bound_again, elided) = (model.mixed_site, bound_again(model), elided(model));
    let (attrs, used) = (attrs(model, Some("The cache behind {}, as a whole.")), used(model, &args, false));
    let body = if let Some(given) = &model.options.memo {
        let memo = &given.value;
        quote_spanned!(mixed=> #used #krate::Memo::with_mode(&(#memo)))
    } else {
        let function = look::function(model);
        quote_spanned!(mixed=> #used (&#function).memo())
    };
    Companion {
        attrs: quote_spanned!(mixed=> #attrs #[must_use] #bound_again #elided),
        inline: Inline::Called,
        vis: model.companion_vis.to_token_stream(),
        sig: quote_spanned!(mixed=> fn #name #generics (#(#params),*) -> #krate::Memo<#companion_value #mode> #clause),
        declaration: None,
        body,
    }
}

fn all(model: &Model) -> Companion {
    let krate = &model.krate;
    let attrs = attrs(model, Some("The caches behind all instantiations of {}."));
    Companion {
        attrs: quote_spanned!(model.call_site=> #attrs #[must_use]),
        inline: Inline::No,
        vis: model.companion_vis.to_token_stream(),
        sig: quote_spanned!(model.call_site=> fn all() -> #krate::AllMemos),
        declaration: None,
        body: quote_spanned!(model.call_site=> #krate::__private::all(Self::__slot())),
    }
}

/// Companions that need the memo take `self` where it is in a field.
fn with_memo<'m>(model: &'m Model, args: impl Iterator<Item = &'m Arg>) -> Vec<&'m Arg> {
    let mut args: Vec<&Arg> = args.collect();
    if model.options.memo.is_some()
        && let Some(receiver) = model.receiver()
        && args.first().is_none_or(|first| first.receiver.is_none())
    {
        args.insert(0, receiver);
    }
    args
}

/// The mode of keys and memos, where it is not the default.
fn mode(model: &Model) -> Option<TokenStream> {
    let krate = &model.krate;
    model.asyncness.map(|_| quote_spanned!(model.call_site=> , #krate::Async))
}

/// A companion's signature.
struct Signature {
    generics: TokenStream,
    params: Vec<TokenStream>,
    clause: TokenStream,
}

/// Of a companion that takes these arguments; `whole` if it has all the generics of the function. Those
/// that tell memos apart are the companion type's, where there is one.
fn signature(model: &Model, args: &[&Arg], whole: bool) -> Signature {
    let incidental: &[GenericParam] = if whole { &model.incidental } else { &[] };
    let identity: &[GenericParam] = if model.is_free() { &[] } else { &model.identity };
    let left_out: Vec<&Ident> =
        if whole { Vec::new() } else { model.incidental.iter().filter_map(type_or_const).collect() };
    let predicates: Vec<WherePredicate> =
        model.predicates.iter().filter_map(|predicate| without(predicate, &left_out)).collect();
    let params: Vec<TokenStream> = args
        .iter()
        .map(|arg| {
            let (name, ty) = (&arg.name, &arg.ty);
            if let Some(receiver) = &arg.receiver {
                let mut receiver = receiver.clone();
                receiver.mutability = None;
                receiver.to_token_stream()
            } else {
                quote_spanned!(model.call_site=> #name: #ty)
            }
        })
        .collect();
    // Lifetimes are declared where they are used.
    let text = quote_spanned!(model.call_site=> #(#predicates,)* #(#params,)*).to_string();
    let lifetimes = model.function.sig.generics.lifetimes();
    let lifetimes: Vec<_> =
        lifetimes.filter(|param| whole || uses_lifetime(&text, &param.lifetime.ident.to_string())).collect();
    let own: Vec<&GenericParam> = identity.iter().chain(incidental).collect();
    let generics = quote_spanned!(model.call_site=> <#(#lifetimes,)* #(#own),*>);
    let generics = if lifetimes.is_empty() && own.is_empty() { TokenStream::new() } else { generics };
    let clause = if predicates.is_empty() {
        TokenStream::new()
    } else {
        quote_spanned!(model.call_site=> where #(#predicates),*)
    };
    Signature { generics, params, clause }
}

/// What a predicate says where these parameters are not known: of `R: Try<Output = T> + Send` it is `R: Try + Send`.
fn without(predicate: &WherePredicate, params: &[&Ident]) -> Option<WherePredicate> {
    let names_one = |tokens: TokenStream| params.iter().any(|param| mentions(tokens.clone(), param));
    if !names_one(predicate.to_token_stream()) {
        return Some(predicate.clone());
    }
    let WherePredicate::Type(mut predicate) = predicate.clone() else { return None };
    let bounds = std::mem::take(&mut predicate.bounds).into_iter().filter_map(|mut bound| {
        if let TypeParamBound::Trait(bound) = &mut bound
            && let Some(PathArguments::AngleBracketed(given)) =
                bound.path.segments.last_mut().map(|last| &mut last.arguments)
        {
            let holds = |arg: &GenericArgument| {
                !matches!(arg, GenericArgument::AssocType(_)) || !names_one(arg.to_token_stream())
            };
            given.args = std::mem::take(&mut given.args).into_iter().filter(holds).collect();
        }
        (!names_one(bound.to_token_stream())).then_some(bound)
    });
    predicate.bounds = bounds.collect();
    let says_something = !predicate.bounds.is_empty() && !names_one(predicate.bounded_ty.to_token_stream());
    says_something.then_some(WherePredicate::Type(predicate))
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
    model.function.attrs.iter().filter(move |attr| conditions::is_one_of(attr, names))
}

/// The lints that the user has set for the function hold for its body, which is in the companion.
fn lints(model: &Model) -> TokenStream {
    let levels = attributes(model, &["allow", "warn", "deny", "forbid"]);
    quote_spanned!(model.call_site=> #(#levels)*)
}

/// What the user expects is met where the body is; elsewhere it is allowed.
fn expected(model: &Model) -> TokenStream {
    attributes(model, &["expect"]).map(conditions::allowed).collect()
}

/// Arguments that begin with an underscore are used by what is generated.
fn underscores(model: &Model) -> Option<TokenStream> {
    let mut names = model.args.iter().map(|arg| &arg.name);
    let any = names.any(|name| name.to_string().starts_with('_'));
    any.then(|| quote_spanned!(model.call_site=> #[allow(clippy::used_underscore_binding)]))
}

/// Where expressions of the user's see arguments by name, these are bound once more, by reference.
pub(crate) fn allow_bound_again() -> TokenStream {
    quote! {
        #[allow(
            clippy::needless_borrow,
            clippy::pattern_type_mismatch,
            clippy::shadow_reuse,
            clippy::shadow_same,
            clippy::shadow_unrelated,
            clippy::used_underscore_binding
        )]
    }
}

/// The same for a companion. Those of a companion type have it on their `impl`.
fn bound_again(model: &Model) -> Option<TokenStream> {
    (!model.is_free()).then(allow_bound_again)
}

/// A node is named as its key's expression names it: without its lifetimes.
fn elided(model: &Model) -> Option<TokenStream> {
    model.node().map(|_| quote_spanned!(model.call_site=> #[allow(elided_lifetimes_in_paths)]))
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
