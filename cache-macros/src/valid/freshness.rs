//! Rules of the options that say when an entry is used.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::Expr;
use syn::spanned::Spanned as _;

use crate::diagnostics::Errors;
use crate::duration::Length;
use crate::model::{Model, mentions};
use crate::options::{Ahead, Given, Options, Ttl};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    if !model.options.is_read {
        return;
    }
    if model.node().is_none() {
        entries(model, errors);
    }
    if !model.is_node() {
        calls(model, errors);
    }
}

/// Those that are about entries, where they are declared.
fn entries(model: &Model, errors: &mut Errors) {
    let options = &model.options;
    for (name, given) in windows(options) {
        if let (Some(given), None) = (given, &options.ttl) {
            errors.at(
                given.span,
                format!("`{name}` begins when the `ttl` is over, and there is none: add `ttl = 300`, or leave `{name}` out"),
            );
        }
    }
    if let (Some(jitter), None) = (&options.jitter, &options.ttl) {
        errors.at(
            jitter.span,
            "`jitter` shortens the `ttl`, and there is none: add `ttl = 300`, or leave `jitter` out",
        );
    }
    match (&options.refresh_ahead, &options.ttl) {
        (Some(Given { span, value: Ahead::Fraction(_) | Ahead::XFetch(_) }), None) => {
            errors.at(
                *span,
                "this `refresh_ahead` counts from the end of the `ttl`, and there is none: add `ttl = 300`, or write an age, `refresh_ahead = \"4m\"`",
            );
        }
        (Some(Given { span, value: Ahead::Age(age) }), _) => {
            length(model, "refresh_ahead", *span, age, errors);
            if let (Some(age), Some(ttl)) = (age.known(), ttl(options))
                && age >= ttl
            {
                errors.at(
                    *span,
                    "`refresh_ahead` comes before the end of the `ttl`: let it be less than that; for what comes after it there is `stale_while_revalidate`",
                );
            }
        }
        _ => {}
    }
    for (name, given) in windows(options).into_iter().chain([("idle", &options.idle)]) {
        if let Some(given) = given {
            length(model, name, given.span, &given.value, errors);
        }
    }
    if let Some(idle) = &options.idle
        && let (Some(unread), Some(end)) = (idle.value.known(), end(options))
        && unread >= end
    {
        errors.at(
            idle.span,
            "`idle` has no use where an entry ends sooner, by its `ttl` and the stale windows after that: let `idle` be less than these, or leave it out",
        );
    }
}

/// Those that are about the calls of a function.
fn calls(model: &Model, errors: &mut Errors) {
    let options = &model.options;
    if options.origin_first.is_some() {
        for name in ["refresh_ahead", "stale_while_revalidate", "refresh_if", "placeholder"] {
            if let Some(span) = options.span_of(name) {
                errors.at(
                    span,
                    format!("`{name}` has no use with `origin_first`, where each call computes: leave one of them out"),
                );
            }
        }
    }
    match (&options.fallback_after, &options.soft_timeout, &options.origin_first) {
        (Some(after), _, None) => errors.at(
            after.span,
            "`fallback_after` is for `origin_first`: add that, or write `soft_timeout` with `stale_if_error`",
        ),
        (_, Some(soft), Some(_)) => {
            errors.at(soft.span, "with `origin_first` write `fallback_after` in the place of `soft_timeout`");
        }
        // What a node declares cannot be seen from here.
        (_, Some(soft), None) if options.stale_if_error.is_none() && model.node().is_none() => errors.at(
            soft.span,
            "after `soft_timeout` an old value is returned, and none is kept: add `stale_if_error = \"1h\"`, or write `timeout` if an error is to be returned",
        ),
        _ => {}
    }
    if let Some(condition) = &options.fallback_if
        && options.stale_if_error.is_none()
        && options.origin_first.is_none()
        && model.node().is_none()
    {
        errors.at(
            condition.span,
            "`fallback_if` says which errors an older value stands in for: add `stale_if_error = \"1h\"` or `origin_first`, or leave `fallback_if` out",
        );
    }
    if let (Some(error), None) = (&options.timeout_error, &options.timeout) {
        errors.at(
            error.span,
            "`timeout_error` is what is returned after `timeout`, and there is none: add `timeout = \"2s\"`, or leave `timeout_error` out",
        );
    }
    for (name, given) in
        [("fallback_after", &options.fallback_after), ("soft_timeout", &options.soft_timeout)]
    {
        if let (Some(soft), Some(hard)) = (given, &options.timeout)
            && let (Some(less), Some(more)) = (soft.value.known(), hard.value.known())
            && less >= more
        {
            errors.at(
                soft.span,
                format!("`{name}` comes before `timeout`: let it be less than that, or leave `{name}` out"),
            );
        }
    }
    let limits = [
        ("fallback_after", &options.fallback_after),
        ("soft_timeout", &options.soft_timeout),
        ("timeout", &options.timeout),
    ];
    for (name, given) in limits {
        if let Some(given) = given {
            length(model, name, given.span, &given.value, errors);
        }
    }
    if let Some(error) = &options.timeout_error {
        if let Expr::Closure(closure) = &error.value {
            errors.at(closure.span(), "`timeout_error` is a value: `timeout_error = Error::Late`");
        }
        blind(model, "timeout_error", &error.value, errors);
    }
}

fn windows(options: &Options) -> [(&'static str, &Option<Given<Length>>); 2] {
    [("stale_while_revalidate", &options.stale_while_revalidate), ("stale_if_error", &options.stale_if_error)]
}

/// The `ttl`, if it is known here.
fn ttl(options: &Options) -> Option<std::time::Duration> {
    match &options.ttl.as_ref()?.value {
        Ttl::Length(length) => length.known(),
        Ttl::Closure(_) => None,
    }
}

/// When an entry is of no more use, if that is known here and the same for all.
fn end(options: &Options) -> Option<std::time::Duration> {
    if options.none_ttl.is_some() || options.err_ttl.is_some() {
        return None;
    }
    let mut end = ttl(options)?;
    let begin = end;
    for (_, window) in windows(options) {
        if let Some(window) = window {
            end = end.max(begin.saturating_add(window.value.known()?));
        }
    }
    Some(end)
}

/// A length of time that is the same for all calls, and not nothing.
fn length(model: &Model, name: &str, span: Span, length: &Length, errors: &mut Errors) {
    if length.is_zero() {
        errors.at(span, format!("`{name}` is more than 0: leave it out if there is to be none"));
    }
    if let Length::Expr(expr) = length {
        blind(model, name, expr, errors);
    }
}

/// An expression that is the same for all calls.
fn blind(model: &Model, name: &str, expr: &Expr, errors: &mut Errors) {
    let mut bound = model.args.iter().flat_map(|arg| &arg.binds);
    if let Some(seen) = bound.find(|bound| mentions(expr.to_token_stream(), bound)) {
        errors.at(expr.span(), format!("`{name}` does not see `{seen}`: it is the same for all calls"));
    }
}
