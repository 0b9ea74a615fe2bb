//! The macros of `cache-core`. Use it through that crate, which documents it and is locked to the
//! exact version of this one.
//!
//! In stages: `attr` reads the options, `model` joins them with the function, `valid` checks rules
//! across options, `expand` writes the code. What is wrong at any stage is collected, and reported
//! with the original function, so that one mistake is one error.

mod attr;
mod blocks;
mod conditions;
mod diagnostics;
mod duration;
mod expand;
mod fallback;
mod fragments;
mod function;
mod memoize;
mod model;
mod node;
mod options;
mod outline;
mod schema;
mod shape;
#[cfg(test)]
mod snapshots;
mod surroundings;
mod tag;
mod template;
mod valid;
mod writer;

use proc_macro::TokenStream;

/// In short, of a function: its values are kept by its arguments. Every argument is part of the key, or is named in `skip`.
///
/// | option | meaning |
/// | --- | --- |
/// | `ttl = 300`, `ttl = "5m"` | how long a value is fresh |
/// | `key = (user.id, ..)` | what identifies a call, instead of all arguments; `..` stands for the others |
/// | `skip(pool)` | arguments that are not part of the key |
/// | `tags = ["cats", "cat:{name}"]` | what entries can be invalidated by |
/// | `capacity = 1_000` | how many entries are kept; 10 000 by default |
/// | `err_ttl = 5`, `none_ttl = 5` | how long an `Err` is kept (by default not at all), or a `None` |
/// | `cache_if = \|value\| ..` | which values are stored |
/// | `stale_while_revalidate = "1m"`, `stale_if_error = "1h"` | when an old value will do |
/// | `memo = self.cats` | of a method: the entries are kept in a field |
///
/// Beside `get_cat` stands a type `get_cat`: `get_cat::entry("tom")` is one call, `get_cat::key("tom")` its address, and
/// `get_cat::memo()` the whole cache. Of a method these are `cat_entry`, `cat_key` and `cat_memo`.
/// [All options](https://docs.rs/cache-core/latest/cache_core/guide/options/index.html).
#[proc_macro_attribute]
pub fn memoize(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match memoize::expand(options.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
        // `#[memoize = 300]` is the compiler's to report.
        Err(_) if fallback::is_key_value() => item.into(),
        Err(error) => fallback::emit(item, &error).into(),
    }
}

/// In short: what is tagged with a value of the type is invalidated by an equal one, `tag(Owner(7)).invalidate()`.
#[proc_macro_derive(Tag, attributes(tag))]
pub fn tag(item: TokenStream) -> TokenStream {
    tag::derive(item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// In short: a change of the type's serialized form is noticed. It reads the attributes of `serde`, and
/// `#[schema(version = 2)]` for a change that cannot be seen.
#[proc_macro_derive(Schema, attributes(schema, serde))]
pub fn schema(item: TokenStream) -> TokenStream {
    schema::derive(item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// In short: the struct is a key, with a cache of its own. `#[cache_key(value = Cat, ttl = 300)]` says which values it
/// stores, and `#[memoize(key = CatNode { id })]` which functions share it.
#[proc_macro_derive(CacheKey, attributes(cache_key))]
pub fn cache_key(item: TokenStream) -> TokenStream {
    node::derive(item.into()).into()
}

/// In short, of a function that writes: what it names is dropped when the function returns.
///
/// | option | names |
/// | --- | --- |
/// | `entries = [get_cat(name)]` | entries of memoized functions, as they are called |
/// | `tags = ["cats", "cat:{name}"]` | all entries with a tag |
/// | `memos = [list_cats]` | all entries of a function |
/// | `matching = "*get_cat({name:?}*"` | entries whose keys show so |
/// | `into = pending` | where to collect them, to be dropped later, as after a commit |
///
/// In expressions arguments are visible by name, and `value` is what the function has returned.
#[proc_macro_attribute]
pub fn invalidates(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match writer::expand(options.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
        Err(error) => {
            let error = error.to_compile_error();
            quote::quote!(#error #item).into()
        }
    }
}
