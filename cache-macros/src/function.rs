//! What the attribute stands on: a function, its body unread.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, FnArg, GenericArgument, Generics, PathArguments, ReceiverKind, ReturnType, Signature, Type,
    TypeParam, TypeParamBound, Visibility, WherePredicate, parse_quote,
};

use crate::conditions;
use crate::diagnostics::Errors;
use crate::shape::borrows;

/// A function, its body unread.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = conditions::one_by_one(input.call(Attribute::parse_outer)?);
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = match input.parse()? {
            TokenTree::Group(body) => body,
            other => return Err(syn::Error::new(other.span(), "it has no body")),
        };
        Ok(Self { attrs, vis, sig, body })
    }
}

/// Reads the function.
pub(crate) fn function(item: TokenStream, errors: &mut Errors) -> Option<Function> {
    match syn::parse2(item) {
        Ok(function) => Some(function),
        Err(error) => {
            let message = format!(
                "`#[memoize]` goes on a function with a body, or on an `impl` or `trait` with such functions: {error}"
            );
            errors.push(syn::Error::new(error.span(), message));
            None
        }
    }
}

impl Function {
    pub(crate) fn receiver(&self) -> Option<&syn::Receiver> {
        match self.sig.inputs.first() {
            Some(FnArg::Receiver(receiver)) => Some(receiver),
            _ => None,
        }
    }

    /// Whether it is visibly part of an `impl` or `trait`: nothing else tells from within.
    pub(crate) fn is_associated(&self) -> bool {
        self.receiver().is_some()
            || names_self(self.sig.to_token_stream(), &mut false)
            || names_self(self.body.stream(), &mut false)
    }

    /// What it returns, or what the future does that it returns; and how it is asynchronous.
    pub(crate) fn output(&self) -> (Type, Option<Asyncness>) {
        let output: Type = match &self.sig.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        if self.sig.asyncness.is_some() {
            return (output, Some(Asyncness { form: AsyncForm::Fn, sends: true }));
        }
        match future(&output) {
            Some((of, asyncness)) => (of, Some(asyncness)),
            None => (output, None),
        }
    }
}

/// Whether tokens name `Self`, other than within an item of their own.
fn names_self(tokens: TokenStream, item: &mut bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => {
            *item |= ident == "impl" || ident == "trait" || ident == "struct" || ident == "enum";
            ident == "Self" && !*item
        }
        TokenTree::Punct(punct) => {
            *item &= punct.as_char() != ';';
            false
        }
        TokenTree::Group(group) => {
            let braces = group.delimiter() == proc_macro2::Delimiter::Brace;
            if braces && std::mem::take(item) {
                return false;
            }
            names_self(group.stream(), &mut false)
        }
        TokenTree::Literal(_) => false,
    })
}

/// How a function is asynchronous.
#[derive(Clone, Copy)]
pub(crate) struct Asyncness {
    pub(crate) form: AsyncForm,
    /// Nothing says that its future is not `Send`.
    pub(crate) sends: bool,
}

/// What it is written as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsyncForm {
    /// `async fn`
    Fn,
    /// `-> impl Future<Output = T>`
    Future,
    /// `-> Pin<Box<dyn Future<Output = T>>>`
    Boxed,
}

/// The output of a future that is returned as such.
fn future(ty: &Type) -> Option<(Type, Asyncness)> {
    match ty {
        Type::Paren(inner) => future(&inner.elem),
        Type::ImplTrait(opaque) => {
            Some((output_of(opaque.bounds.iter())?, Asyncness { form: AsyncForm::Future, sends: true }))
        }
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let types: Vec<&Type> = arguments
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect();
            let [inner] = types[..] else { return None };
            if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                let asyncness = Asyncness { form: AsyncForm::Boxed, sends: last.ident == "BoxFuture" };
                return Some((inner.clone(), asyncness));
            }
            if last.ident == "Pin" { boxed(inner) } else { None }
        }
        _ => None,
    }
}

/// `Box<dyn Future<Output = T> + Send>`
fn boxed(ty: &Type) -> Option<(Type, Asyncness)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Box")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let Some(GenericArgument::Type(Type::TraitObject(object))) = arguments.args.first() else { return None };
    let sends = object.bounds.iter().any(|bound| last_of(bound).is_some_and(|name| name == "Send"));
    Some((output_of(object.bounds.iter())?, Asyncness { form: AsyncForm::Boxed, sends }))
}

fn last_of(bound: &TypeParamBound) -> Option<&proc_macro2::Ident> {
    match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// The `T` of `Future<Output = T>` among bounds.
fn output_of<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<Type> {
    bounds.find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(output.ty.clone()),
            _ => None,
        })
    })
}

/// Whether all that a call is made of visibly lives as long as it likes: no reference, no lifetime but
/// `'static`, type parameters `'static`.
pub(crate) fn owns_everything(sig: &Signature) -> bool {
    generics_are_static(&sig.generics)
        && sig.inputs.iter().all(|input| match input {
            FnArg::Receiver(receiver) => match &receiver.kind {
                ReceiverKind::Typed(_, ty) => !borrows(ty),
                kind => matches!(kind, ReceiverKind::Value),
            },
            FnArg::Typed(typed) => match &*typed.ty {
                Type::ImplTrait(opaque) => opaque.bounds.iter().any(is_static),
                ty => !borrows(ty) && !quote!(#ty).to_string().contains("impl "),
            },
        })
}

/// Whether all type parameters are visibly `'static`.
pub(crate) fn generics_are_static(generics: &Generics) -> bool {
    generics.type_params().all(|param| is_static_param(generics, param))
}

/// Whether a type parameter is visibly `'static`.
pub(crate) fn is_static_param(generics: &Generics, param: &TypeParam) -> bool {
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    param.bounds.iter().any(is_static)
        || predicates.into_iter().any(|predicate| match predicate {
            WherePredicate::Type(predicate) => {
                param.ident == predicate.bounded_ty.to_token_stream().to_string()
                    && predicate.bounds.iter().any(is_static)
            }
            _ => false,
        })
}

fn is_static(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Lifetime(of) if of.ident == "static")
}
