//! What the attributes are put on, in each edition the same.
#![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "signatures as people write them")]

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::{CacheKey, Invalidation, Memo, Tag, invalidates, memoize, tag};
use futures::executor::block_on;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cat {
    pub id: u32,
    pub owner: Option<u32>,
}

#[derive(Tag)]
enum Tagged {
    Cat(u32),
    Owner { id: u32 },
}

#[derive(CacheKey)]
#[cache_key(value = Cat, ttl = 60, tags = [Tagged::Cat(id), "editions:{name}"], cache_if = |value| value.id > 0)]
pub struct CatNode<'a> {
    pub id: u32,
    pub name: &'a str,
}

#[memoize(
    ttl = |value| Duration::from_secs(u64::from(value.id) + 60),
    tags = [Tagged::Cat(id), Tagged::Owner { id: 9 }, "editions-owner:{value.owner}", ..[Tagged::Cat(7)]],
    key = (id, ..),
    skip(flag),
    capacity = 100,
    policy = Lru,
    cache_if = |value| value.id > 0,
    bypass_if = flag,
    on_hit = |_key, _value| (),
    on_miss = |key| drop(format!("{key}")),
    on_store = |_key, _value| (),
)]
fn cat(id: u32, (first, last): (&str, &str), flag: bool) -> Cat {
    let _ = (first, last, flag);
    Cat { id, owner: Some(id) }
}

#[memoize(key = CatNode { id, name })]
fn of_node(id: u32, name: &str) -> Cat {
    let _ = name;
    Cat { id, owner: None }
}

#[memoize(err_ttl = 5, on_error = |_key, _error| ())]
fn fallible(n: u32) -> Result<Option<u32>, String> {
    let n = n.checked_sub(1).ok_or("zero")?;
    Ok(Some(n))
}

#[memoize]
fn generic<T: Into<u64> + Copy + std::hash::Hash + Eq + Send + Sync + 'static>(
    n: T,
    text: impl AsRef<str> + std::hash::Hash + Eq + Clone + Send + Sync + 'static,
) -> u64 {
    n.into() + text.as_ref().len() as u64
}

#[memoize]
fn recursive(n: u32) -> u32 {
    if n == 0 { 0 } else { recursive(n - 1) + n }
}

#[memoize]
async fn owned(n: u32) -> u32 {
    n
}

#[memoize(tags = ["editions:{value}"])]
async fn borrowed(name: &str, more: Option<&str>, cow: Cow<'_, str>) -> usize {
    name.len() + more.map_or(0, str::len) + cow.len()
}

#[memoize]
fn returned(n: u32) -> impl Future<Output = u32> + Send {
    async move { n }
}

#[memoize]
fn lent<'a>(n: &'a u32) -> impl Future<Output = u32> + Send + 'a {
    async move { *n }
}

#[memoize]
fn lent_elided(n: &u32) -> impl Future<Output = u32> + Send + '_ {
    async move { *n }
}

#[memoize]
fn boxed_lent<'a>(n: &'a u32) -> Pin<Box<dyn Future<Output = u32> + Send + 'a>> {
    Box::pin(async move { *n })
}

/// How often functions were called whose futures do not borrow.
pub static CALLS: AtomicU32 = AtomicU32::new(0);

#[memoize(ttl = |value| Duration::from_secs(u64::from(*value + *n)), tags = ["editions-static:{n}", "editions-static-of:{value}"])]
fn is_static(n: &u32) -> impl Future<Output = u32> + Send + 'static {
    CALLS.fetch_add(1, Ordering::Relaxed);
    let n = *n;
    async move { n }
}

#[memoize]
fn boxed(n: &u32, text: Option<&str>) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    CALLS.fetch_add(1, Ordering::Relaxed);
    let n = *n + text.map_or(0, |text| text.len() as u32);
    Box::pin(async move { n })
}

