//! The example that everybody reads first.
#![deny(warnings, missing_docs, clippy::pedantic)]

use cache_core::memoize;

/// A cat.
#[derive(Clone, Debug)]
pub struct Cat {
    /// What it is called.
    pub name: String,
}

/// Loads a cat.
#[memoize(ttl = 300, tag = "cats", on_miss = |key| println!("miss {key}"))]
#[must_use]
pub fn get_cat(name: &str) -> Cat {
    Cat { name: name.to_owned() }
}

fn main() {
    let tom = get_cat("tom");
    let again = get_cat("tom");
    assert_eq!(tom.name, again.name);
    get_cat::entry("tom").invalidate();
    assert!(get_cat::entry("tom").get().is_none());
    assert_eq!(get_cat::memo().stats().hits, 1);
    cache_core::tag("cats").invalidate();
}
