//! Expansions as they are, in `tests/expand`: `x.rs` is what a user writes, `x.expanded.rs` what
//! becomes of it. `BLESS=1 cargo test -p cache-macros` writes the latter anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Attribute, ImplItem, Item, ItemEnum, ItemImpl, ItemStruct, Meta, parse_quote};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/expand")
}

/// The file with each attribute and derive of ours carried out.
fn expand(source: &str) -> String {
    let mut file = syn::parse_file(source).expect("the example is Rust");
    let mut items = Vec::new();
    for mut item in file.items {
        let attrs = match &mut item {
            Item::Fn(item) => &mut item.attrs,
            Item::Impl(item) if !item.attrs.iter().any(is_ours) => {
                expand_methods(item);
                items.push(Item::Impl(item.clone()));
                continue;
            }
            Item::Impl(item) => &mut item.attrs,
            Item::Trait(item) => &mut item.attrs,
            Item::Struct(ItemStruct { attrs, .. }) | Item::Enum(ItemEnum { attrs, .. })
                if attrs.iter().any(|attr| derive(attr).is_some()) =>
            {
                let at = attrs.iter().position(|attr| derive(attr).is_some()).expect("there is one");
                let derive = derive(&attrs.remove(at)).expect("it is one");
                let derived = derive(item.to_token_stream()).expect("the example is right");
                items.extend([item, syn::parse2(derived).expect("what is derived is an item")]);
                continue;
            }
            Item::Struct(node) => {
                let derived = crate::node::derive(node.to_token_stream());
                let derived = syn::parse2::<syn::File>(derived).expect("expansions are items").items;
                items.push(item);
                items.extend(derived);
                continue;
            }
            _ => {
                items.push(item);
                continue;
            }
        };
        let Some((carry_out, options)) = taken(attrs) else {
            items.push(item);
            continue;
        };
        let expanded = carry_out(options, item.to_token_stream()).expect("the example is right");
        items.extend(syn::parse2::<syn::File>(expanded).expect("expansions are items").items);
    }
    file.items = items;
    prettyplease::unparse(&file)
}

/// The methods of an `impl` that has no attribute itself.
fn expand_methods(block: &mut ItemImpl) {
    let mut items = Vec::new();
    for mut item in std::mem::take(&mut block.items) {
        let options = match &mut item {
            ImplItem::Fn(method) => taken(&mut method.attrs),
            _ => None,
        };
        let Some((carry_out, options)) = options else {
            items.push(item);
            continue;
        };
        let expanded = carry_out(options, item.to_token_stream()).expect("the example is right");
        let expanded: ItemImpl = syn::parse_quote!(impl Holder { #expanded });
        items.extend(expanded.items);
    }
    block.items = items;
}

/// What carries out a derive of ours.
fn derive(attr: &Attribute) -> Option<fn(TokenStream) -> syn::Result<TokenStream>> {
    if attr.meta == parse_quote!(derive(Tag)) {
        Some(crate::tag::derive)
    } else if attr.meta == parse_quote!(derive(Schema)) {
        Some(crate::schema::derive)
    } else {
        None
    }
}

fn is_ours(attr: &Attribute) -> bool {
    attr.path().is_ident("memoize") || attr.path().is_ident("invalidates")
}

type CarryOut = fn(TokenStream, TokenStream) -> syn::Result<TokenStream>;

/// An attribute of ours, which is taken off: what carries it out, and its options.
fn taken(attrs: &mut Vec<Attribute>) -> Option<(CarryOut, TokenStream)> {
    let at = attrs.iter().position(is_ours)?;
    let attr = attrs.remove(at);
    let carry_out: CarryOut =
        if attr.path().is_ident("memoize") { crate::memoize::expand } else { crate::writer::expand };
    match attr.meta {
        Meta::List(list) => Some((carry_out, list.tokens)),
        _ => Some((carry_out, TokenStream::new())),
    }
}

#[test]
fn expansions_are_as_recorded() {
    let mut seen = 0;
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if !is_rust || name.ends_with(".expanded.rs") {
            continue;
        }
        seen += 1;
        let expanded = expand(&fs::read_to_string(&path).expect("the example can be read"));
        let recorded = path.with_extension("expanded.rs");
        if env::var_os("BLESS").is_some() {
            fs::write(&recorded, &expanded).expect("the snapshot can be written");
        }
        let known = fs::read_to_string(&recorded).unwrap_or_default();
        assert!(known == expanded, "the expansion of {name} has changed; BLESS=1 records it:\n{expanded}");
    }
    assert!(seen > 0, "there is nothing to expand");
}
