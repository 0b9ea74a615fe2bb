//! What is generated gives no cause for lints of any kind: none that is off by default, nor of clippy's restriction
//! group. What the source itself gives cause for is allowed; elsewhere (`returns.rs`) some of it is not.
#![deny(clippy::restriction, clippy::pedantic, clippy::nursery, warnings)]
#![deny(
    absolute_paths_not_starting_with_crate,
    ambiguous_negative_literals,
    boxed_slice_into_iter,
    closure_returning_async_block,
    deprecated_in_future,
    deprecated_safe_2024,
    edition_2024_expr_fragment_specifier,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    ffi_unwind_calls,
    if_let_rescope,
    impl_trait_overcaptures,
    impl_trait_redundant_captures,
    keyword_idents,
    let_underscore_drop,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    missing_unsafe_on_extern,
    non_ascii_idents,
    redundant_imports,
    redundant_lifetimes,
    rust_2021_incompatible_closure_captures,
    rust_2021_incompatible_or_patterns,
    rust_2021_prefixes_incompatible_syntax,
    rust_2021_prelude_collisions,
    rust_2024_guarded_string_incompatible_syntax,
    rust_2024_incompatible_pat,
    rust_2024_prelude_collisions,
    single_use_lifetimes,
    tail_expr_drop_order,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_attr_outside_unsafe,
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![allow(
    clippy::absolute_paths,
    clippy::arbitrary_source_item_ordering,
    clippy::blanket_clippy_restriction_lints,
    clippy::impl_trait_in_params,
    clippy::implicit_return,
    clippy::min_ident_chars,
    clippy::missing_inline_in_public_items,
    clippy::missing_trait_methods,
    clippy::multiple_crate_versions,
    clippy::pub_with_shorthand,
    clippy::single_call_fn,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "what is written here is written plainly"
)]

use cache_core::store::Schema;
use cache_core::{CacheKey, Memo, Tag, invalidates, memoize};
use std::sync::Arc;

/// A cat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cat {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: u64,
}

/// An owner.
#[derive(Clone, Copy, Debug, Tag)]
#[non_exhaustive]
pub struct Owner(u64);
/// One or the other.
#[derive(Clone, Copy, Debug, Tag)]
#[non_exhaustive]
pub enum OneOf {
    /// The first.
    First(u64),
    /// Another.
    Other {
        /// Which.
        id: u64,
    },
    /// None.
    None,
}

/// Something to store.
#[derive(Clone, Debug, Schema)]
#[non_exhaustive]
pub struct Page<'page, T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How it is called.
    pub title: &'page str,
}
/// One form or the other.
#[derive(Clone, Copy, Debug, Schema)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Form {
    /// A number.
    Number(u64),
    /// None.
    None,
}

/// Loads.
#[memoize(ttl = 60, idle = "30s", jitter = 0.1, refresh_ahead = 0.8, stale_while_revalidate = "1m", tags = ["cats", "cat:{name}", "owner:{value.owner}", Owner(value.owner), ..[value.owner].map(Owner)], capacity = 10, weigh = |_key, value| value.name.len(), policy = Lru, cache_if = |cat| !cat.name.is_empty(), on_hit = |_key, _value| (), on_miss = |_key| (), on_store = |_, _| (), on_evict = |_, _, _| (), inherit_tags)]
#[must_use]
pub fn get_cat(name: &str) -> Cat {
    Cat { name: name.to_owned(), owner: 1 }
}
/// Fails.
///
/// # Errors
/// Yes.
#[memoize(ttl = 60, stale_if_error = "1h", soft_timeout = "1s", timeout = "2s", timeout_error = "late".to_owned(), err_ttl = 1, on_error = |_, _| (), skip(live, force), bypass_if = live, refresh_if = force && !live, fallback_if = String::is_empty, max_wait = "1s")]
pub fn fails(name: String, live: bool, force: bool) -> Result<usize, String> {
    if name.is_empty() { Err(name) } else { Ok(name.len()) }
}
/// Optional.
#[memoize(none_ttl = 1, key = (name.map(str::len), id), skip(pool))]
#[must_use]
pub fn optional<P>(pool: &P, name: Option<&str>, (id, other): (u32, u32)) -> Option<u32>
where
    P: Sync,
{
    let _: (&P, u32) = (pool, other);
    name.map(|_| id)
}
/// Template.
#[memoize(key = "{cat.name} {n}", placeholder = 7, name = "template")]
#[must_use]
pub fn template(cat: Cat, n: u32) -> u32 {
    n.saturating_add(u32::from(cat.owner > 1))
}
/// Of nothing.
#[memoize]
pub fn nothing() {}
/// Generic.
#[memoize]
#[must_use]
pub fn generic<T: Clone + Send + Sync + Eq + core::hash::Hash + 'static, const N: usize>(
    n: T,
    _all: [u8; N],
) -> T {
    n
}
/// Of a trait.
#[memoize]
#[must_use]
pub fn anonymous(n: impl Into<u32> + Clone + Send + Sync + Eq + core::hash::Hash + 'static) -> u32 {
    n.into()
}
/// Asynchronous.
#[memoize(ttl = |value| core::time::Duration::from_secs(*value), tags = ["task:{id}"])]
pub async fn task(id: u64, name: Arc<str>) -> u64 {
    core::future::ready(()).await;
    id.saturating_add(u64::try_from(name.len()).unwrap_or(0))
}
/// Borrows.
#[memoize(?Send)]
pub async fn borrows(name: &str, all: &[&str]) -> usize {
    core::future::ready(()).await;
    name.len().max(all.len())
}
/// Future.
#[memoize(origin_first, fallback_after = "1s", single_flight = false)]
pub fn future(id: u64) -> impl Future<Output = Result<u64, cache_core::TimedOut>> + Send {
    core::future::ready(Ok(id))
}
/// Boxed.
#[memoize]
#[must_use]
pub fn boxed(id: u64) -> core::pin::Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(core::future::ready(id))
}
/// Private.
#[memoize(companion = false)]
fn private(n: u32) -> u32 {
    n
}
/// Of the crate.
#[memoize]
pub(crate) fn of_crate(n: f64, m: &[f64]) -> f64 {
    n.max(m.iter().copied().fold(0.0, f64::max))
}