#[memoize(?Send)]
fn boxed_here(n: &u32) -> Pin<Box<dyn Future<Output = u32>>> {
    let n = std::rc::Rc::new(*n);
    Box::pin(async move { *n })
}

/// Of two arguments one is borrowed for as long as the future lives.
#[memoize]
fn partly<'a>(n: &'a u32, more: &u32) -> impl Future<Output = u32> + Send + 'a + use<'a> {
    let more = *more;
    async move { *n + more }
}

#[memoize(tags = ["editions-partly:{more}", "editions-partly-of:{value}"])]
fn boxed_partly<'a>(n: &'a u32, more: &u32) -> Pin<Box<dyn Future<Output = u32> + Send + 'a>> {
    let more = *more;
    Box::pin(async move { *n + more })
}

/// What cannot be cloned need not be.
pub struct Pool(u32);

#[memoize(skip(pool, count))]
fn of_pool(
    pool: &Pool,
    count: &mut u32,
    n: &u32,
) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send>> {
    *count += 1;
    let sum = pool.0 + *n;
    Box::pin(async move { if sum == 0 { Err("zero".to_owned()) } else { Ok(sum) } })
}

#[memoize(skip(of))]
fn of_anything<T: Into<u64> + Copy>(of: &T, n: &u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    let sum = (*of).into() + u64::from(*n);
    Box::pin(async move { sum })
}

/// Where a computation goes on without its caller it is made of arguments that are owned.
#[memoize(timeout = "10s", timeout_error = "late".to_owned(), ttl = 60, stale_while_revalidate = 60)]
fn timed(n: &u32, text: &str) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send>> {
    let n = *n + text.len() as u32;
    Box::pin(async move { Ok(n) })
}

#[memoize(tags = ["editions-source"])]
fn source(n: u32) -> u32 {
    n
}

/// What it reads before it returns its future is part of its computation.
#[memoize(inherit_tags)]
fn inherits(n: &u32) -> impl Future<Output = u32> + Send + 'static {
    let n = source(*n);
    async move { n }
}

pub struct Db {
    id: u32,
    cats: Memo<u32>,
}

#[memoize]
impl Db {
    #[memoize(key = (self.id, ..), tag = "editions:{self.id}")]
    fn shared(self: Arc<Self>, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(memo = self.cats)]
    fn kept(&self, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(key = (self.id, ..))]
    fn later(&self, n: &u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
        let n = self.id + *n;
        Box::pin(async move { n })
    }

    #[memoize(key = (self.id, ..))]
    fn of_self(&self, n: &u32) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        let n = *n;
        Box::pin(async move { self.id + n })
    }
}

pub trait Reads {
    fn read(&self, n: u32) -> u32;
    fn read_later(&self, n: &u32) -> Pin<Box<dyn Future<Output = u32> + Send>>;
    fn read_static(&self, n: &u32) -> impl Future<Output = u32> + Send + 'static;
}

#[memoize]
impl Reads for Db {
    #[memoize(key = (self.id, ..))]
    fn read(&self, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(key = (self.id, ..))]
    fn read_later(&self, n: &u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
        let n = self.id + *n;
        Box::pin(async move { n })
    }

    #[memoize(key = (self.id, ..))]
    fn read_static(&self, n: &u32) -> impl Future<Output = u32> + Send + 'static {
        let n = self.id + *n;
        async move { n }
    }
}

#[memoize]
pub trait Defaults {
    fn number(&self) -> u32;
    #[memoize(key = (self.number(), ..))]
    fn plus(&self, n: u32) -> u32 {
        self.number() + n
    }
}

impl Defaults for Db {
    fn number(&self) -> u32 {
        self.id
    }
}

#[invalidates(entries = [cat(id, ("a", "b")), fallible(id)], tags = ["editions-dropped:{id}", Tagged::Cat(*value)], memos = [recursive])]
fn write(id: u32) -> u32 {
    id
}

