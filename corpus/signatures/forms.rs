//! What the attribute says of a function.

use crate::gather::{Arg, Function};

/// The options.
pub(crate) type Form = fn(&Function) -> String;

pub(crate) const FORMS: [Form; 5] = [bare, skips, keys, hooks, background];

fn bare(_: &Function) -> String {
    String::new()
}

/// What surely can be in a key stays there.
fn skips(function: &Function) -> String {
    format!("{}ttl = 60, tag = \"corpus\"", skip(function, |arg| !arg.plain))
}

/// A key of the first argument's making, and all others.
fn keys(function: &Function) -> String {
    let first = function.args.first().and_then(|arg| arg.name.as_ref());
    let own = first.map_or_else(|| "1".to_owned(), |name| format!("::core::mem::size_of_val(&{name})"));
    format!("capacity = 10, key = ({own}, ..)")
}

/// No key to speak of, and the more code.
fn hooks(function: &Function) -> String {
    let skip = skip(function, |_| true);
    format!(
        "{skip}ttl = |_value| ::core::time::Duration::from_secs(60), idle = 30, cache_if = |_value| true, \
         on_hit = |_key, _value| (), on_miss = |_key| (), on_store = |_key, _value| ()"
    )
}

/// What has to own its arguments.
fn background(function: &Function) -> String {
    let skip = skip(function, |arg| arg.name.as_deref() == Some("self"));
    format!("{skip}ttl = 60, stale_while_revalidate = 60")
}

fn skip(function: &Function, which: fn(&&Arg) -> bool) -> String {
    let names: Vec<&str> = function.args.iter().filter(which).filter_map(|arg| arg.name.as_deref()).collect();
    if names.is_empty() { String::new() } else { format!("skip({}), ", names.join(", ")) }
}
