//! How a call is looked up: the slot of its function, what is decided about its return, and how its key is made.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, GenericParam, Lifetime, LitStr, Path, Type};

use super::{Companion, Inline, Signature, attrs, callee, elided, expected, signature, without_mut};
use crate::model::{Arg, CompanionValue, Model, Part, at, local, mention, without_self};
use crate::options::{Given, StoreVersion};
use crate::shape::shape;

/// The function that looks calls up, unless that depends on the instance.
pub(super) fn look_up(model: &Model) -> Option<Companion> {
    if model.options.memo.is_some() {
        return None;
    }
    let mixed = model.mixed_site;
    let (krate, output, companion_value) = (&model.krate, &model.output, super::companion_value(model));
    let keyed: Vec<&Arg> = model.keyed().collect();
    let types = keyed.iter().map(|arg| &arg.ty);
    let Signature { generics, clause, .. } = signature(model, &keyed, false);
    let (expected, bound_again, elided) = (expected(model), super::bound_again(model), elided(model));
    let (attrs, name) = (attrs(model, None), &model.names.look_up);
    let find =
        find(model, &quote_spanned!(mixed=> __lookup), &hooks(model, |_, hook| hook.to_token_stream()));
    Some(Companion {
        attrs: quote_spanned!(mixed=> #attrs #expected #bound_again #elided),
        inline: Inline::Hit,
        vis: TokenStream::new(),
        sig: quote_spanned! {mixed=>
            fn #name #generics (__lookup: #krate::__private::Lookup<'_, (#(#types,)*), #output, #companion_value>)
                -> #krate::__private::Answer<#output, #companion_value>
            #clause
        },
        declaration: None,
        body: find,
    })
}

/// The `Callee` of the function: what looks its calls up.
pub(super) fn function(model: &Model) -> TokenStream {
    let (mixed, krate) = (model.mixed_site, &model.krate);
    let Some(given) = &model.options.memo else {
        let look_up = callee(model, &model.names.look_up);
        let own = if model.is_free() { &[][..] } else { &model.identity[..] };
        let names = own.iter().map(super::param_name);
        let params = (!own.is_empty()).then(|| quote_spanned!(model.call_site=> ::<#(#names),*>));
        let function = if model.parts.is_some() {
            "function_once"
        } else if model.asyncness.is_some() {
            // Its call is kept in memory, where a function that is known by its type takes no room.
            "function_of"
        } else {
            "function"
        };
        let function = Ident::new(function, mixed);
        return quote_spanned!(mixed=> #krate::__private::#function(#look_up #params));
    };
    let (output, companion_value) = (&model.output, super::companion_value(model));
    let types = model.keyed().map(|arg| erased(&arg.ty));
    let memo = &given.value;
    let borrowed = model
        .receiver()
        .is_some_and(|arg| matches!(&arg.ty, Type::Reference(reference) if reference.mutability.is_none()));
    let memo = quote_spanned!(memo.span()=> &(#memo));
    // What is taken by value is gone when the body runs.
    let (memo, lend) = if borrowed {
        (memo, None)
    } else {
        (
            quote_spanned!(mixed=> ::core::clone::Clone::clone(#memo)),
            Some(quote_spanned!(mixed=> let __memo = &__memo;)),
        )
    };
    // What an instance has is looked at now: it may be gone when the memo is made.
    let mut of_instance = TokenStream::new();
    let hooks = hooks(model, |name, hook| {
        if mention(hook.to_token_stream(), "self").is_none() {
            return hook.to_token_stream();
        }
        let value = local(name);
        of_instance.extend(quote_spanned!(hook.span()=> let #value = #hook;));
        value.to_token_stream()
    });
    let find = find(model, &quote_spanned!(mixed=> __lookup), &hooks);
    quote_spanned! {mixed=>
        #krate::__private::function_once({
            let __memo = #memo;
            #of_instance
            move |__lookup: #krate::__private::Lookup<'_, (#(#types,)*), #output, #companion_value>| {
                #lend
                #find
            }
        })
    }
}

/// What is decided about the return.
pub(super) fn returns(model: &Model) -> TokenStream {
    let Model { krate, output, options, .. } = model;
    let companion_value = match model.companion_value {
        CompanionValue::Value(_) => quote_spanned!(model.call_site=> OfValue),
        CompanionValue::Return => quote_spanned!(model.call_site=> OfReturn),
    };
    let errors = options.err_ttl.as_ref().map(|_| quote_spanned!(model.call_site=> , errors));
    let returns = quote_spanned!(output.span()=> (#output, #companion_value #errors));
    [at(output.span(), quote!(#krate::__returns!)), returns].into_iter().collect()
}

/// What the memo is told when it is made, each by what `hook` makes of its name and expression.
fn hooks(model: &Model, mut hook: impl FnMut(&str, &Expr) -> TokenStream) -> TokenStream {
    let Model { krate, options, .. } = model;
    let mixed = model.mixed_site;
    let mut all = TokenStream::new();
    let given = [
        ("on_store", &options.on_store),
        ("on_evict", &options.on_evict),
        ("on_error", &options.on_error),
        ("fallback_if", &options.fallback_if),
        ("weigh", &options.weigh),
    ];
    for (name, given) in given {
        if let Some(given) = given {
            let (method, value) = (Ident::new(name, given.span.resolved_at(mixed)), hook(name, &given.value));
            all.extend(quote_spanned!(given.value.span()=> .#method(#value)));
        }
    }
    if let Some(given) = &options.share_error {
        let (name, hook) = (Ident::new("share_error", given.span.resolved_at(mixed)), &given.value);
        all.extend(quote_spanned!(hook.span()=> .#name(|__error| #krate::__private::share(__error, #hook))));
    }
    if let Some(given) = &options.store {
        let in_store = in_store(model, given);
        return quote_spanned!(given.span=> |__hooks| #krate::__in_store!((__hooks #all) #in_store));
    }
    if all.is_empty() {
        return quote_spanned!(mixed=> #krate::__private::no_hooks);
    }
    quote_spanned!(mixed=> |__hooks| __hooks #all)
}

/// The store behind the function, and what is said of it.
fn in_store(model: &Model, store: &Given<LitStr>) -> TokenStream {
    let options = &model.options;
    let alias = &store.value;
    let local = options.local.as_ref().map(|given| {
        let local = given.value;
        quote_spanned!(given.span=> .local(#local))
    });
    let local_ttl = options.local_ttl.as_ref().map(|given| {
        let ttl = given.value.tokens();
        quote_spanned!(given.span=> .local_ttl(#ttl))
    });
    let (auto, version) = match options.version.as_ref() {
        Some(Given { value: StoreVersion::Auto, span }) => {
            let hash = Literal::u64_suffixed(hash_of(model));
            (Some(quote_spanned!(*span=> auto #hash)), None)
        }
        Some(Given { value: StoreVersion::Number(version), span }) => {
            (None, Some(quote_spanned!(*span=> .version(#version))))
        }
        None => (None, None),
    };
    quote_spanned!(store.span=> #auto #alias #local #local_ttl #version)
}

/// A hash of the tokens of the function, without its attributes: FNV-1a, which is the same whoever compiles it.
fn hash_of(model: &Model) -> u64 {
    fn feed(hash: &mut u64, tokens: TokenStream) {
        for token in tokens {
            let text = match &token {
                TokenTree::Group(group) => format!("{:?}", group.delimiter()),
                other => other.to_string(),
            };
            for byte in text.bytes().chain([0]) {
                *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            if let TokenTree::Group(group) = token {
                feed(hash, group.stream());
                *hash = hash.wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let (sig, body) = (&model.function.sig, &model.function.body);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    feed(&mut hash, quote!(#sig #body));
    hash
}

/// What stands for a node: a type without lifetimes.
pub(super) fn node(model: &Model, node: &Type) -> TokenStream {
    let krate = &model.krate;
    quote_spanned!(node.span()=> <#node as #krate::CacheKey>::Node)
}

/// That type, as a value.
pub(super) fn node_ty(model: &Model, node: &Type) -> TokenStream {
    let (krate, of) = (&model.krate, self::node(model, node));
    quote_spanned!(node.span()=> #krate::__private::Ty::<#of>::NEW)
}

/// What tells instantiations apart.
fn id(model: &Model) -> TokenStream {
    let (krate, mixed) = (&model.krate, model.mixed_site);
    if is_one(model) {
        return quote_spanned!(mixed=> #krate::__private::only());
    }
    if model.is_free() {
        return quote_spanned!(mixed=> #krate::__private::id::<Self>());
    }
    let params = model.identity.iter().map(|param| match param {
        GenericParam::Const(param) => {
            // Constants of each type have a type of their own, which is called as theirs is.
            let (ident, ty) = (&param.ident, &param.ty);
            quote_spanned!(model.call_site=> #krate::__private::consts::#ty<#ident>)
        }
        param => super::param_name(param),
    });
    quote_spanned!(mixed=> #krate::__private::id_of_method::<Self, fn(#(#params),*)>())
}

/// Whether there is one instantiation, with one type of keys: nothing is generic, be it seen or behind a macro, and
/// the types of keys are those of arguments.
fn is_one(model: &Model) -> bool {
    struct Macros(bool);
    impl<'ast> Visit<'ast> for Macros {
        fn visit_type_macro(&mut self, _: &'ast syn::TypeMacro) {
            self.0 = true;
        }
    }
    let mut macros = Macros(false);
    model.args.iter().for_each(|arg| macros.visit_type(&arg.ty));
    let is_generic = !model.identity.is_empty() || !model.incidental.is_empty() || macros.0;
    model.is_free() && model.parts.is_none() && model.node().is_none() && !is_generic
}

/// Looks a call up by its keyed arguments.
fn find(model: &Model, lookup: &TokenStream, hooks: &TokenStream) -> TokenStream {
    let (mixed, krate) = (model.mixed_site, &model.krate);
    let keyed: Vec<&Arg> = model.keyed().collect();
    let (returns, slot, is_in_field) =
        (returns(model), callee(model, &model.names.slot), model.options.memo.is_some());
    let id = id(model);
    let find = |look: TokenStream| {
        if is_in_field {
            let memo = model.options.memo.as_ref().map(|memo| memo.value.span());
            // An error about it is where it is written.
            let memo = Ident::new("__memo", mixed.located_at(memo.unwrap_or(mixed)));
            return quote_spanned!(mixed=> #lookup.find_in(#memo, #id, #slot(), #returns, #hooks, #look));
        }
        quote_spanned!(mixed=> #lookup.find_by(#id, #slot(), #returns, #hooks, #look))
    };
    let Some(parts) = &model.parts else {
        let shapes = keyed.iter().map(|arg| hidden(model, arg, shape_of(arg, krate)));
        let shape = quote_spanned!(mixed=> (#(#shapes,)*));
        if !is_in_field {
            return if has_hooks(model) {
                quote_spanned!(mixed=> #lookup.find_with(#id, #slot(), #shape, #returns, #hooks))
            } else {
                quote_spanned!(mixed=> #lookup.find(#id, #slot(), #shape, #returns))
            };
        }
        return find(quote_spanned!(mixed=> |__keyed, __cx| __cx.find(#shape, __keyed)));
    };
    let see = bindings(&keyed, |arg| place(&keyed, arg, &quote_spanned!(mixed=> __keyed)), krate);
    if let (Some(ty), [Part::Expr(expr)]) = (model.node(), &parts[..]) {
        let (span, cx, expr) = (ty.span(), local("cx"), without_self(expr.to_token_stream()));
        let (of, node) = (node_ty(model, ty), node(model, ty));
        let shape = quote_spanned!(span=> <#node as #krate::__private::Node>::shape());
        let fields = quote_spanned!(span=> &<#ty as #krate::CacheKey>::__fields(&#expr));
        let find = quote_spanned!(span=> #krate::__private::find_node(#cx, #of, #fields));
        return quote_spanned! {mixed=>
            #lookup.find_node(#of, #shape, #returns, |__keyed, __cx| {
                #see
                #find
            })
        };
    }
    let names: Vec<Ident> = (0..parts.len()).map(|index| local(&format!("part{index}"))).collect();
    let mut values = Vec::new();
    let mut shapes = Vec::new();
    for (part, name) in parts.iter().zip(&names) {
        match part {
            Part::Arg(index) => {
                let arg = &model.args[*index];
                let place = place(&keyed, arg, &quote_spanned!(mixed=> __keyed));
                values.push(quote_spanned!(model.call_site=> &#place));
                shapes.push(hidden(model, arg, shape_of(arg, krate)));
            }
            Part::Expr(expr) => {
                let expr = without_self(expr.to_token_stream());
                values.push(quote_spanned!(expr.span()=> &(#expr)));
                let shape = at(expr.span(), quote!(#krate::__shape_of!));
                shapes.push(quote_spanned!(expr.span()=> #shape(#name)));
            }
            Part::Hole(hole) => {
                let path = hole.path(&super::tags::root(model, hole));
                values.push(quote_spanned!(hole.span=> &(#path)));
                let shape = at(hole.span, quote!(#krate::__shape_of!));
                shapes.push(quote_spanned!(hole.span=> #shape(#name)));
            }
        }
    }
    let shapes = shapes.iter().map(|shape| quote_spanned!(mixed=> #krate::__private::Ref(#shape)));
    find(quote_spanned! {mixed=>
        |__keyed, __cx| {
            #see
            match (#(#values,)*) {
                (#(#names,)*) => __cx.find((#(#shapes,)*), &(#(#names,)*)),
            }
        }
    })
}

/// Whether the memo is told of hooks when it is made.
fn has_hooks(model: &Model) -> bool {
    let options = &model.options;
    let hooks =
        [&options.on_store, &options.on_error, &options.on_evict, &options.fallback_if, &options.weigh];
    hooks.iter().any(|hook| hook.is_some()) || options.share_error.is_some() || options.store.is_some()
}

/// The type with its lifetimes left to inference.
fn erased(ty: &Type) -> Type {
    struct Erase;
    impl VisitMut for Erase {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident != "static") {
                reference.lifetime = None;
            }
            visit_mut::visit_type_reference_mut(self, reference);
        }
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                lifetime.ident = Ident::new("_", lifetime.ident.span());
            }
        }
        // The lifetimes of a function pointer's arguments are its own, and so are those under `for<..>`.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_type_trait_object_mut(&mut self, _: &mut syn::TypeTraitObject) {}
    }
    let mut ty = ty.clone();
    Erase.visit_type_mut(&mut ty);
    ty
}

fn shape_of(arg: &Arg, krate: &Path) -> TokenStream {
    // Borrows that cannot be peeled were refused before.
    shape(&arg.ty, krate, arg.name.span()).unwrap_or_else(|()| {
        let ty: &Type = &arg.ty;
        quote!(#krate::__leaf!(#ty))
    })
}

/// The shape of an argument of which a store gets no more than a hash, if it is one.
fn hidden(model: &Model, arg: &Arg, shape: TokenStream) -> TokenStream {
    let krate = &model.krate;
    let mut secrets = model.options.secret.iter().flat_map(|given| &given.value);
    let is_secret = model.options.store.is_some() && arg.named && secrets.any(|name| *name == arg.name);
    if is_secret { quote!(#krate::__secret_part!(#shape)) } else { shape }
}

/// Where an argument is in a tuple of arguments.
fn place(args: &[&Arg], arg: &Arg, tuple: &TokenStream) -> TokenStream {
    let index = args.iter().position(|other| std::ptr::eq(*other, arg)).unwrap_or_default();
    let index = syn::Index::from(index);
    quote!(#tuple.#index)
}

/// Lets expressions of options see these arguments by name: as they are where they are `Copy`, else by
/// reference.
pub(super) fn bindings(args: &[&Arg], place: impl Fn(&Arg) -> TokenStream, krate: &Path) -> TokenStream {
    let each = args.iter().filter(|arg| !arg.binds.is_empty()).map(|arg| {
        let place = place(arg);
        if arg.named {
            let name = arg.local();
            quote!(#[allow(unused_variables)] let #name = #krate::__see!(#place);)
        } else {
            let pat = without_mut(&arg.pat);
            quote!(#[allow(unused_variables)] let #pat = &#place;)
        }
    });
    quote!(#(#each)*)
}

/// The same from the two tuples that hooks are given.
pub(super) fn bindings_of_both(model: &Model, keyed: &TokenStream, skipped: &TokenStream) -> TokenStream {
    let keyed_args: Vec<&Arg> = model.keyed().collect();
    let skipped_args: Vec<&Arg> = model.skipped().collect();
    let of_keyed = bindings(&keyed_args, |arg| place(&keyed_args, arg, keyed), &model.krate);
    let of_skipped = bindings(&skipped_args, |arg| place(&skipped_args, arg, skipped), &model.krate);
    [of_keyed, of_skipped].iter().map(ToTokens::to_token_stream).collect()
}
