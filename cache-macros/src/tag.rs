//! `#[derive(Tag)]`: a name made of the type's path and its fields.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Field, Fields, GenericParam, Member, Path, parse_quote};

use crate::diagnostics::Errors;
use crate::fragments;
use crate::model::{at, mixed, without_names};

pub(crate) fn derive(item: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(fragments::open(item))?;
    let mut errors = Errors::default();
    check(&input, &mut errors);
    let krate = krate(&input.attrs, &mut errors);
    let ident = &input.ident;
    let arms: TokenStream = match &input.data {
        Data::Struct(data) => arm(&krate, &quote!(Self), &ident.unraw().to_string(), &data.fields),
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                let variant_ident = &variant.ident;
                let path = format!("{}::{}", ident.unraw(), variant_ident.unraw());
                arm(&krate, &quote!(Self::#variant_ident), &path, &variant.fields)
            })
            .collect(),
        Data::Union(data) => {
            errors.at(data.union_token.span, "a union cannot be a tag, since it does not know what it is: derive `Tag` for a struct or an enum");
            TokenStream::new()
        }
    };
    errors.finish()?;
    let (generics, of, clause) = input.generics.split_for_impl();
    let (generics, of) = match without_names(&input.generics) {
        Some(lifetimes) => (None, lifetimes),
        None => (Some(generics), of.to_token_stream()),
    };
    let edition = crate::expand::edition(&krate, ident.span());
    Ok(quote_spanned! {mixed()=>
        #[automatically_derived]
        impl #generics #krate::Tag for #ident #of #clause {
            fn name(&self) -> #krate::TagName {
                #edition
                match *self { #arms }
            }
        }
    })
}

/// The name of a struct, or of one variant.
fn arm(krate: &Path, of: &TokenStream, path: &str, fields: &Fields) -> TokenStream {
    let mixed = mixed();
    let members: Vec<Member> = fields.members().collect();
    let name = |(index, field): (usize, &Field)| {
        format_ident!("__field{index}", span = field.ty.span().resolved_at(mixed))
    };
    let names: Vec<Ident> = fields.iter().enumerate().map(name).collect();
    let shown = fields.iter().zip(&names).map(|(field, name)| {
        let shown = at(field.ty.span(), quote!(#krate::__private::TagField::shown));
        quote_spanned!(field.ty.span()=> #shown(#name))
    });
    quote_spanned! {mixed=>
        #of { #(#members: ref #names),* } => #krate::__private::typed_tag(
            ::core::concat!(::core::module_path!(), "::", #path),
            &[#(#shown),*],
        ),
    }
}

/// What cannot be a tag.
fn check(input: &DeriveInput, errors: &mut Errors) {
    for param in &input.generics.params {
        let what = match param {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Type(_) => "type",
            GenericParam::Const(_) => "const",
        };
        errors.at(
            param.span(),
            format!("a tag has no {what} parameters, because its name would not tell them apart: let it have a field in place of the parameter, or make a tag of each type"),
        );
    }
    let fields: Vec<&Fields> = match &input.data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data.variants.iter().map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let of_variants = match &input.data {
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.attrs).collect(),
        _ => Vec::new(),
    };
    let of_fields = fields.into_iter().flatten().flat_map(|field| &field.attrs);
    for attr in of_variants.into_iter().chain(of_fields).filter(|attr| is_ours(attr)) {
        errors.at(attr.span(), "`#[tag(..)]` goes on the type: there is nothing to be said of its parts");
    }
}

/// Where `cache_core` is found.
fn krate(attrs: &[Attribute], errors: &mut Errors) -> Path {
    const FORM: &str =
        "the one thing to be said of a tag is where `cache_core` is found: `#[tag(crate = path)]`";
    let mut krate = None;
    for attr in attrs.iter().filter(|attr| is_ours(attr)) {
        let parsed = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error(FORM));
            }
            if krate.replace(crate::attr::krate(meta.input)?).is_some() {
                return Err(meta.error("`crate` is given twice"));
            }
            Ok(())
        });
        match parsed {
            Ok(()) => {}
            Err(_) if attr.meta.require_list().is_err() => errors.at(attr.span(), FORM),
            Err(error) => errors.push(error),
        }
    }
    krate.unwrap_or_else(|| parse_quote!(::cache_core))
}

fn is_ours(attr: &Attribute) -> bool {
    attr.path().is_ident("tag")
}
