//! The functions in a source file, and where they are in it.

use std::ops::Range;

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, FnArg, ImplItemFn, ItemFn, ItemImpl, ItemMacro, ItemTrait, Pat, Signature, TraitItemFn, Type,
};

/// A function or method.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Where it is in its file, with its attributes.
    pub(crate) range: Range<usize>,
    /// Where the `impl` or trait is that it is in, if that has to be told that it is: a method with `self`
    /// says so itself, unless it is a trait's.
    pub(crate) block: Option<Range<usize>>,
    pub(crate) args: Vec<Arg>,
    /// How many type parameters it has, with those of the block that it is in.
    pub(crate) params: usize,
}

/// An argument.
pub(crate) struct Arg {
    /// Nothing for a pattern.
    pub(crate) name: Option<String>,
    /// Whether its type is one that surely can be part of a key.
    pub(crate) plain: bool,
}

/// All functions with a body in a file.
pub(crate) fn functions(source: &str) -> Vec<Function> {
    let mut finder = Finder { found: Vec::new(), block: None, is_of_trait: false, params: 0 };
    finder.visit_file(&syn::parse_file(source).expect("what was published is Rust"));
    finder.found
}

struct Finder {
    found: Vec<Function>,
    block: Option<Range<usize>>,
    is_of_trait: bool,
    /// How many type parameters the block has.
    params: usize,
}

impl Finder {
    fn add(&mut self, item: &impl syn::spanned::Spanned, attrs: &[Attribute], sig: &Signature) {
        if is_test(attrs) {
            return;
        }
        let range = item.span().byte_range();
        let args = sig.inputs.iter().map(arg).collect();
        let block = self.block.clone().filter(|_| self.is_of_trait || sig.receiver().is_none());
        let params = self.params + sig.generics.type_params().count();
        self.found.push(Function { name: sig.ident.to_string(), range, block, args, params });
    }
}

// Bodies are not looked into: an attribute within what another attribute is on would be seen twice.
impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(item, &item.attrs, &item.sig);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(item, &item.attrs, &item.sig);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if item.default.is_some() {
            self.add(item, &item.attrs, &item.sig);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if !is_test(&item.attrs) {
            self.block = Some(item.span().byte_range());
            self.is_of_trait = item.trait_.is_some();
            self.params = item.generics.type_params().count();
            visit::visit_item_impl(self, item);
            self.block = None;
            self.params = 0;
        }
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if !is_test(&item.attrs) {
            self.block = Some(item.span().byte_range());
            self.is_of_trait = true;
            self.params = item.generics.type_params().count();
            visit::visit_item_trait(self, item);
            self.block = None;
            self.params = 0;
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    /// `cfg_rt! { pub fn .. }`: items as they are. What other macros make of theirs cannot be known.
    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        let name = item.mac.path.to_token_stream().to_string();
        if name.starts_with("cfg_")
            && let Ok(inside) = syn::parse2(item.mac.tokens.clone())
        {
            self.visit_file(&inside);
        }
    }
}

fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.to_token_stream().to_string().contains("test"))
}

fn arg(input: &FnArg) -> Arg {
    match input {
        FnArg::Receiver(_) => Arg { name: Some("self".to_owned()), plain: false },
        FnArg::Typed(typed) => {
            let name = match &*typed.pat {
                Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
                    Some(name.ident.to_string())
                }
                _ => None,
            };
            Arg { name, plain: is_plain(&typed.ty) }
        }
    }
}

/// Numbers, texts and bytes.
fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 13] = [
        "bool", "char", "str", "String", "u8", "u16", "u32", "u64", "usize", "i32", "i64", "isize",
        "Duration",
    ];
    match ty {
        Type::Path(path) => path.path.get_ident().is_some_and(|name| PLAIN.iter().any(|plain| name == plain)),
        Type::Reference(reference) => reference.mutability.is_none() && is_plain(&reference.elem),
        Type::Slice(slice) => is_plain(&slice.elem),
        _ => false,
    }
}
