//! Signatures of many kinds: each compiles without a warning, and answers as the plain function would.

#![deny(warnings)]
#![allow(dead_code, clippy::all, clippy::pedantic, reason = "signatures as people write them")]

use cache_core::memoize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct U {
    a: u32,
    b: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Color {
    Red,
    Green,
}

#[memoize]
fn by_reference(x: &U) -> U {
    x.clone()
}

#[memoize]
fn optional(x: Option<&U>, y: Option<U>) -> Option<U> {
    y.or(x.cloned())
}

#[memoize]
fn sequences(x: &[U], y: Vec<U>) -> usize {
    x.len() + y.len()
}

#[memoize]
fn references_in_slices(x: &[&U]) -> usize {
    x.len()
}

#[memoize]
fn maps(x: BTreeMap<String, u32>) -> usize {
    x.len()
}

#[memoize]
fn sets_and_enums(x: &BTreeSet<u32>, c: Color) -> bool {
    x.is_empty() && c == Color::Red
}

#[memoize]
fn shared(x: Arc<U>, y: &Arc<str>, z: Box<str>) -> Arc<str> {
    let _ = (x, z);
    y.clone()
}

#[memoize]
fn floats(x: (f32, f64), y: [f64; 3], z: &[f32]) -> f64 {
    x.1 + y[0] + f64::from(z[0])
}

#[memoize]
fn paths(x: &Path, y: PathBuf, z: &OsStr, i: IpAddr, d: Duration) -> PathBuf {
    let _ = (z, i, d);
    x.join(y)
}

#[memoize]
fn cows(x: Cow<'_, str>, y: Cow<'static, [u8]>, z: &Cow<'_, str>) -> String {
    let _ = (y, z);
    x.into_owned()
}

#[memoize]
fn one_lifetime<'a>(x: &'a str, y: &'a str) -> (String, usize) {
    (x.to_string(), y.len())
}

#[memoize]
fn double_references(x: &&str, y: &String, z: &Vec<u8>) -> usize {
    x.len() + y.len() + z.len()
}

#[memoize]
fn function_pointers(x: fn(u32) -> u32, n: u32) -> u32 {
    x(n)
}

#[memoize]
fn patterns((a, b): (u32, &str), U { a: c, .. }: U, [d, ..]: [u8; 4], _: u8) -> u32 {
    a + b.len() as u32 + c + u32::from(d)
}

#[memoize]
fn nested_options(x: Option<Option<&str>>, y: Option<(u32, &str)>, z: Option<&[&str]>) -> bool {
    x.is_some() && y.is_some() && z.is_some()
}

#[memoize]
fn raw_names(r#type: &str, r#match: u32) -> u32 {
    r#match + r#type.len() as u32
}

#[memoize]
fn r#fn(x: u32) -> u32 {
    x
}

#[memoize]
fn nothing() {}
#[memoize]
fn unit_results(x: u128) -> Result<(), String> {
    if x == 0 { Err("zero".into()) } else { Ok(()) }
}

#[memoize]
fn bounded<T>(x: T) -> Vec<T>
where
    T: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
{
    vec![x]
}

#[memoize]
fn unsized_argument<T: ?Sized + ToString>(x: &T) -> String
where
    T: Eq + std::hash::Hash + ToOwned + 'static,
    T::Owned: Send + Sync,
{
    x.to_string()
}

#[memoize]
fn lengths<const N: usize>(x: [u8; N]) -> usize {
    x.len()
}

#[memoize]
fn constants<const B: bool>() -> bool {
    B
}

#[memoize]
fn only_the_return<T: Default + Clone + Send + Sync + 'static>() -> T {
    T::default()
}

#[memoize(skip(f))]
fn closures<F: Fn(u32) -> u32>(f: F, x: u32) -> u32 {
    f(x)
}

#[memoize(skip(f))]
fn anonymous_closures(f: impl Fn(u32) -> u32, x: u32) -> u32 {
    f(x)
}

#[memoize(skip(f))]
fn dynamic_closures(f: &dyn Fn(u32) -> u32, x: u32) -> u32 {
    f(x)
}

#[memoize(skip(out))]
fn an_output_argument(out: &mut Vec<u32>, x: u32) -> u32 {
    out.push(x);
    x
}

#[memoize(key = (u.a, &u.b, ..))]
fn key_of_fields(u: &U, lang: &str) -> String {
    format!("{}{lang}", u.a)
}

#[memoize(key = u.b)]
fn key_of_an_owned_field(u: U) -> u32 {
    u.a
}

#[memoize(key = u.b.trim())]
fn key_of_a_borrow(u: &U) -> u32 {
    u.a
}

#[memoize(key = x.to_lowercase())]
fn key_of_a_new_value(x: &str) -> String {
    x.to_lowercase()
}

