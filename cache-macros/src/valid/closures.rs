//! What the closures among the options are given.

use quote::ToTokens as _;
use syn::Expr;
use syn::spanned::Spanned as _;

use crate::diagnostics::Errors;
use crate::model::{Model, mention, mentions};
use crate::options::{Given, Ttl};

/// Closures take as many arguments as they are given, and name no others.
pub(super) fn check(model: &Model, errors: &mut Errors) {
    const ENTRY: &str = "the key and the value";
    let options = &model.options;
    let ttl = options.ttl.as_ref().and_then(|given| match &given.value {
        Ttl::Closure(expr) => Some(expr),
        Ttl::Length(_) => None,
    });
    let given = |option: &Option<Given<Expr>>| option.as_ref().map(|given| given.value.clone());
    let all = [
        ("ttl", ttl.cloned(), "|value|", 1),
        ("cache_if", given(&options.cache_if), "|value|", 1),
        ("weigh", given(&options.weigh), "|key, value|", 2),
        ("on_hit", given(&options.on_hit), "|key, value|", 2),
        ("on_miss", given(&options.on_miss), "|key|", 1),
        ("on_store", given(&options.on_store), "|key, value|", 2),
        ("on_evict", given(&options.on_evict), "|key, value, cause|", 3),
        ("on_error", given(&options.on_error), "|key, error|", 2),
        ("fallback_if", given(&options.fallback_if), "|error|", 1),
        ("share_error", given(&options.share_error), "|error|", 1),
    ];
    for (name, expr, form, count) in all {
        if let Some(Expr::Closure(closure)) = expr
            && closure.inputs.len() != count
        {
            let span = closure.inputs.first().map_or_else(|| closure.span(), syn::spanned::Spanned::span);
            errors.at(span, format!("`{name}` takes a closure of the form `{form} …`"));
        }
    }
    let mut blind = vec![
        ("on_error", &options.on_error, "the key and the error"),
        ("fallback_if", &options.fallback_if, "the error"),
        ("share_error", &options.share_error, "the error"),
    ];
    if model.is_node() {
        // These are told of a call, which may be of any function.
        blind.extend([("on_hit", &options.on_hit, ENTRY), ("on_miss", &options.on_miss, ENTRY)]);
    } else {
        // These run wherever an entry is stored or leaves, not only in a call.
        let of_entries = [&options.on_store, &options.on_evict, &options.weigh];
        blind.extend(["on_store", "on_evict", "weigh"].into_iter().zip(of_entries).map(|(name, given)| {
            (name, given, "the key and the value. With a key that is a node, `key = CatNode { name }`, it sees the fields")
        }));
    }
    for (name, given, known) in blind {
        let Some(Given { value: Expr::Closure(closure), .. }) = given else { continue };
        let inputs = &closure.inputs;
        for bound in model.args.iter().flat_map(|arg| &arg.binds) {
            let body = closure.body.to_token_stream().to_string();
            let own = mentions(inputs.to_token_stream(), bound) || body.contains(&format!("let {bound}"));
            let mentioned = mention(closure.body.to_token_stream(), &bound.to_string());
            if let Some(span) = mentioned.filter(|_| !own) {
                let what = model.argument();
                errors.at(
                    span,
                    format!("`{name}` does not see the {what} `{bound}`: what it may know is {known}"),
                );
            }
        }
    }
}
