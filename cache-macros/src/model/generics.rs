//! The type and const parameters of a function.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{GenericParam, Generics, Signature, Type, TypeParam, WherePredicate, parse_quote};

use super::{Arg, mentions};
use crate::function::is_static_param;
use crate::shape::{borrows, names_self_type};

/// Parts the type and const parameters: those that tell memos apart, those that only skipped arguments
/// use, and what is asked of either.
pub(super) fn generics(
    sig: &Signature,
    args: &[Arg],
    anonymous: &[TypeParam],
    output: &Type,
) -> (Vec<GenericParam>, Vec<GenericParam>, Vec<WherePredicate>) {
    let mut predicates: Vec<WherePredicate> = Vec::new();
    let mut unsized_params: Vec<Ident> = Vec::new();
    if let Some(clause) = &sig.generics.where_clause {
        predicates.extend(clause.predicates.iter().cloned());
    }
    let declared = sig.generics.params.iter().cloned();
    let params = declared.chain(anonymous.iter().cloned().map(GenericParam::Type));
    let (mut all, mut telling) = (Vec::new(), Vec::new());
    for mut param in params {
        let ident = match &mut param {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Const(param) => {
                param.default = None;
                param.ident.clone()
            }
            GenericParam::Type(param) => {
                let ident = param.ident.clone();
                let bounds = std::mem::take(&mut param.bounds);
                param.colon_token = None;
                let (relaxed, bounds): (Vec<_>, Vec<_>) = bounds.into_iter().partition(is_relaxed);
                if !relaxed.is_empty() {
                    unsized_params.push(ident.clone());
                    param.bounds = relaxed.into_iter().collect();
                }
                if !bounds.is_empty() {
                    predicates.push(parse_quote!(#ident: #(#bounds)+*));
                }
                ident
            }
        };
        let used_by = |skipped: bool| {
            args.iter().any(|arg| arg.skipped == skipped && mentions(arg.ty.to_token_stream(), &ident))
        };
        if used_by(false) || mentions(output.to_token_stream(), &ident) || !used_by(true) {
            telling.push(ident.clone());
        }
        all.push((ident, param));
    }
    let kept = args.iter().filter(|arg| !arg.skipped).map(|arg| &arg.ty).chain([output]);
    let kept = quote!(#(#kept),*).to_string();
    // `C::Result` is a type only where it is said what `C` is, and so where there is what that names.
    let mut at = 0;
    while let Some(of) = telling.get(at).cloned() {
        at += 1;
        if !kept.contains(&format!("{of} ::")) {
            continue;
        }
        for predicate in predicates.iter().filter(|predicate| is_about(predicate, &of)) {
            let named = all.iter().map(|(ident, _)| ident);
            let named = named.filter(|ident| mentions(predicate.to_token_stream(), ident));
            let more: Vec<Ident> = named.filter(|ident| !telling.contains(ident)).cloned().collect();
            telling.extend(more);
        }
    }
    let (identity, incidental): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(ident, _)| telling.contains(ident));
    let mut identity: Vec<GenericParam> = identity.into_iter().map(|(_, param)| param).collect();
    let mut incidental: Vec<GenericParam> = incidental.into_iter().map(|(_, param)| param).collect();
    // `where T: ?Sized` belongs to the parameter, not to its users.
    for predicate in &mut predicates {
        if let WherePredicate::Type(predicate) = predicate
            && predicate.bounds.iter().any(is_relaxed)
        {
            let bounds = std::mem::take(&mut predicate.bounds);
            let (relaxed, bounds): (Vec<_>, Vec<_>) = bounds.into_iter().partition(is_relaxed);
            predicate.bounds = bounds.into_iter().collect();
            let of = predicate.bounded_ty.to_token_stream().to_string();
            for param in identity.iter_mut().chain(&mut incidental) {
                if let GenericParam::Type(param) = param
                    && param.ident == of
                {
                    param.bounds.extend(relaxed.iter().cloned());
                }
            }
        }
    }
    (identity, incidental, predicates)
}

/// What is asked where a method calls its companions: that what it returns lives as long as it likes, if its parameters do
/// not tell. If it does not, each of its companions and each closure in them would be reported otherwise, once for each
/// lifetime. Functions by themselves and futures would be reported more often so.
pub(super) fn asked_of_callers(generics: &Generics, output: &Type) -> Option<WherePredicate> {
    let may_end = |param: &TypeParam| {
        !is_static_param(generics, param) && mentions(output.to_token_stream(), &param.ident)
    };
    let may_end = generics.type_params().any(may_end) || names_self_type(output.to_token_stream());
    (may_end && !borrows(output)).then(|| parse_quote!(#output: 'static))
}

/// Lifetimes that need no names, as arguments: nothing but lifetimes, and nothing is asked of them.
pub(crate) fn without_names(generics: &Generics) -> Option<TokenStream> {
    let is_plain = |param: &GenericParam| matches!(param, GenericParam::Lifetime(of) if of.bounds.is_empty());
    if generics.params.is_empty() || generics.where_clause.is_some() || !generics.params.iter().all(is_plain)
    {
        return None;
    }
    let each = generics.params.iter().map(|_| quote!('_));
    Some(quote!(<#(#each),*>))
}

/// Whether a predicate says of a parameter what it is.
fn is_about(predicate: &WherePredicate, param: &Ident) -> bool {
    matches!(predicate, WherePredicate::Type(of) if *param == of.bounded_ty.to_token_stream().to_string())
}

fn is_relaxed(bound: &syn::TypeParamBound) -> bool {
    bound.to_token_stream().to_string().replace(' ', "").starts_with("?Sized")
}
