//! The shapes of arguments: which parts of a type are peeled here, and which are leaves that the
//! runtime resolves by their type.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::visit::{self, Visit};

use crate::model::at;
use syn::{GenericArgument, Lifetime, Path, PathArguments, Type, TypeReference};

/// The shape of an argument's type as an expression; `Err` for a borrow that cannot be peeled.
pub(crate) fn shape(ty: &Type, krate: &Path, span: Span) -> Result<TokenStream, ()> {
    let wrap = |name: &str, inner: TokenStream| {
        let name = syn::Ident::new(name, span);
        quote_spanned!(span=> #krate::__private::#name(#inner))
    };
    match ty {
        Type::Paren(inner) => shape(&inner.elem, krate, span),
        Type::Reference(reference) if !is_kept(reference) => {
            Ok(wrap("Ref", shape(&reference.elem, krate, span)?))
        }
        Type::Slice(slice) if item_is_peeled(&slice.elem) => {
            Ok(wrap("Seq", shape(&slice.elem, krate, span)?))
        }
        Type::Array(array) if item_is_peeled(&array.elem) => {
            Ok(wrap("Seq", shape(&array.elem, krate, span)?))
        }
        Type::Tuple(tuple) if !tuple.elems.is_empty() && tuple.elems.len() <= 12 => {
            let inner = tuple.elems.iter().map(|ty| shape(ty, krate, span)).collect::<Result<Vec<_>, _>>()?;
            Ok(quote_spanned!(span=> (#(#inner,)*)))
        }
        _ => match one_argument(ty) {
            Some(("Option", inner)) => Ok(wrap("Opt", shape(inner, krate, span)?)),
            Some(("Vec", inner)) if item_is_peeled(inner) => Ok(wrap("Seq", shape(inner, krate, span)?)),
            Some(("Cow", inner)) => Ok(wrap("Ref", shape(inner, krate, span)?)),
            _ if borrows(ty) => Err(()),
            _ => {
                let leaf = at(span, quote!(#krate::__leaf!));
                Ok(quote_spanned!(span=> #leaf(#ty)))
            }
        },
    }
}

/// Whether a reference is a leaf itself: it is `'static`, so what it points to need not be `Clone`. Not one to
/// what is looked at more closely (floats), or can be read from JSON only where it is owned.
fn is_kept(reference: &TypeReference) -> bool {
    const LOOKED_THROUGH: [&str; 5] = ["str", "Path", "OsStr", "f32", "f64"];
    let is_static = reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
    let Type::Path(to) = &*reference.elem else { return false };
    let through =
        to.path.segments.last().is_some_and(|last| LOOKED_THROUGH.iter().any(|name| last.ident == name));
    is_static && !through && one_argument(&reference.elem).is_none() && !borrows(&reference.elem)
}

/// `Option<T>`, `Vec<T>`, `Cow<'_, T>`: the name and the one type argument.
fn one_argument(ty: &Type) -> Option<(&'static str, &Type)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let name = ["Option", "Vec", "Cow"].into_iter().find(|name| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    let one = types.next()?;
    types.next().is_none().then_some((name, one))
}

/// Whether sequences of this type are taken apart: where that is needed (borrows, and floats and paths, which
/// are not compared by their `Eq`) or cheaper (numbers). Others are leaves as a whole.
fn item_is_peeled(ty: &Type) -> bool {
    const NUMBERS: [&str; 14] = [
        "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "bool", "f32",
        "f64",
    ];
    match ty {
        _ if names_path(ty) => true,
        Type::Paren(inner) => item_is_peeled(&inner.elem),
        Type::Reference(_) => true,
        Type::Tuple(tuple) => tuple.elems.iter().any(item_is_peeled),
        Type::Path(path) if path.path.get_ident().is_some_and(|name| NUMBERS.iter().any(|n| name == n)) => {
            true
        }
        _ => match one_argument(ty) {
            Some(("Cow", _)) => true,
            Some((_, inner)) => item_is_peeled(inner),
            None => borrows(ty),
        },
    }
}

/// Whether a path is visible in a type.
fn names_path(ty: &Type) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            self.0 |= segment.ident == "Path" || segment.ident == "PathBuf";
            visit::visit_path_segment(self, segment);
        }
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}

/// How an argument is owned, and lent again.
pub(crate) enum Ownership<'a> {
    /// `&T`, by `ToOwned`.
    Ref(&'a Type),
    /// `Option<&T>`
    OptionRef(&'a Type),
    /// `Cow<'_, T>`
    Cow(&'a Type),
    /// As it is.
    Move(&'a Type),
    /// Not at all.
    Never,
}

/// Of an argument: what lives as long as it likes is kept as it is.
pub(crate) fn way(ty: &Type) -> Ownership<'_> {
    if is_plain(ty) { Ownership::Move(ty) } else { lent(ty) }
}

/// Of a field of a node: what is a reference is lent as one, for however long it would live.
pub(crate) fn way_of_field(ty: &Type) -> Ownership<'_> {
    match lent(ty) {
        Ownership::Never => way(ty),
        lent => lent,
    }
}

fn lent(ty: &Type) -> Ownership<'_> {
    match ty {
        Type::Paren(inner) => lent(&inner.elem),
        Type::Reference(reference) if reference.mutability.is_none() && is_plain(&reference.elem) => {
            Ownership::Ref(&reference.elem)
        }
        _ => match one_argument(ty) {
            Some(("Option", Type::Reference(reference)))
                if reference.mutability.is_none() && is_plain(&reference.elem) =>
            {
                Ownership::OptionRef(&reference.elem)
            }
            Some(("Cow", inner)) if is_plain(inner) => Ownership::Cow(inner),
            _ => Ownership::Never,
        },
    }
}

fn is_plain(ty: &Type) -> bool {
    !borrows(ty) && !contains_impl(ty)
}

/// Whether there is an `impl Trait` in a type.
fn contains_impl(ty: &Type) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
        fn visit_type_trait_object(&mut self, _: &'ast syn::TypeTraitObject) {}
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}

/// Whether a type is, by its name, one of the language or the standard library that can be owned and sent.
pub(crate) fn is_well_known(ty: &Type) -> bool {
    const NAMES: [&str; 17] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "bool",
        "char", "str", "String", "PathBuf",
    ];
    match ty {
        Type::Path(path) if path.qself.is_none() => match one_argument(ty) {
            Some((_, inner)) => is_well_known(inner),
            None => path.path.get_ident().is_some_and(|ident| NAMES.iter().any(|name| ident == name)),
        },
        Type::Paren(inner) => is_well_known(&inner.elem),
        Type::Reference(reference) => reference.mutability.is_none() && is_well_known(&reference.elem),
        Type::Slice(slice) => is_well_known(&slice.elem),
        Type::Array(array) => is_well_known(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(is_well_known),
        _ => false,
    }
}

/// Whether a type visibly borrows for less than `'static`.
pub(crate) fn borrows(ty: &Type) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
            self.0 |= reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static");
            visit::visit_type_reference(self, reference);
        }
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0 |= lifetime.ident != "static";
        }
        // The lifetimes of a function pointer's arguments are its own.
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}

/// Whether a return is `Self`, of which there can only be values where its size is known.
pub(crate) fn names_self_type(output: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = output.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            !matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
        }
        TokenTree::Group(group) => names_self_type(group.stream()),
        _ => false,
    })
}
