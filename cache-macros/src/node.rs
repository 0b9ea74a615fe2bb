//! `#[derive(CacheKey)]`: a struct whose fields are a key. To the stages after this one it is a function
//! of its fields: its options are read, checked and carried out as those of one.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, Generics, Type, Visibility, parse_quote};

use crate::diagnostics::Errors;
use crate::function::Function;
use crate::model::{CompanionValue, EntryOwner, Model, Place};
use crate::options::Options;
use crate::shape::{Ownership, borrows, way_of_field};
use crate::{attr, expand, fragments, valid};

/// A node and every choice made about it.
pub(crate) struct Node {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    pub(crate) fields: Vec<Field>,
    pub(crate) value: Type,
    /// As a function of its fields.
    pub(crate) model: Model,
}

/// A field.
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

/// The node; what is wrong with its options is reported beside it, so that its users are not as well.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let expanded = match syn::parse2(fragments::open(item)) {
        Ok(item) => node(item, &mut errors),
        Err(error) => return error.to_compile_error(),
    };
    let error = errors.finish().err().map(|error| error.to_compile_error());
    quote!(#error #expanded)
}

fn node(item: DeriveInput, errors: &mut Errors) -> Option<TokenStream> {
    let mut own = Errors::default();
    let options = options(&item, errors);
    let fields = fields(&item, &mut own);
    let value = value(&item, &options, &mut own);
    if let Err(error) = own.finish() {
        errors.push(error);
        return None;
    }
    let mut own = Errors::default();
    let krate = options.krate.clone();
    let mut model = model(&item, options, &fields, &value, &mut own);
    valid::check_node(&model, &mut own);
    if matches!(model.companion_value, CompanionValue::Value(_)) {
        own.at(
            value.span(),
            "the value is what is kept, and of a `Result` that is the `Ok`: name its type alone",
        );
    }
    if let Err(error) = own.finish() {
        errors.push(error);
        model.options = Options { krate, ..Options::default() };
    }
    let DeriveInput { ident, vis, generics, .. } = item;
    Some(expand::node::node(&Node { ident, vis, generics, fields, value, model }))
}

/// What `#[cache_key(..)]` says.
fn options(item: &DeriveInput, errors: &mut Errors) -> Options {
    let ours = item.attrs.iter().filter(|attr| attr.path().is_ident("cache_key"));
    let lists = ours.filter_map(|attr| attr.meta.require_list().ok()).map(|list| &list.tokens);
    let options = attr::read_of_node(quote!(#(#lists),*), errors);
    for (option, span) in options.given() {
        if let Some(why) = option.on_node() {
            errors.at(span, why);
        }
    }
    options
}

/// The type of what is kept.
fn value(item: &DeriveInput, options: &Options, errors: &mut Errors) -> Type {
    let Some(given) = &options.value else {
        errors.at(item.ident.span(), "what is kept under the node? Write `#[cache_key(value = Cat)]`");
        return parse_quote!(());
    };
    if borrows(&given.value) {
        errors.at(
            given.value.span(),
            "a borrowed value cannot be kept: it would outlive what it borrows from. Let it own, or be an `Arc`",
        );
    }
    given.value.clone()
}

/// The fields, each of which can be kept in a key.
fn fields(item: &DeriveInput, errors: &mut Errors) -> Vec<Field> {
    const KIND: &str = "a node is a struct with named fields, or without fields";
    if let Some(param) =
        item.generics.params.iter().find(|param| !matches!(param, syn::GenericParam::Lifetime(_)))
    {
        errors.at(
            param.span(),
            "a node has no type or const parameters, since it has one memo: declare a node for each type",
        );
    }
    let named = match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(&fields.named),
            Fields::Unit => return Vec::new(),
            Fields::Unnamed(_) => None,
        },
        Data::Enum(_) | Data::Union(_) => None,
    };
    let Some(named) = named else {
        errors.at(item.ident.span(), KIND);
        return Vec::new();
    };
    if named.len() > 12 {
        errors.at(
            item.ident.span(),
            "a key has at most 12 parts: put some of the fields into a tuple or a struct",
        );
    }
    for field in named {
        if let Some(attr) = field.attrs.iter().find(|attr| attr.path().is_ident("cache_key")) {
            errors.at(attr.span(), "a field is part of the key, and has no options");
        }
        if matches!(way_of_field(&field.ty), Ownership::Never) {
            errors.at(
                field.ty.span(),
                "a key cannot keep what is borrowed in this way: let the field own, or be `&T`, `Option<&T>` or `Cow<'_, T>`",
            );
        }
    }
    let field = |field: &syn::Field| Some(Field { name: field.ident.clone()?, ty: field.ty.clone() });
    named.iter().filter_map(field).collect()
}

/// The node as a function of its fields. They are lent to whatever asks for them.
fn model(item: &DeriveInput, options: Options, fields: &[Field], value: &Type, errors: &mut Errors) -> Model {
    let options = Options { key: None, skip: None, ..options };
    let (name, names) = (&item.ident, fields.iter().map(|field| &field.name));
    let types = fields.iter().map(|field| &field.ty);
    let function = Function {
        attrs: Vec::new(),
        vis: item.vis.clone(),
        sig: parse_quote!(fn #name(#(#names: &#types),*) -> #value),
        body: Group::new(Delimiter::Brace, TokenStream::new()),
    };
    let mut model = Model::new(options, Span::call_site(), function, Place::Free, errors);
    model.whose = EntryOwner::Itself;
    model
}
