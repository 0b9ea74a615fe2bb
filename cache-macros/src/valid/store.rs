//! Rules of the options that say how values are kept in a store.

use syn::ext::IdentExt as _;

use crate::diagnostics::{Errors, list};
use crate::model::Model;

/// Options of the values that this process keeps, which it does not with `local = false`.
const OF_LOCAL: [&str; 9] = [
    "capacity",
    "weigh",
    "policy",
    "on_store",
    "on_evict",
    "refresh_ahead",
    "stale_while_revalidate",
    "local_ttl",
    "placeholder",
];

pub(super) fn check(model: &Model, errors: &mut Errors) {
    let options = &model.options;
    let Some(store) = &options.store else {
        for name in ["local", "local_ttl", "version", "secret"] {
            if let Some(span) = options.span_of(name).filter(|_| options.is_read) {
                errors.at(
                    span,
                    format!("`{name}` is about a store, and there is none: add `store = \"shared\"`, or leave `{name}` out"),
                );
            }
        }
        return;
    };
    if let Some(param) = model.identity.first() {
        errors.at(
            store.span,
            format!("`{}` may be called otherwise in another program, so its values cannot be found there: a function with `store` has no type parameters. Memoize one function for each type", param_name(param)),
        );
    }
    for (name, why) in [
        (
            "memo",
            "the entries of a field belong to one instance, and a store is shared by all: leave one of them out",
        ),
        (
            "idle",
            "others may read what this process does not, so nobody knows how long a value of a store is not read: leave one of them out",
        ),
        (
            "inherit_tags",
            "what a value was computed from is known in this process only: leave one of them out, and give the values the tags by `tags = [..]`",
        ),
    ] {
        if let Some(span) = options.span_of(name) {
            errors.at(span, format!("`{name}` and `store` exclude each other: {why}"));
        }
    }
    if options.local.as_ref().is_some_and(|local| !local.value) {
        for name in OF_LOCAL {
            if let Some(span) = options.span_of(name) {
                errors.at(
                    span,
                    format!("`{name}` has no use with `local = false`, where this process keeps no values: leave one of them out"),
                );
            }
        }
    }
    if options.local_ttl.is_some() {
        for name in ["stale_while_revalidate", "stale_if_error"] {
            if let Some(span) = options.span_of(name) {
                errors.at(
                    span,
                    format!("`{name}` and `local_ttl` exclude each other: a stale value would be returned for longer than this process may lag. Leave one of them out"),
                );
            }
        }
    }
    if let Some(ttl) = options.local_ttl.as_ref().filter(|ttl| ttl.value.is_zero()) {
        errors.at(ttl.span, "a `local_ttl` of 0 keeps nothing in this process: write `local = false`");
    }
    secrets(model, errors);
}

/// What is secret is a part of the key by itself.
fn secrets(model: &Model, errors: &mut Errors) {
    let names: Vec<String> =
        model.args.iter().filter(|arg| arg.named).map(|arg| arg.name.unraw().to_string()).collect();
    for name in model.options.secret.iter().flat_map(|given| &given.value) {
        let Some(index) = model.args.iter().position(|arg| arg.named && arg.name == *name) else {
            let known = list(names.iter().map(String::as_str));
            errors.at(name.span(), format!("there is no argument `{name}` to keep secret, only {known}"));
            continue;
        };
        if !model.is_part_of_key(index) {
            errors.at(
                name.span(),
                format!("`{name}` is no part of the key by itself, so nothing of it is written that could be hidden: write `key = ({name}, ..)`, or leave it out here"),
            );
        }
    }
}

fn param_name(param: &syn::GenericParam) -> String {
    match param {
        syn::GenericParam::Type(param) => param.ident.to_string(),
        syn::GenericParam::Const(param) => param.ident.to_string(),
        syn::GenericParam::Lifetime(param) => param.lifetime.to_string(),
    }
}