#[invalidates(entries = [owned(*id)])]
async fn write_later(id: &u32) -> Result<u32, ()> {
    Ok(*id)
}

/// Calls them all, and the second time finds what is there.
pub fn check() {
    for _ in 0..2 {
        assert_eq!(cat(1, ("a", "b"), false).id, 1);
        assert_eq!(of_node(1, "a").id, 1);
        assert_eq!((fallible(2), fallible(0)), (Ok(Some(1)), Err("zero".to_owned())));
        assert_eq!((generic(1_u32, "ab"), recursive(3)), (3, 6));
        let db = Arc::new(Db { id: 1, cats: Memo::new() });
        assert_eq!((db.clone().shared(1), db.kept(1), db.read(1), db.plus(1)), (2, 2, 2, 2));
    }
    assert_eq!((cat::memo().stats().hits, recursive::memo().stats().hits), (1, 1));
    assert_eq!(CacheKey::id(&CatNode { id: 1, name: "a" }).get().map(|cat| cat.id), Some(1));
    let _: Invalidation = CatNode { id: 1, name: "a" }.into();
    block_on(later());
    write(1);
    assert_eq!((cat::key(1, ("a", "b")).get(), recursive::memo().len()), (None, 0));
}

async fn later() {
    for _ in 0..2 {
        assert_eq!(
            (owned(1).await, borrowed("a", Some("b"), "c".into()).await, returned(1).await),
            (1, 3, 1)
        );
        assert_eq!((lent(&1).await, lent_elided(&1).await, boxed_lent(&1).await), (1, 1, 1));
    }
    assert_eq!(
        (owned::memo().stats().hits, lent::memo().stats().hits, boxed_lent::memo().stats().hits),
        (1, 1, 1)
    );
    write_later(&1).await.unwrap();
    assert!(!owned::key(1).is_live().await);
    not_borrowed().await;
}

/// Futures that outlive the arguments of their calls.
async fn not_borrowed() {
    for _ in 0..2 {
        let futures = {
            let (n, text) = (1, String::from("a"));
            (is_static(&n), boxed(&n, Some(&text)), boxed_here(&n))
        };
        assert_eq!((futures.0.await, futures.1.await, futures.2.await), (1, 2, 1));
    }
    // A hit does not call the function.
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
    assert_eq!((is_static::memo().stats().hits, boxed::memo().stats().hits), (1, 1));
    assert_eq!(tag("editions-static-of:1").invalidate().count(), 1);

    let (n, mut count) = (1, 0);
    for _ in 0..2 {
        let futures = {
            let (more, pool) = (2, Pool(3));
            let of_pool = of_pool(&pool, &mut count, &more);
            (
                partly(&n, &more),
                boxed_partly(&n, &more),
                of_pool,
                of_anything(&4_u8, &more),
                timed(&n, &String::from("a")),
            )
        };
        assert_eq!((futures.0.await, futures.1.await, futures.2.await), (3, 3, Ok(5)));
        assert_eq!((futures.3.await, futures.4.await), (6, Ok(2)));
    }
    assert_eq!(count, 1);
    assert_eq!(tag("editions-partly-of:3").invalidate().count(), 1);
    assert_eq!(of_pool(&Pool(0), &mut count, &0).await, Err("zero".to_owned()));
    assert_eq!(of_pool(&Pool(1), &mut count, &0).await, Ok(1));

    let futures = {
        let db = Db { id: 1, cats: Memo::new() };
        let later = db.later(&1);
        assert_eq!(db.of_self(&1).await, 2);
        (later, db.read_later(&1), db.read_static(&1))
    };
    assert_eq!((futures.0.await, futures.1.await, futures.2.await), (2, 2, 2));

    assert_eq!((inherits(&1).await, inherits(&1).await), (1, 1));
    tag("editions-source").invalidate();
    assert!(!inherits::key(&1).is_live().await);
}
