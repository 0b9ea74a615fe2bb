//! The attribute on an `impl` or `trait`: its methods are memoized one by one, and what a trait does not
//! let stand beside them goes into a trait of its own.

mod names;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, Generics, ImplItem, Item, ItemImpl, ItemTrait, Lifetime, Meta,
    ParenthesizedGenericArguments, Path, PathArguments, ReceiverKind, TraitItem, Type, TypeFnPtr,
    TypeReference, TypeTraitObject, Visibility, WherePredicate, parse_quote,
};

use crate::conditions::{self, carried};
use crate::diagnostics::Errors;
use crate::expand::Expanded;
use crate::function::{Function, generics_are_static};
use crate::model::{Place, mixed};
use crate::options::{Companion, Options};
use crate::shape::{borrows, names_self_type};
use crate::surroundings::Surroundings;
use crate::{attr, fragments};

const TWICE: &str = "write all of it twice, with `#[cfg(..)]` and with `#[cfg(not(..))]`";

/// An `impl` or `trait`.
pub(crate) enum Block {
    Impl(ItemImpl),
    Trait(ItemTrait),
}

impl Block {
    pub(crate) fn read(item: &TokenStream) -> Option<Self> {
        match syn::parse2(fragments::open(item.clone())) {
            Ok(Item::Impl(item)) => Some(Self::Impl(item)),
            Ok(Item::Trait(item)) => Some(Self::Trait(item)),
            _ => None,
        }
    }

    /// Without our attributes.
    pub(crate) fn plain(mut self) -> Item {
        let methods: Vec<&mut Vec<Attribute>> = match &mut self {
            Self::Impl(block) => block.items.iter_mut().filter_map(attrs_of_impl).collect(),
            Self::Trait(block) => block.items.iter_mut().filter_map(attrs_of_trait).collect(),
        };
        for attrs in methods {
            attrs.retain(|attr| !is_ours(attr));
        }
        match self {
            Self::Impl(block) => Item::Impl(block),
            Self::Trait(block) => Item::Trait(block),
        }
    }

    pub(crate) fn expand(self, options: TokenStream, errors: &mut Errors) -> TokenStream {
        let options = attr::read(options, errors);
        match self {
            Self::Impl(mut block) => match block.trait_.clone() {
                None => inherent(&mut block, &options, errors),
                Some((path, _)) => implemented(&mut block, &path, &options, errors),
            },
            Self::Trait(mut block) => defined(&mut block, &options, errors),
        }
    }
}

/// It, or under a condition.
fn is_ours(attr: &Attribute) -> bool {
    conditions::meant(attr).0.path().segments.last().is_some_and(|last| last.ident == "memoize")
}

fn attrs_of_impl(item: &mut ImplItem) -> Option<&mut Vec<Attribute>> {
    match item {
        ImplItem::Fn(function) => Some(&mut function.attrs),
        _ => None,
    }
}

fn attrs_of_trait(item: &mut TraitItem) -> Option<&mut Vec<Attribute>> {
    match item {
        TraitItem::Fn(function) => Some(&mut function.attrs),
        _ => None,
    }
}

/// Our attribute on a method.
struct Own {
    options: TokenStream,
    /// Where it is written.
    span: Span,
}

/// Our attribute, taken off a method, and the condition of it.
fn taken(attrs: &mut Vec<Attribute>) -> Option<(Own, Option<TokenStream>)> {
    *attrs = conditions::one_by_one(std::mem::take(attrs));
    let at = attrs.iter().position(is_ours)?;
    let attr = attrs.remove(at);
    let (meta, condition) = conditions::meant(&attr);
    let options = match meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    Some((Own { options, span: attr.bracket_token.span.join() }, condition))
}

