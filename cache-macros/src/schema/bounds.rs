//! What a description asks of type parameters: those of the types that it names, as `serde` does.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit::{self, Visit};
use syn::{Generics, Ident, Path, Type, TypePath, WherePredicate, parse_quote};

pub(super) fn add<'a>(generics: &mut Generics, types: impl Iterator<Item = &'a Type>, bound: &TokenStream) {
    let params = generics.type_params().map(|param| param.ident.clone()).collect();
    let mut used = Used { params, found: Vec::new() };
    types.for_each(|ty| used.visit_type(ty));
    let mut seen = Vec::new();
    for ty in used.found {
        let key = quote!(#ty).to_string();
        if !seen.contains(&key) {
            seen.push(key);
            let predicate: WherePredicate = parse_quote!(#ty: #bound);
            generics.make_where_clause().predicates.push(predicate);
        }
    }
}

/// Finds parameters, `T`, and types that belong to one, `T::Item` and `<T as Iterator>::Item`.
struct Used {
    params: Vec<Ident>,
    found: Vec<TypePath>,
}

impl Used {
    fn is_param(&self, path: &Path) -> bool {
        path.leading_colon.is_none()
            && path.segments.first().is_some_and(|first| self.params.contains(&first.ident))
    }
}

impl<'a> Visit<'a> for Used {
    fn visit_type_path(&mut self, ty: &'a TypePath) {
        let is_of_param = match &ty.qself {
            Some(qself) => {
                matches!(&*qself.ty, Type::Path(of) if of.qself.is_none() && self.is_param(&of.path))
            }
            None => self.is_param(&ty.path),
        };
        // `PhantomData<T>` is the same for every `T`.
        let is_phantom = ty.path.segments.last().is_some_and(|last| last.ident == "PhantomData");
        if is_of_param {
            self.found.push(ty.clone());
        } else if !is_phantom {
            visit::visit_type_path(self, ty);
        }
    }
}
