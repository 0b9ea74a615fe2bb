//! Type parameters, `impl Trait` and functions as parts of a key or as values: what their bounds visibly do not say.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{GenericArgument, Path, PathArguments, Type, TypeParamBound, TypeTraitObject, WherePredicate};

use crate::diagnostics::Errors;
use crate::function::{AsyncForm, Function};
use crate::model::{Model, mentions};

/// What a part of a key has to be, in the order in which it is usually written.
const OF_KEYS: [&str; 6] = ["Hash", "Eq", "Clone", "Send", "Sync", "'static"];
/// The same of a value.
const OF_VALUES: [&str; 4] = ["Clone", "Send", "Sync", "'static"];

/// Arguments that are parts of the key.
pub(super) fn arguments(model: &Model, errors: &mut Errors) {
    for (index, arg) in model.args.iter().enumerate() {
        if !model.is_part_of_key(index) || arg.receiver.is_some() {
            continue;
        }
        let name = &arg.name;
        let mut leaves = Vec::new();
        leaves_of(written(&model.function, index).unwrap_or(&arg.ty), &mut leaves);
        for leaf in leaves {
            let said = said_of(leaf, &model.function);
            let span = syn::spanned::Spanned::span(&arg.ty);
            let takes_any =
                said.as_ref().is_some_and(|said| said.is_function && said.lacks(&OF_KEYS).is_some());
            if is_function(leaf) || takes_any {
                errors.at(span, format!("`{name}` cannot be part of a key: it is a function, and one function cannot be told from another. Leave it out, `skip({name})`, if it does not change the answer, or say what identifies the call, `key = (..)`"));
                break;
            }
            let Some(missing) = said.and_then(|said| said.lacks(&OF_KEYS)) else { continue };
            if let Type::ImplTrait(_) = leaf {
                let text = shown(leaf);
                let remedy = by_value(&text, &name.to_string())
                    .unwrap_or_else(|| "take a type that has a name".to_owned());
                errors.at(span, format!("`{name}` cannot be part of a key: it is `{text}`, and nothing says that it is `{missing}`. Add that, {remedy}, or leave it out, `skip({name})`"));
            } else {
                let param = shown(leaf);
                errors.at(span, format!("`{name}` cannot be part of a key: nothing says that `{param}` is `{missing}`. Write `{param}: {missing}`, say what identifies the call, `key = (..)`, or leave it out, `skip({name})`"));
            }
            break;
        }
    }
}

/// Arguments of an `async fn`, all of which are in its future. Those that are parts of the key are `Send` and `Sync`.
pub(super) fn futures(model: &Model, errors: &mut Errors) {
    let is_async = model.asyncness.is_some_and(|asyncness| asyncness.form == AsyncForm::Fn);
    if !is_async || !model.sends() {
        return;
    }
    for (index, arg) in model.args.iter().enumerate().filter(|(_, arg)| arg.skipped) {
        let Some(written) = written(&model.function, index) else { continue };
        let (of, needs) = match written {
            Type::Reference(of) if of.mutability.is_none() => (&*of.elem, "Sync"),
            Type::Reference(of) => (&*of.elem, "Send"),
            of => (of, "Send"),
        };
        let Some(missing) = said_of(of, &model.function).and_then(|said| said.lacks(&[needs])) else {
            continue;
        };
        let of = shown(of);
        errors.at(
            syn::spanned::Spanned::span(&arg.ty),
            format!("the future of a memoized function is `Send`, and nothing says that `{of}` is `{missing}`: add that, or write `#[memoize(?Send)]`"),
        );
    }
}

/// The part of the return that is stored.
pub(super) fn output(model: &Model, errors: &mut Errors) {
    let mut kept = &model.output;
    while let Some(inner) = inner(kept, &["Result", "Option", "Vec", "Box"]) {
        kept = inner;
    }
    let Some(missing) = said_of(kept, &model.function).and_then(|said| said.lacks(&OF_VALUES)) else {
        return;
    };
    let param = shown(kept);
    errors.at(
        syn::spanned::Spanned::span(&model.output),
        format!("the return cannot be cached: nothing says that `{param}` is `{missing}`. Write `{param}: {missing}`"),
    );
}

/// What bounds say.
struct Said {
    names: BTreeSet<&'static str>,
    /// All bounds are known.
    whole: bool,
    is_function: bool,
}

impl Said {
    fn new() -> Self {
        Self { names: BTreeSet::new(), whole: true, is_function: false }
    }

    fn add<'a>(&mut self, bounds: impl IntoIterator<Item = &'a TypeParamBound>) {
        for bound in bounds {
            match bound {
                TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static" => {
                    self.names.insert("'static");
                }
                TypeParamBound::Lifetime(_) => {}
                TypeParamBound::Trait(bound) => {
                    self.is_function |= is_function_trait(&bound.path);
                    match implied(&bound.path) {
                        Some(names) => self.names.extend(names),
                        None => self.whole = false,
                    }
                }
                _ => self.whole = false,
            }
        }
    }

    /// What is certainly missing, as bounds.
    fn lacks(&self, all: &[&'static str]) -> Option<String> {
        let missing: Vec<&str> = all.iter().copied().filter(|name| !self.names.contains(name)).collect();
        (self.whole && !missing.is_empty()).then(|| missing.join(" + "))
    }
}

