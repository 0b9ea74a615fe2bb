//! Expansions as they are, in `tests/expand`: `x.rs` is what a user writes, `x.expanded.rs` what
//! becomes of it. `BLESS=1 cargo test -p cache-macros` writes the latter anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use quote::{ToTokens, quote};
use syn::{Item, Meta};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/expand")
}

/// The file with each `#[memoize]` carried out.
fn expand(source: &str) -> String {
    let mut file = syn::parse_file(source).expect("the example is Rust");
    let mut items = Vec::new();
    for item in file.items {
        let Item::Fn(mut function) = item else {
            items.push(item);
            continue;
        };
        let is_ours = |attr: &syn::Attribute| attr.path().is_ident("memoize");
        let Some(at) = function.attrs.iter().position(is_ours) else {
            items.push(Item::Fn(function));
            continue;
        };
        let options = match function.attrs.remove(at).meta {
            Meta::List(list) => list.tokens,
            _ => quote!(),
        };
        let expanded = crate::expand(options, function.to_token_stream()).expect("the example is right");
        items.extend(syn::parse2::<syn::File>(expanded).expect("expansions are items").items);
    }
    file.items = items;
    prettyplease::unparse(&file)
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
