//! Nodes, and functions that use them, under lints.
#![deny(
    warnings,
    missing_docs,
    rust_2018_idioms,
    unused_qualifications,
    clippy::pedantic,
    clippy::nursery,
    clippy::allow_attributes_without_reason
)]

use cache_core::{CacheKey, memoize};

/// What is kept.
#[derive(Clone)]
pub struct Cat {
    /// Whose it is.
    pub owner: u64,
}

/// By name.
#[derive(CacheKey)]
#[cache_key(
    value = Cat,
    ttl = |value| std::time::Duration::from_secs(value.owner + u64::from(year)),
    tags = ["cats", "cat:{name}", "owner:{value.owner}"],
    cache_if = |value| value.owner > 0,
    capacity = 100,
    weigh = |_key, value| usize::from(value.owner > 9),
    on_hit = |key, _value| drop(key.to_string()),
    on_miss = |_key| (),
    on_store = stored,
    max_wait = "1s",
    idle = "1h",
    jitter = 0.2,
    stale_while_revalidate = "1m",
    stale_if_error = "1h",
    refresh_ahead = "4m",
)]
pub struct CatNode<'a> {
    /// Its name.
    pub name: &'a str,
    /// Since when.
    pub year: u32,
}

const fn stored(_: &cache_core::KeyRef<'_>, _: &Cat) {}

/// Without fields, and seen by its module only.
#[derive(CacheKey)]
#[cache_key(value = u64, policy = Lru, single_flight = false, name = "all")]
struct All;

/// One.
#[memoize(key = CatNode { name, year: 2024 })]
#[must_use]
pub fn cat(name: &str) -> Cat {
    Cat { owner: name.len() as u64 }
}

/// The same, later.
///
/// # Errors
///
/// Never.
#[memoize(key = CatNode { name, year: *year }, skip(pool))]
pub async fn cat_later(pool: &str, name: String, year: &u32) -> Result<Cat, String> {
    Ok(std::future::ready(Cat { owner: (name.len() + pool.len()) as u64 + u64::from(*year) }).await)
}

/// The same, in time.
///
/// # Errors
///
/// If it is late.
#[memoize(key = CatNode { name, year: 2024 }, origin_first, fallback_after = "1s", timeout = "2s")]
pub fn cat_in_time(name: &str) -> Result<Cat, cache_core::TimedOut> {
    Ok(cat(name))
}

/// Or what there is.
///
/// # Errors
///
/// If it is late, and there is nothing.
#[memoize(key = CatNode { name, year: 2024 }, soft_timeout = "1s", timeout = "2s", timeout_error = "late".to_owned())]
pub fn cat_or_what_there_is(name: &str) -> Result<Cat, String> {
    Ok(cat(name))
}

#[memoize(key = All {})]
fn all() -> u64 {
    3
}

fn main() {
    assert_eq!(cat("tom").owner, 3);
    assert_eq!(CatNode { name: "tom", year: 2024 }.get().map(|cat| cat.owner), Some(3));
    assert_eq!(CatNode { name: "tom", year: 2024 }.invalidate().count(), 1);
    assert!(cat_in_time("tom").is_ok());
    assert!(cat_or_what_there_is("tom").is_ok());
    drop(cat_later("pool", "tom".to_owned(), &2024));
    assert_eq!((all(), All::invalidate_all().count()), (3, 1));
}