#[memoize(key = (x.len(), if f { 1 } else { 2 }))]
fn key_of_expressions(x: &str, f: bool) -> usize {
    x.len() + usize::from(f)
}

#[memoize(key = "{u.b}/{lang}")]
fn key_of_a_template(u: &U, lang: &str) -> String {
    format!("{}{lang}", u.a)
}

#[memoize(tags = ["a:{x.0}", "b:{value.0}:{y:>3}"], key = (x.0, y), ttl = |v| Some(Duration::from_secs(v.0)))]
fn tags_of_tuples(x: (u32, u32), y: u32) -> (u64, String) {
    (u64::from(x.0), y.to_string())
}

#[memoize(ttl = |value| Duration::from_millis(value.len() as u64 + name.len() as u64), cache_if = |value| value != &name)]
fn conditions_that_see_arguments(name: String) -> String {
    name
}

mod inner {
    use cache_core::memoize;
    #[memoize]
    pub fn twin(x: u32) -> u32 {
        x
    }
    #[memoize]
    pub(super) fn vis(x: u32) -> u32 {
        x
    }
    #[memoize]
    pub(in crate::inner) fn vis2(x: u32) -> u32 {
        x
    }
    pub(super) fn u() {
        vis2(1);
    }
}

#[memoize]
fn twin(x: u32) -> u32 {
    x + inner::twin(x) + inner::vis(x)
}

fn outer() -> u32 {
    #[memoize]
    fn nested(x: u32) -> u32 {
        if x == 0 { 0 } else { nested(x - 1) }
    }
    nested(3)
}

macro_rules! gen_fn {
    ($name:ident, $t:ty) => {
        #[memoize(ttl = 5)]
        fn $name(x: $t) -> $t {
            x
        }
    };
}

gen_fn!(g1, u32);
gen_fn!(g2, String);
struct S;
impl S {
    fn go(&self) -> u32 {
        #[memoize]
        fn inside(x: u32) -> u32 {
            x
        }
        inside(4)
    }
}

#[memoize(on_hit = hit, on_miss = miss, on_store = store, on_evict = evict, weigh = weight, capacity = 10, cache_if = Option::is_some)]
fn hooks_by_path(x: u32) -> Option<u32> {
    Some(x)
}

fn hit(_: &cache_core::KeyRef<'_>, _: &Option<u32>) {}
fn miss(_: &cache_core::KeyRef<'_>) {}
fn store(_: &cache_core::KeyRef<'_>, _: &Option<u32>) {}
fn evict(_: &cache_core::KeyRef<'_>, _: &Option<u32>, _: cache_core::Cause) {}
fn weight(_: &cache_core::KeyRef<'_>, _: &Option<u32>) -> usize {
    1
}

#[test]
fn signatures_of_many_kinds() {
    assert_eq!(constants::<true>(), true);
    assert_eq!(constants::<false>(), false);
    assert_eq!(only_the_return::<u32>(), 0);
    assert_eq!(only_the_return::<String>(), "");
    assert_eq!(closures(|x| x + 1, 3), 4);
    assert_eq!(closures(|x| x + 2, 3), 4, "skipped");
    assert_eq!(anonymous_closures(|x| x + 1, 3), 4);
    assert_eq!(dynamic_closures(&|x| x + 1, 3), 4);
    let mut v = vec![];
    an_output_argument(&mut v, 1);
    an_output_argument(&mut v, 1);
    assert_eq!(v, [1]);
    assert_eq!(key_of_an_owned_field(U { a: 1, b: "x".into() }), 1);
    assert_eq!(key_of_an_owned_field(U { a: 2, b: "x".into() }), 1);
    assert_eq!(key_of_a_borrow(&U { a: 1, b: " x".into() }), 1);
    assert_eq!(key_of_a_borrow(&U { a: 2, b: "x".into() }), 1);
    assert_eq!(unsized_argument("a"), "a");
    assert_eq!(unsized_argument(&5u32), "5");
    assert_eq!(outer(), 0);
    assert_eq!(S.go(), 4);
    assert_eq!(tags_of_tuples((1, 2), 3).0, 1);
    assert_eq!(tags_of_tuples::memo().tags(), ["a:1", "b:1:  3"]);
    assert_eq!(function_pointers(|x| x * 2, 4), 8);
    assert_eq!(hooks_by_path(1), Some(1));
    assert_eq!(hooks_by_path(1), Some(1));
    assert_eq!(r#fn(1), 1);
    assert_eq!(twin(1), 3);
    assert_eq!(conditions_that_see_arguments("ab".into()), "ab");
    assert!(conditions_that_see_arguments::memo().is_empty());
    assert_eq!(closures::key(3).get(), Some(4));
    nothing();
    nothing();
    assert_eq!(nothing::memo().stats().hits, 1);
}
