//! `#[derive(Schema)]`: the description of what the derives of `serde` write. `said` reads the attributes of `serde`,
//! `options` our own, `names` finds what fields and variants are called, `form` describes, `bounds` asks of type
//! parameters what the description needs.

mod bounds;
mod form;
mod names;
mod options;
mod said;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput};

use crate::diagnostics::Errors;
use crate::fragments;
use crate::model::{at, mixed, without_names};
use form::{Form, Piece};
use options::Options;

pub(crate) fn derive(item: TokenStream) -> syn::Result<TokenStream> {
    let mut input: DeriveInput = syn::parse2(fragments::open(item))?;
    let mut errors = Errors::default();
    if let Data::Union(data) = &input.data {
        errors.at(
            data.union_token.span,
            "a union has no serialized form: derive `Schema` for a struct or an enum",
        );
    }
    let options = Options::of_type(&input, &mut errors);
    let form = form::of_type(&input, &options);
    errors.finish()?;

    let krate = &options.krate;
    let types = form.pieces.iter().filter_map(|piece| match piece {
        Piece::Of(ty) => Some(&**ty),
        Piece::Text(_) | Piece::Reading(_) => None,
    });
    bounds::add(&mut input.generics, types, &quote!(#krate::store::Schema));
    let ident = &input.ident;
    let (generics, of, clause) = input.generics.split_for_impl();
    let (generics, of) = match without_names(&input.generics) {
        Some(lifetimes) => (None, lifetimes),
        None => (Some(generics), of.to_token_stream()),
    };
    let body = body(&form);
    Ok(quote_spanned! {mixed()=>
        #[automatically_derived]
        impl #generics #krate::store::Schema for #ident #of #clause {
            fn describe(description: &mut #krate::store::SchemaDescription) {
                #body
            }
        }
    })
}

fn body(form: &Form) -> TokenStream {
    let description = quote_spanned!(mixed()=> description);
    let pieces = form.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => quote_spanned!(mixed()=> #description.raw(#text);),
        Piece::Reading(text) => quote_spanned!(mixed()=> #description.reading(#text);),
        Piece::Of(ty) => {
            let of = at(ty.span(), quote_spanned!(mixed()=> #description.of));
            quote_spanned!(ty.span()=> #of::<#ty>();)
        }
    });
    let pieces: TokenStream = pieces.collect();
    if form.is_tried {
        quote_spanned!(mixed()=> #description.tried(|#description| { #pieces });)
    } else {
        pieces
    }
}
