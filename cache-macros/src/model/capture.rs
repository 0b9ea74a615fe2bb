//! What the future of a function borrows of its arguments.

use std::collections::BTreeSet;

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    FnArg, GenericParam, Lifetime, ReceiverKind, ReturnType, Signature, TypeParamBound, WherePredicate,
};

use crate::function::{AsyncForm, Asyncness, generics_are_static};

/// Whether the future borrows from all arguments that are borrowed. A call whose future does not has to be looked up
/// when it is made.
#[derive(Clone, Copy)]
pub(crate) enum Capture {
    All,
    Some,
    /// As the edition has it of where the return is written: all since 2024, before none.
    ByEdition(Span),
}

/// A lifetime of the arguments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum ArgLifetime {
    Named(String),
    /// Of `&self`.
    OfSelf,
    /// Any other that has no name.
    Elided,
}

/// `in_trait` if the function stands in the `impl` of a trait or in a trait, where an `impl Trait` borrows from all.
pub(super) fn capture(sig: &Signature, asyncness: Option<Asyncness>, in_trait: bool) -> Capture {
    let (Some(Asyncness { form, .. }), ReturnType::Type(_, output)) = (asyncness, &sig.output) else {
        return Capture::All;
    };
    if form == AsyncForm::Fn {
        return Capture::All;
    }
    let lives = lives(sig);
    let mut said = NamedLifetimes::default();
    said.visit_type(output);
    let captured: BTreeSet<ArgLifetime> = if form == AsyncForm::Boxed || said.outlives {
        // Nothing but `'static` is `dyn Future` in a box.
        said.lives
    } else if let Some(listed) = said.listed {
        listed
    } else if in_trait || lives.iter().all(|life| said.lives.contains(life)) {
        return Capture::All;
    } else {
        return Capture::ByEdition(said.span.unwrap_or_else(|| output.span()));
    };
    if captured.is_empty() {
        let opaque = sig.inputs.to_token_stream().to_string().contains("impl ");
        let owns = lives.is_empty() && generics_are_static(&sig.generics) && !opaque;
        return if owns { Capture::All } else { Capture::Some };
    }
    // What has no name in the return is that of `&self`, or the only one there is.
    let elided = if lives.contains(&ArgLifetime::OfSelf) { ArgLifetime::OfSelf } else { ArgLifetime::Elided };
    let is_captured = |life: &ArgLifetime| {
        let said = if *life == elided { &ArgLifetime::Elided } else { life };
        let is_elided = *life == ArgLifetime::Elided && elided == ArgLifetime::OfSelf;
        (captured.contains(said) && !is_elided)
            || matches!(life, ArgLifetime::Named(name) if outlives(sig, name, &captured))
    };
    if lives.iter().all(is_captured) { Capture::All } else { Capture::Some }
}

/// Whether it is declared that a lifetime outlives one of these.
fn outlives(sig: &Signature, name: &str, captured: &BTreeSet<ArgLifetime>) -> bool {
    let is_captured = |bound: &Lifetime| captured.contains(&ArgLifetime::Named(bound.ident.to_string()));
    let declared = sig.generics.params.iter().any(|param| match param {
        GenericParam::Lifetime(param) => param.lifetime.ident == name && param.bounds.iter().any(is_captured),
        _ => false,
    });
    let clause = sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    declared
        || clause.into_iter().any(|predicate| match predicate {
            WherePredicate::Lifetime(of) => of.lifetime.ident == name && of.bounds.iter().any(is_captured),
            _ => false,
        })
}

/// The lifetimes that arguments visibly have, but for `'static`.
fn lives(sig: &Signature) -> BTreeSet<ArgLifetime> {
    struct Finder(BTreeSet<ArgLifetime>);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            if reference.lifetime.is_none() {
                self.0.insert(ArgLifetime::Elided);
            }
            visit::visit_type_reference(self, reference);
        }
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0.extend(life(lifetime));
        }
        // What is left out in these is their own.
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
        fn visit_type_trait_object(&mut self, _: &'ast syn::TypeTraitObject) {}
        fn visit_parenthesized_generic_arguments(&mut self, _: &'ast syn::ParenthesizedGenericArguments) {}
    }
    let mut finder = Finder(BTreeSet::new());
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => match &receiver.kind {
                ReceiverKind::Reference(_, Some(lifetime), _) => finder.0.extend(life(lifetime)),
                ReceiverKind::Reference(..) => {
                    finder.0.insert(ArgLifetime::OfSelf);
                }
                ReceiverKind::Typed(_, ty) => {
                    let mut of_self = Finder(BTreeSet::new());
                    of_self.visit_type(ty);
                    let named = |life| if life == ArgLifetime::Elided { ArgLifetime::OfSelf } else { life };
                    finder.0.extend(of_self.0.into_iter().map(named));
                }
                _ => {}
            },
            FnArg::Typed(typed) => finder.visit_type(&typed.ty),
        }
    }
    finder.0
}

fn life(lifetime: &Lifetime) -> Option<ArgLifetime> {
    match lifetime.ident.to_string().as_str() {
        "static" => None,
        "_" => Some(ArgLifetime::Elided),
        name => Some(ArgLifetime::Named(name.to_owned())),
    }
}

/// What a return says of lifetimes.
#[derive(Default)]
struct NamedLifetimes {
    /// All that are named in it.
    lives: BTreeSet<ArgLifetime>,
    /// One is a bound of an `impl Trait`: `impl Future + 'a`.
    outlives: bool,
    /// Those in `use<..>`.
    listed: Option<BTreeSet<ArgLifetime>>,
    /// Where the `impl` is.
    span: Option<Span>,
}

impl<'ast> Visit<'ast> for NamedLifetimes {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.lives.extend(life(lifetime));
    }
    fn visit_type_impl_trait(&mut self, opaque: &'ast syn::TypeImplTrait) {
        self.span.get_or_insert(opaque.impl_token.span());
        for bound in &opaque.bounds {
            match bound {
                TypeParamBound::Lifetime(_) => self.outlives = true,
                TypeParamBound::PreciseCapture(capture) => {
                    let mut listed = Self::default();
                    visit::visit_precise_capture(&mut listed, capture);
                    self.listed = Some(listed.lives);
                }
                _ => {}
            }
        }
        visit::visit_type_impl_trait(self, opaque);
    }
}
