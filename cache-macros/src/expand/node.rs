//! What a node declares: how its key is made and lent, and what its entries answer to.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Index};

use super::slot::slot;
use super::{describe, look};
use crate::model::{Arg, at, without_names};
use crate::node::{Field, Node};
use crate::options::Given;
use crate::shape::{Ownership, way_of_field};

/// The node, and a type without lifetimes that stands for what is true of all its entries.
pub(crate) fn node(node: &Node) -> TokenStream {
    let Node { ident, vis, generics, value, model, .. } = node;
    let (krate, mixed) = (&model.krate, node.model.mixed_site);
    let entries = format_ident!("__EntriesOf{ident}", span = mixed);
    let fields: Vec<Lent> = node.fields.iter().map(|field| lent(node, field)).collect();
    let (views, shapes) = (fields.iter().map(|field| &field.view), fields.iter().map(|field| &field.shape));
    let lends = fields.iter().map(|field| &field.lend);
    let (hooks, slot, describe) = (hooks(node, &entries), slot(model).body, described(node));
    let returns = at(value.span(), quote!(#krate::__returns!));
    let returns = quote_spanned!(value.span()=> #returns(#value, OfReturn));
    let options = &model.options;
    let constant = |name: &str, is_true: bool| {
        let name = Ident::new(name, mixed);
        is_true.then(|| quote_spanned!(node.model.call_site=> const #name: #krate::__private::bool = true;))
    };
    let in_background = constant(
        "IN_BACKGROUND",
        options.stale_while_revalidate.is_some() || options.refresh_ahead.is_some(),
    );
    let stale_if_error = constant("STALE_IF_ERROR", options.stale_if_error.is_some());
    let unit =
        fields.is_empty().then(|| quote_spanned!(node.model.call_site=> #[allow(clippy::unused_unit)]));
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let (impl_generics, ty_generics) = match without_names(generics) {
        Some(lifetimes) => (None, lifetimes),
        None => (Some(impl_generics), ty_generics.to_token_stream()),
    };
    quote_spanned! {mixed=>
        const _: () = {
            #[allow(clippy::empty_enums, non_camel_case_types, unreachable_pub)]
            #vis enum #entries {}

            impl #krate::__private::Node for #entries {
                type Value = #value;
                type View<'__v> = (#(#views,)*);
                #hooks
                #in_background
                #stale_if_error

                fn slot() -> &'static #krate::__private::Slot {
                    #slot
                }

                #unit
                fn shape() -> impl #krate::__private::Fields<Self> {
                    (#(#shapes,)*)
                }

                fn returns() -> impl #krate::__private::Returns<Output = #value, Value = #value, CompanionValue = #value> {
                    #returns
                }

                #describe
            }

            impl #impl_generics #krate::CacheKey for #ident #ty_generics #clause {
                type Value = #value;
                type Node = #entries;

                #unit
                fn __fields(&self) -> <#entries as #krate::__private::Node>::View<'_> {
                    (#(#lends,)*)
                }
            }

            impl #impl_generics ::core::convert::From<#ident #ty_generics> for #krate::Invalidation #clause {
                fn from(__node: #ident #ty_generics) -> Self {
                    ::core::convert::From::from(#krate::CacheKey::id(&__node))
                }
            }
        };
    }
}

/// A field on its way into a key, and back to who asks for it by name.
struct Lent {
    /// Its type when it is lent.
    view: TokenStream,
    shape: TokenStream,
    /// It, lent from the node.
    lend: TokenStream,
}

fn lent(node: &Node, Field { name, ty }: &Field) -> Lent {
    let (krate, mixed) = (&node.model.krate, node.model.mixed_site);
    let way = way_of_field(ty);
    let (Ownership::Ref(of) | Ownership::OptionRef(of) | Ownership::Cow(of) | Ownership::Move(of)) = way
    else {
        unreachable!("refused before");
    };
    let span = of.span();
    let leaf = at(span, quote!(#krate::__leaf!));
    let shape = quote_spanned!(span=> #krate::__private::Ref(#leaf(#of)));
    let view = quote_spanned!(mixed=> &'__v #of);
    let field = quote_spanned!(mixed=> self.#name);
    match way {
        Ownership::OptionRef(_) => Lent {
            view: quote_spanned!(node.model.call_site=> ::core::option::Option<#view>),
            shape: quote_spanned!(span=> #krate::__private::Opt(#shape)),
            lend: field,
        },
        Ownership::Ref(_) => Lent { view, shape, lend: field },
        Ownership::Cow(_) => Lent { view, shape, lend: quote_spanned!(mixed=> &*#field) },
        Ownership::Move(_) | Ownership::Never => Lent { view, shape, lend: quote_spanned!(mixed=> &#field) },
    }
}

/// The hooks and the weigher. Those that are called with a stored key have the fields in sight.
fn hooks(node: &Node, entries: &Ident) -> TokenStream {
    let (krate, options, value) = (&node.model.krate, &node.model.options, &node.value);
    let (call_site, mixed) = (node.model.call_site, node.model.mixed_site);
    let of_call =
        [("ON_HIT", quote!(OnValue<#value>), &options.on_hit), ("ON_MISS", quote!(OnMiss), &options.on_miss)];
    let of_call = of_call.into_iter().filter_map(|(name, ty, given)| {
        let hook = &given.as_ref()?.value;
        let name = Ident::new(name, mixed);
        let hook = quote_spanned!(hook.span()=> ::core::option::Option::Some(#hook));
        Some(quote_spanned!(mixed=> const #name: #krate::__private::#ty = #hook;))
    });
    let (see, bound_again) = (see(node), super::allow_bound_again());
    let of_entry =
        |name: &str, given: &Option<Given<Expr>>, has_cause: bool, returns: Option<TokenStream>| {
            let hook = &given.as_ref()?.value;
            let name = Ident::new(name, mixed);
            let call = if has_cause { "call_of_node_on_evict" } else { "call_of_node" };
            let call = Ident::new(call, call_site);
            let call = at(hook.span(), quote!(#krate::__private::#call));
            let cause = has_cause.then(|| quote_spanned!(mixed=> , __cause));
            let cause_type = has_cause.then(|| quote_spanned!(call_site=> , #krate::Cause));
            let cause_param = has_cause.then(|| quote_spanned!(mixed=> , __cause: #krate::Cause));
            Some(quote_spanned! {mixed=>
                const #name: ::core::option::Option<
                    fn(&#krate::KeyRef<'_>, Self::View<'_>, &#value #cause_type) #returns
                > = {
                    #[allow(unused_variables)]
                    #bound_again
                    fn __hook(
                        __key: &#krate::KeyRef<'_>,
                        __fields: <#entries as #krate::__private::Node>::View<'_>,
                        __value: &#value
                        #cause_param
                    ) #returns {
                        #see
                        #call(#hook, __key, __value #cause)
                    }
                    ::core::option::Option::Some(__hook)
                };
            })
        };
    let weight = quote_spanned!(mixed=> -> ::core::primitive::usize);
    let of_entries = [
        of_entry("ON_STORE", &options.on_store, false, None),
        of_entry("ON_EVICT", &options.on_evict, true, None),
        of_entry("WEIGH", &options.weigh, false, Some(weight)),
    ];
    of_call.chain(of_entries.into_iter().flatten()).collect()
}

/// Brings the fields of a key into sight, by name.
fn see(node: &Node) -> TokenStream {
    let (model, mixed) = (&node.model, node.model.mixed_site);
    let fields: Vec<&Arg> = model.args.iter().collect();
    let place = |arg: &Arg| {
        let index = fields.iter().position(|field| std::ptr::eq(*field, arg)).unwrap_or_default();
        let at = Index::from(index);
        let owned = matches!(way_of_field(&node.fields[index].ty), Ownership::Move(_));
        if owned { quote_spanned!(mixed=> *__fields.#at) } else { quote_spanned!(mixed=> __fields.#at) }
    };
    look::bindings(&fields, place, &model.krate)
}

/// What an entry answers to, with the fields in sight.
fn described(node: &Node) -> TokenStream {
    let model = &node.model;
    let (krate, mixed, value) = (&model.krate, node.model.mixed_site, &node.value);
    let describe::Describe { before, after } = describe::describe(model, false);
    let after =
        after.map(|after| quote_spanned!(mixed=> #krate::__private::describe(__value, __metadata, #after);));
    let (see, bound_again) = (see(node), super::allow_bound_again());
    quote_spanned! {mixed=>
        #[allow(unused_variables)]
        #bound_again
        fn describe(
            __fields: Self::View<'_>,
            __value: ::core::option::Option<&#value>,
            __metadata: &mut #krate::__private::EntryMetadata,
        ) {
            #see
            #before
            #after
        }
    }
}
