//! Every option, in a crate that denies all warnings.
#![deny(warnings, missing_docs, unreachable_pub, unused, clippy::pedantic)]

use std::time::Duration;

use cache_core::{Cause, KeyRef, Tag, memoize};

/// A cat.
#[derive(Clone, Debug)]
pub struct Cat {
    /// Which one.
    pub id: u64,
    /// Whose.
    pub owner: String,
}

/// Whose a cat is.
#[derive(Debug, Tag)]
#[tag(crate = cache_core)]
pub struct Owner<'a>(&'a str);

/// What else there is to say of cats.
#[derive(Debug, Tag)]
pub enum CatTag<'a> {
    /// All of them.
    All,
    /// Those of a language.
    In(&'a str),
}

/// Not part of any key.
#[derive(Debug)]
pub struct Pool(u64);

fn left(key: &KeyRef<'_>, cat: &Cat, cause: Cause) {
    println!("{key} of {} left: {cause:?}", cat.owner);
}

/// Finds a cat.
///
/// # Errors
///
/// If there is none.
#[memoize(
    ttl = 60 * 60,
    err_ttl = 0.5,
    tags = ["cats", "cat:{id}", "owner:{value.owner}", Owner(&value.owner), ..lang.lines().map(CatTag::In)],
    inherit_tags,
    key = (id, ..),
    skip(pool, force, quiet),
    capacity = 1_000,
    weigh = |_key, value| value.owner.len() + 1,
    policy = Lru,
    cache_if = |value| value.id > 0,
    bypass_if = quiet && lang.is_empty(),
    refresh_if = force,
    on_hit = |key, value| println!("hit {key} {} {lang}", value.id),
    on_miss = |key| println!("miss {key} {}", pool.0),
    on_store = |key, value| println!("store {key} {}", value.id),
    on_evict = left,
    single_flight = true,
    max_wait = "500ms",
    name = "cats::find",
    companion = cats,
    companion_vis = pub(crate),
    crate = cache_core,
)]
pub fn find(id: u64, lang: &str, pool: &Pool, force: bool, quiet: bool) -> Result<Cat, String> {
    let _ = (lang, force, quiet);
    if id > pool.0 { Err(format!("no cat {id}")) } else { Ok(Cat { id, owner: "ann".to_owned() }) }
}

/// May find nothing.
#[memoize(ttl = |value| value.map_or(Duration::from_secs(1), Duration::from_secs), none_ttl = "10s", key = "{name}/{lang}")]
#[must_use]
pub fn lives(name: &str, lang: &str) -> Option<u64> {
    let _ = lang;
    name.parse().ok()
}

/// Without a companion.
#[memoize(companion = false, capacity = unbounded, single_flight = false, tag = "sums")]
#[must_use]
pub fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().sum()
}

/// Of any type.
#[memoize(key = x, ttl = "1h30m")]
pub fn keep<T>(x: T) -> T
where
    T: Clone + std::hash::Hash + Eq + Send + Sync + 'static,
{
    x
}

/// All kinds of arguments.
#[memoize]
#[must_use]
pub fn many<'a>((a, b): (u8, u8), mut c: u32, d: Option<&'a str>, e: std::borrow::Cow<'a, str>, f: f64, _: bool) -> String {
    c += u32::from(a) + u32::from(b);
    format!("{c}{d:?}{e}{f}")
}

/// Answers with what it has.
///
/// # Errors
///
/// If there is no such cat.
#[memoize(
    ttl = 300,
    idle = 60 * 10,
    jitter = 0.1,
    stale_while_revalidate = "1m",
    stale_if_error = KEPT,
    refresh_ahead = 0.8,
    fallback_if = |error| *error != Missing::Cat,
    soft_timeout = "200ms",
    timeout = KEPT,
    share_error = Clone::clone,
)]
pub fn kept(id: u64) -> Result<Cat, Missing> {
    if id > 5 { Err(Missing::Cat) } else { Ok(Cat { id, owner: "ann".to_owned() }) }
}

/// For so long.
const KEPT: Duration = Duration::from_hours(1);

/// Why there is no cat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is not there.
    Cat,
    /// It was not found in time.
    Time,
}

impl From<cache_core::TimedOut> for Missing {
    fn from(_: cache_core::TimedOut) -> Self {
        Self::Time
    }
}

/// Asks first.
///
/// # Errors
///
/// If there is no such cat.
#[memoize(origin_first, fallback_after = "1s", timeout = "2s", timeout_error = Missing::Time.to_string())]
pub fn first(id: u64) -> Result<Cat, String> {
    Ok(Cat { id, owner: "ann".to_owned() })
}

/// Has what it needs, and is not waited for to its end.
///
/// # Errors
///
/// If there is no such cat, or it is late.
#[memoize(ttl = 300, stale_if_error = "1h", soft_timeout = "200ms", timeout = "2s")]
pub async fn kept_later(name: String) -> Result<usize, Missing> {
    Ok(std::future::ready(name.len()).await)
}

/// Borrows what it needs, and is not waited for to its end.
///
/// # Errors
///
/// If there is no such cat, or it is late.
#[memoize(origin_first, fallback_after = "1s", timeout = "2s", timeout_error = Missing::Time)]
pub async fn first_later(name: &str) -> Result<usize, Missing> {
    Ok(std::future::ready(name.len()).await)
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

/// By its age, and in the background.
#[memoize(refresh_ahead = "4m")]
#[must_use]
pub fn aged(timeout: &str) -> usize {
    timeout.len()
}

/// By chance, and in the background.
#[memoize(ttl = |value| Duration::from_secs(*value), refresh_ahead = xfetch(1.5), stale_while_revalidate = 60)]
pub async fn chanced(late: String) -> u64 {
    late.len() as u64
}

/// The same.
#[memoize(ttl = 60, refresh_ahead = xfetch)]
#[must_use]
pub fn by_chance(key: u64) -> u64 {
    key
}

fn main() {
    let pool = Pool(5);
    for force in [false, true] {
        assert!(find(3, "en", &pool, force, false).is_ok());
        assert!(find(9, "en", &pool, force, true).is_err());
    }
    assert!(cats::key(3, "en").is_live());
    assert_eq!(lives("9", "en"), Some(9));
    assert!(lives::entry("tom", "en").insert(None));
    assert_eq!(sum(&[1, 2]), 3);
    assert_eq!(keep(7_u8), 7);
    assert_eq!(keep::<u8>::memo().len(), 1);
    assert!(kept(3).is_ok());
    assert_eq!(kept(7).map(|cat| cat.id), Err(Missing::Cat));
    assert!(first(3).is_ok());
    assert_eq!((aged("tom"), by_chance(1)), (3, 1));
    drop((kept_later("tom".to_owned()), first_later("tom")));
    drop(chanced("tom".to_owned()));
    assert_eq!(many((1, 2), 3, None, "x".into(), 0.5, true), "6Nonex0.5");
}