/// A database.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Db {
    /// Which.
    id: u32,
    /// Its cats.
    cats: Memo<Cat>,
}
#[memoize]
impl Db {
    /// By name.
    #[memoize(memo = self.cats, ttl = 60)]
    #[must_use]
    pub fn cat(&self, name: &str) -> Cat {
        Cat { name: name.to_owned(), owner: self.id.into() }
    }
    /// Keyed.
    #[memoize(key = (self.id, ..), ttl = 60, stale_while_revalidate = "1m")]
    #[must_use]
    pub fn keyed(&self, n: u32) -> u32 {
        self.id.max(n)
    }
    /// Skipped.
    #[memoize(skip(self))]
    pub async fn skipped(&self, n: u32) -> u32 {
        core::future::ready(()).await;
        self.id.max(n)
    }
    /// By itself.
    #[memoize]
    fn alone(n: u32) -> u32 {
        n
    }
    /// Writes.
    #[invalidates(entries = [self.cat(name), Self::alone(1), self.skipped(1)], memos = [Self::alone])]
    #[must_use]
    pub fn write(&self, name: &str) -> usize {
        name.len()
    }
}
/// A repository.
pub trait Repo {
    /// Of it.
    fn user(&self, id: u32) -> u32;
    /// Of a task.
    fn later(&self, id: u32) -> impl Future<Output = u32> + Send;
}
#[memoize]
impl Repo for Db {
    #[memoize(skip(self), ttl = 60)]
    fn user(&self, id: u32) -> u32 {
        self.id.max(id)
    }
    #[memoize(skip(self), ttl = 60)]
    async fn later(&self, id: u32) -> u32 {
        self.id.max(id)
    }
}
/// With defaults.
#[memoize]
pub trait Defaults {
    /// Its name.
    #[memoize(skip(self))]
    fn named(&self, id: u32) -> u32 {
        id
    }
}
impl Defaults for Db {}

/// A node.
#[derive(CacheKey, Clone, Copy, Debug)]
#[cache_key(value = Cat, ttl = 60, tags = ["node:{name}", "of:{value.owner}", Owner(value.owner)])]
#[non_exhaustive]
pub struct CatNode<'cat> {
    /// Its name.
    name: &'cat str,
    /// Of which.
    lives: Option<&'cat str>,
}
/// Without fields.
#[derive(CacheKey, Clone, Copy, Debug)]
#[cache_key(value = u32)]
#[non_exhaustive]
pub struct Unit;
/// Of a node.
#[memoize(key = CatNode { name, lives: None })]
#[must_use]
pub fn of_node(name: &str) -> Cat {
    get_cat(name)
}
/// Of a node.
#[memoize(key = Unit {})]
#[must_use]
pub fn of_unit() -> u32 {
    1
}

/// Writes.
#[invalidates(tags = ["cats", "cat:{name}", Owner(id), ..[id].map(Owner)], entries = [get_cat(&name)], memos = [nothing], matching = "*{name}*")]
pub fn write(name: String, id: u64) {
    drop(name);
    let _: u64 = id;
}
/// Writes.
///
/// # Errors
/// Never.
#[invalidates(tags = ["cat:{value.name}", Owner(value.owner)], entries = [get_cat(&value.name)])]
pub async fn write_later(name: &str) -> Result<Cat, String> {
    core::future::ready(()).await;
    Ok(get_cat(name))
}
/// Collects.
#[invalidates(memos = [nothing], into = pending)]
pub fn collect(pending: &mut cache_core::Pending) -> usize {
    usize::from(pending.is_empty())
}

/// Of a lifetime.
#[derive(Clone, Copy, Debug, Tag)]
#[non_exhaustive]
pub struct Named<'name>(&'name str);
/// A lifetime that only one of two arguments has.
#[memoize(skip(pool))]
#[must_use]
pub fn with_lifetimes<'call>(pool: &'call Db, name: &'call str, _unused: u8) -> usize {
    pool.cats.len().max(name.len())
}
/// Of underscores.
#[memoize(key = (_name.len(), other), tags = ["a{_name}", format!("b{_name}"), format!("c{}", value.len())], cache_if = |v| !v.is_empty() && !_name.is_empty(), on_hit = |_k, _v| assert!(_name.len() < 99, "it is short"))]
#[must_use]
pub fn with_underscores(_name: String, other: &str) -> String {
    other.to_owned()
}

fn main() {
    let all = (
        private(1),
        of_crate(1.0, &[f64::MIN]),
        get_cat("tom"),
        Db::default().keyed(1),
        with_underscores("a".to_owned(), "b"),
    );
    assert_eq!((all.0, all.2.owner, all.3, all.4.len()), (1, 1, 1, 1), "they do what they say");
}
