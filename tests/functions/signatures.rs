//! Signatures of many kinds: each compiles without a warning, and answers as the plain function would.

#![deny(warnings)]
#![allow(dead_code, clippy::all, clippy::pedantic, reason = "signatures as people write them")]

use cache_core::{Async, Memo, memoize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::future::Future;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
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
    pub(super) fn twin(x: u32) -> u32 {
        x
    }
    #[memoize]
    pub(super) fn vis(x: u32) -> u32 {
        x
    }
    #[memoize]
    pub(in crate::signatures::inner) fn vis2(x: u32) -> u32 {
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

#[memoize]
async fn task() {}

#[memoize]
async fn task_of_owned(x: u32, y: String, z: Arc<U>) -> (u32, String) {
    let _ = z;
    (x, y)
}

#[memoize]
async fn task_of_borrowed<'a>(x: &'a str, y: Option<&'a U>, z: &[&str], w: Cow<'_, str>) -> usize {
    x.len() + usize::from(y.is_some()) + z.len() + w.len()
}

#[memoize]
async fn task_with_patterns((a, _): (u32, u32), mut n: u32, _: u8) -> u32 {
    n += a;
    n
}

#[memoize]
async fn fallible_task(x: &str) -> Result<u32, std::num::ParseIntError> {
    let n: u32 = x.parse()?;
    if n > 100 {
        return Ok(100);
    }
    Ok(n)
}

#[memoize(skip(f))]
async fn generic_task<T, F>(x: T, f: F) -> String
where
    T: Clone + Eq + std::hash::Hash + ToString + Send + Sync + 'static,
    F: Fn(&T) -> String + Send,
{
    f(&x)
}

#[memoize]
async fn constant_task<const N: usize>(x: [u8; N]) -> usize {
    x.len() + N
}

#[memoize(skip(out), ?Send)]
async fn local_task(x: u32, out: &mut std::rc::Rc<u32>) -> u32 {
    *out = std::rc::Rc::new(x);
    x
}

#[memoize]
fn future(x: &u32) -> impl Future<Output = u32> + Send {
    let x = *x;
    async move { x }
}

#[memoize]
fn boxed_future(x: &str) -> Pin<Box<dyn Future<Output = usize> + Send + '_>> {
    Box::pin(async move { x.len() })
}

#[memoize(placeholder = 0, skip(_pool), tag = "n:{n}", ttl = "1m", on_miss = |_| assert!(n > 0))]
async fn background_task(n: u32, _pool: &Arc<U>) -> u32 {
    n
}

#[derive(Clone, Default)]
struct M<'a, T> {
    id: u32,
    name: &'a str,
    of: T,
    memo: Memo<u32>,
    tasks: Memo<u32, Async>,
}

#[memoize]
impl<'a, T> M<'a, T>
where
    T: Clone + Send + Sync + 'static,
{
    #[memoize(key = (self.id, self.name, ..))]
    fn by_reference(&self, x: &str, (a, b): (u32, u32)) -> u32 {
        self.id + x.len() as u32 + a + b
    }

    #[memoize(skip(self))]
    fn by_mutable_reference(&mut self, mut x: u32) -> u32 {
        x += 1;
        self.id += x;
        x
    }

    #[memoize(skip(self))]
    fn by_value(mut self, x: u32) -> T {
        self.id = x;
        self.of
    }

    #[memoize(key = (self.id, other.id))]
    fn with_another(self: &Arc<Self>, other: &Self) -> u32 {
        self.id + other.id
    }

    #[memoize(skip(self))]
    fn with_a_lifetime<'b>(&'b self, x: &'b str, y: &'a str) -> String {
        x.to_string() + y
    }

    #[memoize(skip(self))]
    fn generic<U: Default + Clone + Send + Sync + 'static, const N: usize>(&self) -> Vec<U> {
        vec![U::default(); N]
    }

    #[memoize(skip(self, f))]
    fn with_a_closure<U: Default + Clone + Send + Sync + 'static>(&self, f: impl Fn(T) -> U, x: u32) -> U {
        if x == 0 { U::default() } else { f(self.of.clone()) }
    }

    #[memoize(memo = self.memo)]
    fn in_a_field(&self, x: u32) -> u32 {
        self.id + x
    }

    #[memoize(memo = self.tasks)]
    async fn task_in_a_field(&self, x: u32) -> u32 {
        self.id + x
    }

    #[memoize(key = (self.id, ..))]
    async fn task(&self, x: &str) -> usize {
        x.len() + self.name.len()
    }

    #[memoize(skip(self))]
    async fn task_of_arc(self: Arc<Self>, _x: u32) -> T {
        self.of.clone()
    }

    #[memoize]
    fn associated(x: u32) -> Option<T> {
        let _ = x;
        None
    }

    #[memoize(companion = false)]
    fn without_companions(x: u32) -> u32 {
        x
    }
}