/// What is said of a type that is a parameter of the function, or an `impl Trait`.
fn said_of(ty: &Type, function: &Function) -> Option<Said> {
    let mut said = Said::new();
    if let Type::ImplTrait(opaque) = ty {
        said.add(&opaque.bounds);
        return Some(said);
    }
    let Type::Path(path) = ty else { return None };
    let name = path.path.get_ident()?;
    let generics = &function.sig.generics;
    let param = generics.type_params().find(|param| param.ident == *name)?;
    said.add(&param.bounds);
    for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
        match predicate {
            WherePredicate::Type(predicate) if predicate.bounded_ty == *ty => said.add(&predicate.bounds),
            other => said.whole &= !mentions(other.to_token_stream(), name),
        }
    }
    Some(said)
}

/// The types that are taken whole. As for `shape`, where references, tuples and the like are taken apart.
fn leaves_of<'t>(ty: &'t Type, leaves: &mut Vec<&'t Type>) {
    match ty {
        Type::Paren(inner) => leaves_of(&inner.elem, leaves),
        // It may be kept as it is.
        Type::Reference(of) if of.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") => {}
        Type::Reference(of) => leaves_of(&of.elem, leaves),
        Type::Slice(of) => leaves_of(&of.elem, leaves),
        Type::Array(of) => leaves_of(&of.elem, leaves),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| leaves_of(ty, leaves)),
        _ => match inner(ty, &["Option", "Vec", "Cow"]) {
            Some(inner) => leaves_of(inner, leaves),
            None => leaves.push(ty),
        },
    }
}

/// The first type argument of one of these.
fn inner<'t>(ty: &'t Type, names: &[&str]) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| names.iter().any(|name| last.ident == name))?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Whether it is visibly a `dyn Fn`, by itself or behind a pointer that compares what it points to.
fn is_function(ty: &Type) -> bool {
    match ty {
        Type::TraitObject(TypeTraitObject { bounds, .. }) => bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => is_function_trait(&bound.path),
            _ => false,
        }),
        _ => inner(ty, &["Box", "Rc", "Arc"]).is_some_and(is_function),
    }
}

fn is_function_trait(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| {
        ["Fn", "FnMut", "FnOnce"].iter().any(|name| last.ident == name)
            && matches!(last.arguments, PathArguments::Parenthesized(_))
    })
}

/// What a trait of the standard library says of what has it; none of another trait, which may say anything. A name that
/// has to be imported may be that of a trait of the user's.
fn implied(path: &Path) -> Option<&'static [&'static str]> {
    const NOTHING_IN_THE_PRELUDE: [&str; 17] = [
        "Fn",
        "FnMut",
        "FnOnce",
        "AsRef",
        "AsMut",
        "Into",
        "From",
        "TryInto",
        "TryFrom",
        "ToString",
        "PartialEq",
        "PartialOrd",
        "Default",
        "Iterator",
        "IntoIterator",
        "ExactSizeIterator",
        "DoubleEndedIterator",
    ];
    const NOTHING: [&str; 12] = [
        "Borrow", "Display", "Debug", "FromStr", "Read", "Write", "BufRead", "Seek", "Deref", "Add", "Mul",
        "Sub",
    ];
    let last = path.segments.last()?.ident.to_string();
    let first = &path.segments.first()?.ident;
    let is_whole = path.segments.len() > 1;
    if is_whole && !["std", "core", "alloc"].iter().any(|name| first == name) {
        return None;
    }
    Some(match last.as_str() {
        "Eq" | "Ord" => &["Eq"],
        "Clone" | "Copy" => &["Clone"],
        "Send" => &["Send"],
        "Sync" => &["Sync"],
        "Sized" | "Unpin" => &[],
        name if NOTHING_IN_THE_PRELUDE.contains(&name) => &[],
        "Hash" if is_whole => &["Hash"],
        "Any" if is_whole => &["'static"],
        name if is_whole && NOTHING.contains(&name) => &[],
        _ => return None,
    })
}

/// A key that stands for an argument with these bounds, as a remedy.
fn by_value(bounds: &str, name: &str) -> Option<String> {
    let method = match bounds {
        _ if bounds.contains("AsRef") => "as_ref",
        _ if bounds.contains("Display") || bounds.contains("ToString") => "to_string",
        _ => return None,
    };
    Some(format!("say what identifies the call, `key = ({name}.{method}(), ..)`"))
}

/// The type of an argument as it was written.
fn written(function: &Function, index: usize) -> Option<&Type> {
    match function.sig.inputs.iter().nth(index)? {
        syn::FnArg::Typed(typed) => Some(&typed.ty),
        syn::FnArg::Receiver(_) => None,
    }
}

/// A type as it is usually written.
fn shown(ty: &Type) -> String {
    let tokens: TokenStream = ty.to_token_stream();
    let text = tokens.to_string();
    [(" :: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), (" (", "("), ("& ", "&")]
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}
