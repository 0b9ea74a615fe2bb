//! The arguments of a function.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, Pat, PatType, Receiver, ReceiverKind, Type, TypeParam, parse_quote};

use super::{Arg, mentions, this};
use crate::conditions;
use crate::diagnostics::Errors;
use crate::function::Function;
use crate::options::{KeyOption, Options};

const TWICE: &str = "write the function twice, with `#[cfg(..)]` and with `#[cfg(not(..))]`";

/// The arguments, and the parameters that stand for `impl Trait` among them.
pub(super) fn arguments(
    function: &Function,
    options: &Options,
    errors: &mut Errors,
) -> (Vec<Arg>, Vec<TypeParam>) {
    let Function { sig, body, .. } = function;
    let mut taken = Taken::default();
    taken.read(sig.to_token_stream());
    let taken_by_args = taken.clone();
    taken.read(options.tokens.clone());
    taken.read(body.stream());
    let mut anonymous = Anonymous { params: Vec::new(), taken };
    let skip = options.skip.as_ref().map_or(&[][..], |given| &given.value);
    let mut args = Vec::new();
    conditions::refuse_of_generics(&sig.generics, TWICE, errors);
    for input in &sig.inputs {
        let (FnArg::Receiver(Receiver { attrs, .. }) | FnArg::Typed(PatType { attrs, .. })) = input;
        conditions::refuse(&conditions::one_by_one(attrs.clone()), "an argument", TWICE, errors);
        let typed = match input {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                args.push(self_arg(receiver, options));
                continue;
            }
        };
        let mut ty = (*typed.ty).clone();
        anonymous.visit_type_mut(&mut ty);
        let named = match &*typed.pat {
            Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => {
                Some(ident.ident.clone())
            }
            _ => None,
        };
        let name = named.clone().unwrap_or_else(|| taken_by_args.free("arg", args.len(), typed.pat.span()));
        let skipped = named.as_ref().is_some_and(|name| skip.contains(name));
        args.push(Arg {
            pat: (*typed.pat).clone(),
            ty,
            named: named.is_some(),
            name,
            binds: binds(&typed.pat),
            skipped,
            lints: conditions::one_by_one(typed.attrs.clone())
                .into_iter()
                .filter(conditions::is_lint)
                .collect(),
            receiver: None,
        });
    }
    for (i, name) in skip.iter().enumerate() {
        if skip[..i].contains(name) {
            errors.at(name.span(), format!("`{name}` is skipped twice"));
        } else if !args.iter().any(|arg| arg.named && arg.name == *name) {
            let names =
                args.iter().filter(|arg| arg.named).map(|arg| arg.name.to_string()).collect::<Vec<_>>();
            let known = crate::diagnostics::list(names.iter().map(String::as_str));
            errors.at(name.span(), format!("there is no argument `{name}` to skip, only {known}"));
        }
    }
    (args, anonymous.params)
}

/// `self` among the arguments. Where the memo is in the instance, it needs not be part of the key.
fn self_arg(receiver: &Receiver, options: &Options) -> Arg {
    let name = Ident::new("self", receiver.self_token.span());
    let ty = match &receiver.kind {
        ReceiverKind::Typed(_, ty) => (**ty).clone(),
        ReceiverKind::Reference(and, lifetime, mutability) => {
            let ty = quote!(#and #lifetime #mutability Self);
            parse_quote!(#ty)
        }
        _ => parse_quote!(Self),
    };
    let skip = options.skip.as_ref().map_or(&[][..], |given| &given.value);
    let in_key = match options.key.as_ref().map(|given| &given.value) {
        None => false,
        Some(KeyOption::Template(template)) => template.holes().any(|hole| hole.root == "self"),
        Some(KeyOption::Parts(parts)) => parts.iter().any(|part| mentions(part.to_token_stream(), &name)),
        Some(KeyOption::Node(node)) => mentions(node.to_token_stream(), &name),
    };
    let this = this();
    Arg {
        pat: parse_quote!(#this),
        ty,
        named: true,
        skipped: skip.contains(&name) || (options.memo.is_some() && !in_key),
        binds: vec![name.clone()],
        name,
        lints: Vec::new(),
        receiver: Some(receiver.clone()),
    }
}

/// Gives `impl Trait` among arguments a name, so that companions can speak of it.
struct Anonymous {
    params: Vec<TypeParam>,
    taken: Taken,
}

/// Names that the user has written, and that what is made up must not have: it would stand for another thing there.
#[derive(Clone, Default)]
struct Taken(HashSet<String>);

impl Taken {
    fn read(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    self.0.insert(ident.unraw().to_string());
                }
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// `arg0`, or `arg0_` if that is taken.
    fn free(&self, name: &str, index: usize, span: Span) -> Ident {
        let mut name = format!("{name}{index}");
        while self.0.contains(&name) {
            name.push('_');
        }
        Ident::new(&name, span)
    }
}

impl VisitMut for Anonymous {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        if let Type::ImplTrait(bounds) = ty {
            let ident = self.taken.free("Impl", self.params.len(), bounds.span());
            let bounds = &bounds.bounds;
            self.params.push(parse_quote!(#ident: #bounds));
            *ty = parse_quote!(#ident);
        }
    }
}

/// Every name that a pattern binds.
pub(crate) fn binds(pat: &Pat) -> Vec<Ident> {
    let mut binds = Binds(Vec::new());
    syn::visit::Visit::visit_pat(&mut binds, pat);
    binds.0
}

struct Binds(Vec<Ident>);

impl<'ast> syn::visit::Visit<'ast> for Binds {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.0.push(pat.ident.clone());
        syn::visit::visit_pat_ident(self, pat);
    }
}