/// A method's options, with what the block says for all.
fn joined(options: &TokenStream, block: &Options) -> TokenStream {
    let krate = block.krate.as_ref().map(|given| {
        let path = &given.value;
        quote!(crate = #path,)
    });
    quote!(#krate #options)
}

fn method(
    item: &impl ToTokens,
    own: &Own,
    block: &Options,
    place: &Place,
    errors: &mut Errors,
) -> Option<Expanded> {
    let function: Function = match syn::parse2(item.to_token_stream()) {
        Ok(function) => function,
        Err(error) => {
            errors.at(error.span(), format!("`#[memoize]` goes on a function with a body: {error}"));
            return None;
        }
    };
    let (options, surroundings) = (joined(&own.options, block), Surroundings::of(own.span));
    crate::memoize::one(options, own.span, surroundings.as_ref(), function, place.clone(), errors)
}

/// The items of a block, with what `each` makes of those that are memoized, of which there must be some.
fn expanded<I: ToTokens + Clone>(
    items: Vec<I>,
    attrs: fn(&mut I) -> Option<&mut Vec<Attribute>>,
    block: Span,
    errors: &mut Errors,
    mut each: impl FnMut(&I, &Own, &mut Errors) -> Option<TokenStream>,
) -> Vec<TokenStream> {
    let mut any = false;
    let mut tokens = Vec::new();
    'items: for mut item in items {
        while let Some((own, condition)) = attrs(&mut item).and_then(taken) {
            any = true;
            let Some(condition) = condition else {
                tokens.extend(each(&item, &own, errors));
                continue 'items;
            };
            // One of the two is there.
            let mut memoized = item.clone();
            if let (Some(with), Some(without)) = (attrs(&mut memoized), attrs(&mut item)) {
                with.push(parse_quote!(#[cfg(#condition)]));
                without.push(parse_quote!(#[cfg(not(#condition))]));
            }
            tokens.extend(each(&memoized, &own, errors));
        }
        tokens.push(item.to_token_stream());
    }
    if !any {
        let message = "no method in here is memoized: write `#[memoize(ttl = 60)]` on those that are to be";
        errors.at(block, message);
    }
    tokens
}

/// `impl Db { .. }`
fn inherent(block: &mut ItemImpl, options: &Options, errors: &mut Errors) -> TokenStream {
    only(options, false, errors);
    let place = Place::Inherent {
        is_static: is_static(&block.generics, &block.self_ty),
        borrows: borrows(&block.self_ty),
    };
    let items = std::mem::take(&mut block.items);
    let items = expanded(items, attrs_of_impl, block.impl_token.span(), errors, |item, own, errors| {
        method(item, own, options, &place, errors).map(Expanded::together)
    });
    block.items = items.into_iter().map(ImplItem::Verbatim).collect();
    block.to_token_stream()
}

/// `impl Repo for Db { .. }`
fn implemented(block: &mut ItemImpl, path: &Path, options: &Options, errors: &mut Errors) -> TokenStream {
    only(options, true, errors);
    block.attrs = conditions::one_by_one(std::mem::take(&mut block.attrs));
    conditions::refuse_of_generics(&block.generics, TWICE, errors);
    let name = named(options).unwrap_or_else(|| {
        let name = names::companions(block.self_ty.to_token_stream(), last(path));
        Ident::new(&name, path.span())
    });
    let Header { generics, arguments, path: of } = header(&block.generics, path);
    let place = Place::Extended {
        companions: quote!(#name #arguments),
        of: format!(" as {}>", last(path).to_string().replace(' ', "")),
        scope: scope(path),
        is_static: is_static(&block.generics, &block.self_ty),
        borrows: borrows(&block.self_ty),
    };
    let sized = block.items.iter().any(|item| is_of_sized(item, &block.self_ty));
    let mut companions = Vec::new();
    let items = std::mem::take(&mut block.items);
    let items = expanded(items, attrs_of_impl, block.impl_token.span(), errors, |item, own, errors| {
        let expanded = method(item, own, options, &place, errors)?;
        companions.extend(expanded.companions);
        Some(expanded.function)
    });
    let sized = sized.then(|| quote!(+ ::core::marker::Sized));
    block.items = items.into_iter().map(ImplItem::Verbatim).collect();
    let (params, arguments, clause) = generics.split_for_impl();
    let declared = &generics.params;
    let (self_ty, carried) = (&block.self_ty, carried(&block.attrs));
    let (vis, allow, doc) = (visibility(options, &Visibility::Inherited), allow(), doc(path));
    let declarations = companions.iter().map(crate::expand::Companion::declared);
    quote! {
        #block
        #carried
        #doc
        #allow
        #vis trait #name <#declared>: #of #sized #clause { #(#declarations)* }
        #carried
        #allow
        impl #params #name #arguments for #self_ty #clause { #(#companions)* }
    }
}

/// The head of a trait of companions, for the `impl` of a trait.
struct Header {
    generics: Generics,
    /// The same as arguments, where lifetimes that have no name in the `impl` have none.
    arguments: TokenStream,
    /// The trait that is implemented.
    path: Path,
}

/// Lifetimes that the `impl` leaves out have names there; and what it implies of others is said.
fn header(generics: &Generics, path: &Path) -> Header {
    struct Names {
        made: Vec<Lifetime>,
        implied: Vec<WherePredicate>,
    }
    impl Names {
        fn make(&mut self) -> Lifetime {
            let lifetime = Lifetime::new(&format!("'__{}", self.made.len()), mixed());
            self.made.push(lifetime.clone());
            lifetime
        }
    }
    impl VisitMut for Names {
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            if reference.lifetime.is_none() {
                reference.lifetime = Some(self.make());
            }
            visit_mut::visit_type_reference_mut(self, reference);
            let (of, lifetime) = (&reference.elem, &reference.lifetime);
            self.implied.push(parse_quote!(#of: #lifetime));
        }
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident == "_" {
                *lifetime = self.make();
            }
        }
        // What is left out in these is their own.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {}
        fn visit_type_trait_object_mut(&mut self, _: &mut TypeTraitObject) {}
    }
    let (mut generics, mut path) = (generics.clone(), path.clone());
    let mut names = Names { made: Vec::new(), implied: Vec::new() };
    names.visit_path_mut(&mut path);
    let mut left_out = generics.clone();
    for (at, lifetime) in names.made.into_iter().enumerate() {
        generics.params.insert(at, parse_quote!(#lifetime));
        left_out.params.insert(at, parse_quote!('_));
    }
    if !names.implied.is_empty() {
        generics.make_where_clause().predicates.extend(names.implied);
    }
    let arguments = left_out.split_for_impl().1.to_token_stream();
    Header { generics, arguments, path }
}

/// The trait, where only the names of its methods matter.
fn scope(path: &Path) -> TokenStream {
    let mut path = path.clone();
    for segment in &mut path.segments {
        segment.arguments = PathArguments::None;
    }
    quote!(#[allow(unused_imports)] use #path as _;)
}

/// `trait Repo { .. }`
fn defined(block: &mut ItemTrait, options: &Options, errors: &mut Errors) -> TokenStream {
    only(options, true, errors);
    block.attrs = conditions::one_by_one(std::mem::take(&mut block.attrs));
    conditions::refuse_of_generics(&block.generics, TWICE, errors);
    let name = named(options).unwrap_or_else(|| format_ident!("{}Memo", block.ident));
    let (_, arguments, _) = block.generics.split_for_impl();
    let ident = &block.ident;
    let path: Path = parse_quote!(#ident #arguments);
    // Nothing is known of the types that implement it.
    let place = Place::Extended {
        companions: quote!(#name #arguments),
        of: format!(" as {ident}>"),
        scope: TokenStream::new(),
        is_static: false,
        borrows: false,
    };
    let mut companions = Vec::new();
    let items = std::mem::take(&mut block.items);
    let items = expanded(items, attrs_of_trait, block.trait_token.span(), errors, |item, own, errors| {
        if let TraitItem::Fn(function) = item
            && function.default.is_none()
        {
            errors.at(
                function.sig.ident.span(),
                "a method without a body has nothing to memoize here: put `#[memoize]` on it where it is implemented",
            );
            return None;
        }
        let expanded = method(item, own, options, &place, errors)?;
        companions.extend(expanded.companions);
        Some(expanded.function)
    });
    block.items = items.into_iter().map(TraitItem::Verbatim).collect();
    let mut generics = block.generics.clone();
    generics.params.push(parse_quote!(__Self: #path + ?Sized));
    let (params, _, clause) = generics.split_for_impl();
    let declared = &block.generics.params;
    let (vis, carried) = (visibility(options, &block.vis), carried(&block.attrs));
    let (allow, doc) = (allow(), doc(&path));
    let its_clause = &block.generics.where_clause;
    quote! {
        #block
        #carried
        #doc
        #allow
        #vis trait #name <#declared>: #path #its_clause { #(#companions)* }
        #carried
        impl #params #name #arguments for __Self #clause {}
    }
}

/// Whether there can be such a function only where the size of `Self` is known: it passes one by value.
fn is_of_sized(item: &ImplItem, self_ty: &Type) -> bool {
    let ImplItem::Fn(function) = item else { return false };
    let is_taken = |input: &FnArg| match input {
        FnArg::Receiver(receiver) => matches!(receiver.kind, ReceiverKind::Value),
        FnArg::Typed(typed) => *typed.ty == *self_ty || *typed.ty == parse_quote!(Self),
    };
    names_self_type(function.sig.output.to_token_stream()) || function.sig.inputs.iter().any(is_taken)
}

/// A block takes few options; the others belong to its methods.
fn only(options: &Options, companions: bool, errors: &mut Errors) {
    for (option, span) in options.given() {
        if let Some(why) = option.on_block(companions) {
            errors.at(span, why);
        }
    }
    if let Some(given) = &options.companion
        && let Companion::None = given.value
    {
        errors.at(given.span, "the companions of a trait's methods are in a trait of their own, which needs a name: `companion = CatRepo`");
    }
}

fn named(options: &Options) -> Option<Ident> {
    match options.companion.as_ref().map(|given| &given.value) {
        Some(Companion::Named(name)) => Some(name.clone()),
        _ => None,
    }
}

fn visibility(options: &Options, default: &Visibility) -> Visibility {
    options.companion_vis.as_ref().map_or_else(|| default.clone(), |given| given.value.clone())
}

fn allow() -> TokenStream {
    quote!(#[allow(non_camel_case_types, private_interfaces, private_bounds, drop_bounds, async_fn_in_trait, clippy::used_underscore_items)])
}

fn doc(path: &Path) -> TokenStream {
    let text = format!(
        "The caches of methods of [`{}`]: entries by arguments, keys, and memos.",
        last(path).to_string().replace(' ', "")
    );
    quote!(#[doc = #text])
}

/// The last part of a path, with its arguments.
fn last(path: &Path) -> TokenStream {
    path.segments.last().map(ToTokens::to_token_stream).unwrap_or_default()
}

/// Whether a type visibly lives as long as it likes.
fn is_static(generics: &Generics, ty: &Type) -> bool {
    generics.lifetimes().next().is_none() && generics_are_static(generics) && !borrows(ty)
}