trait Many<T> {
    fn one(&self, x: &T) -> T;
    fn two(self: Arc<Self>) -> T;
    async fn three(&self, x: T) -> T;
    fn made(x: T) -> Option<T>;
}

#[memoize]
impl<T: Clone + Eq + std::hash::Hash + Send + Sync + 'static> Many<T> for M<'_, T> {
    #[memoize(key = (self.id, ..))]
    fn one(&self, x: &T) -> T {
        x.clone()
    }
    #[memoize(skip(self))]
    fn two(self: Arc<Self>) -> T {
        self.of.clone()
    }
    #[memoize(skip(self))]
    async fn three(&self, mut x: T) -> T {
        std::mem::replace(&mut x, self.of.clone())
    }
    #[memoize]
    fn made(x: T) -> Option<T> {
        Some(x)
    }
}

#[memoize]
trait Defaults {
    #[memoize(skip(self))]
    fn length(&self, x: &str, (_, y): (u8, usize)) -> usize {
        x.len() + y
    }
    #[memoize]
    fn zero() -> u32 {
        0
    }
}

impl Defaults for u32 {}

#[test]
fn asynchronous_functions_of_many_kinds() {
    let u = U { a: 1, b: "x".into() };
    let mut rc = std::rc::Rc::new(1);
    futures::executor::block_on(async {
        for _ in 0..2 {
            task().await;
            assert_eq!(task_of_owned(1, "a".into(), Arc::new(u.clone())).await, (1, "a".into()));
            assert_eq!(task_of_borrowed("a", Some(&u), &["b"], "c".into()).await, 4);
            assert_eq!(task_with_patterns((1, 2), 3, 4).await, 4);
            assert_eq!((fallible_task("12").await, fallible_task("x").await.is_err()), (Ok(12), true));
            assert_eq!(generic_task(1, ToString::to_string).await, "1");
            assert_eq!(constant_task([1, 2]).await, 4);
            assert_eq!(local_task(2, &mut rc).await, 2);
            assert_eq!((future(&3).await, boxed_future("abc").await), (3, 3));
            background_task(1, &Arc::new(u.clone())).await;
        }
    });
    assert_eq!(*rc, 2);
    let hits = [
        task::memo().stats(),
        task_of_owned::memo().stats(),
        task_of_borrowed::memo().stats(),
        task_with_patterns::memo().stats(),
        fallible_task::memo().stats(),
        generic_task::<i32>::memo().stats(),
        constant_task::<2>::memo().stats(),
        local_task::memo().stats(),
        future::memo().stats(),
        boxed_future::memo().stats(),
    ];
    assert_eq!(hits.map(|stats| stats.hits), [1; 10]);
}

#[test]
fn methods_of_many_kinds() {
    let name = String::from("tom");
    let mut m = M { id: 1, name: &name, of: 7_u8, memo: Memo::new(), tasks: Memo::new() };
    assert_eq!((m.by_reference("a", (1, 2)), m.by_reference("a", (1, 2))), (5, 5));
    assert_eq!((m.by_mutable_reference(1), m.by_mutable_reference(1), m.id), (2, 2, 3));
    assert_eq!((m.clone().by_value(1), Arc::new(m.clone()).with_another(&m)), (7, 6));
    assert_eq!(m.with_a_lifetime("a", "b"), "ab");
    assert_eq!((m.generic::<u8, 2>(), m.generic::<u8, 3>()), (vec![0; 2], vec![0; 3]));
    assert_eq!((m.with_a_closure(u32::from, 1), m.with_a_closure(|_| 9_u32, 1)), (7, 7));
    assert_eq!((m.in_a_field(1), m.memo.len()), (4, 1));
    assert_eq!((M::<u8>::associated(1), M::<u8>::without_companions(1)), (None, 1));
    assert_eq!((m.one(&3), Arc::new(m.clone()).two(), M::<u8>::made(4)), (3, 7, Some(4)));
    assert_eq!((5_u32.length("abc", (1, 1)), 6_u32.length("abc", (1, 1)), u32::zero()), (4, 4, 0));
    futures::executor::block_on(async {
        assert_eq!((m.task_in_a_field(1).await, m.tasks.len()), (4, 1));
        assert_eq!((m.task("ab").await, Arc::new(m.clone()).task_of_arc(1).await), (5, 7));
        assert_eq!((m.three(9).await, m.three(9).await), (9, 9));
    });
    assert_eq!(u32::length_memo().stats().hits, 1);
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
