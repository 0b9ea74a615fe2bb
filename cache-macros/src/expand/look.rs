//! The plan of a function: its slot, what is decided about its return, and how a call's key is looked
//! up.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, GenericParam, Lifetime, Path, Type};

use super::{callee, without_mut};
use crate::model::{Arg, CompanionValue, Model, Part, at, local, mention, mixed, without_self};
use crate::options::Given;
use crate::shape::shape;

/// `Plan::new(..)` with the hooks that belong to the memo.
pub(super) fn plan(model: &Model) -> TokenStream {
    let Model { krate, output, options, .. } = model;
    let mixed = mixed();
    let companion_value = match model.companion_value {
        CompanionValue::Value(_) => quote!(OfValue),
        CompanionValue::Return => quote!(OfReturn),
    };
    let errors = options.err_ttl.as_ref().map(|_| quote!(, errors));
    let returns = quote_spanned!(output.span()=> (#output, #companion_value #errors));
    let returns =
        [at(output.span(), quote!(#krate::__returns!)), returns].into_iter().collect::<TokenStream>();
    let look = look(model);
    // What an instance has is looked at now: the instance may be gone when the memo is made.
    let mut of_instance = TokenStream::new();
    let mut hook = |name: &str, given: &Option<Given<Expr>>| {
        given.as_ref().map(|given| {
            let (method, hook) = (Ident::new(name, given.span.resolved_at(mixed)), &given.value);
            if mention(hook.to_token_stream(), "self").is_none() {
                return quote_spanned!(hook.span()=> .#method(#hook));
            }
            let value = local(name);
            of_instance.extend(quote_spanned!(hook.span()=> let #value = #hook;));
            quote_spanned!(hook.span()=> .#method(#value))
        })
    };
    let on_store = hook("on_store", &options.on_store);
    let on_error = hook("on_error", &options.on_error);
    let on_evict = hook("on_evict", &options.on_evict);
    let fallback_if = hook("fallback_if", &options.fallback_if);
    let share_error = options.share_error.as_ref().map(|given| {
        let (name, hook) = (Ident::new("share_error", given.span.resolved_at(mixed)), &given.value);
        quote_spanned!(hook.span()=> .#name(|__error| #krate::__private::share(__error, #hook)))
    });
    let weigh = hook("weigh", &options.weigh);
    let slot = callee(model, &model.names.slot);
    if let Some(node) = model.node() {
        let (span, ty, node) = (node.span(), node_ty(model, node), self::node(model, node));
        let shape = quote_spanned!(span=> <#node as #krate::__private::Node>::shape());
        return quote_spanned! {mixed=>
            #krate::__private::Plan::of_node(#ty, #slot(), #shape, #returns, #look)
        };
    }
    let id = id(model);
    let kept_in = options.memo.as_ref().map(|given| {
        let memo = &given.value;
        let borrowed = model.receiver().is_some_and(
            |arg| matches!(&arg.ty, Type::Reference(reference) if reference.mutability.is_none()),
        );
        // What is taken by value is gone when the body runs.
        let kept_in = Ident::new(if borrowed { "kept_in" } else { "kept_in_copy" }, mixed);
        quote_spanned!(memo.span()=> .#kept_in(&(#memo)))
    });
    let hooks = quote!(#on_store #on_evict #on_error #fallback_if #share_error #weigh);
    let hooks = (!hooks.is_empty()).then(|| {
        if of_instance.is_empty() {
            quote_spanned!(mixed=> .with_hooks(|__hooks| __hooks #hooks))
        } else {
            quote_spanned!(mixed=> .with_hooks({ #of_instance move |__hooks| __hooks #hooks }))
        }
    });
    quote_spanned! {mixed=>
        #krate::__private::Plan::new(#id, #slot(), #returns, #look)
            #kept_in
            #hooks
    }
}

/// Whether the memo is told of hooks when it is made.
pub(super) fn has_hooks(model: &Model) -> bool {
    let options = &model.options;
    let hooks =
        [&options.on_store, &options.on_error, &options.on_evict, &options.fallback_if, &options.weigh];
    hooks.iter().any(|hook| hook.is_some()) || options.share_error.is_some()
}

/// What stands for a node: a type without lifetimes.
pub(super) fn node(model: &Model, node: &Type) -> TokenStream {
    let krate = &model.krate;
    quote_spanned!(node.span()=> <#node as #krate::CacheKey>::Node)
}

/// That type, as a value.
fn node_ty(model: &Model, node: &Type) -> TokenStream {
    let (krate, of) = (&model.krate, self::node(model, node));
    quote_spanned!(node.span()=> #krate::__private::Ty::<#of>::NEW)
}

/// What tells instantiations apart.
fn id(model: &Model) -> TokenStream {
    let (krate, mixed) = (&model.krate, mixed());
    if is_one(model) {
        return quote_spanned!(mixed=> #krate::__private::only::<Self>());
    }
    if model.is_free() {
        return quote_spanned!(mixed=> #krate::__private::id::<Self>());
    }
    let params = model.identity.iter().map(|param| match param {
        GenericParam::Const(param) => {
            // Constants of each type have a type of their own, which is called as theirs is.
            let (ident, ty) = (&param.ident, &param.ty);
            quote!(#krate::__private::consts::#ty<#ident>)
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

/// The closure that looks a call up by its keyed arguments.
fn look(model: &Model) -> TokenStream {
    let mixed = mixed();
    let keyed: Vec<&Arg> = model.keyed().collect();
    let types = keyed.iter().map(|arg| erased(&arg.ty));
    let params = quote_spanned!(mixed=> __keyed: &(#(#types,)*), __cx);
    let Some(parts) = &model.parts else {
        let shapes = keyed.iter().map(|arg| shape_of(arg, &model.krate));
        return quote_spanned!(mixed=> |#params| __cx.find((#(#shapes,)*), __keyed));
    };
    let krate = &model.krate;
    let see = bindings(&keyed, |arg| place(&keyed, arg, &quote_spanned!(mixed=> __keyed)), krate);
    if let (Some(ty), [Part::Expr(node)]) = (model.node(), &parts[..]) {
        let (span, cx, node) = (ty.span(), local("cx"), without_self(node.to_token_stream()));
        let of = node_ty(model, ty);
        let fields = quote_spanned!(span=> &<#ty as #krate::CacheKey>::__fields(&#node));
        let find = quote_spanned!(span=> #krate::__private::find_node(#cx, #of, #fields));
        return quote_spanned! {mixed=>
            |#params| {
                #see
                #find
            }
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
                values.push(quote!(&#place));
                shapes.push(shape_of(arg, krate));
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
    quote_spanned! {mixed=>
        |#params| {
            #see
            match (#(#values,)*) {
                (#(#names,)*) => __cx.find((#(#shapes,)*), &(#(#names,)*)),
            }
        }
    }
}

/// The type with its lifetimes left to inference: `memo` has no arguments that would imply what named
/// ones need of each other.
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
