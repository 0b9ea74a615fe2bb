//! What was written so before edition 2024, where an `impl Trait` return borrows only what it names.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "what is borrowed is what is tested")]
#![allow(missing_docs, reason = "signatures as people write them")]

use std::future::Future;

use cache_core::{memoize, tag};
use futures::executor::block_on;

#[memoize]
fn later(n: &u32) -> impl Future<Output = u32> + Send {
    let n = *n;
    async move { n }
}

#[memoize(skip(of), tags = ["editions-before:{n}", "editions-before-of:{value}"])]
fn of_anything<T: std::fmt::Display>(of: &T, n: &u32) -> impl Future<Output = String> {
    let text = format!("{of}{n}");
    async move { text }
}

#[memoize(timeout = "10s", timeout_error = ())]
fn timed(n: &u32) -> impl Future<Output = Result<u32, ()>> + Send {
    let n = *n;
    async move { Ok(n) }
}

struct Db(u32);

impl Db {
    #[memoize(key = (self.0, ..))]
    fn later(&self, n: &u32) -> impl Future<Output = u32> + Send {
        let n = self.0 + *n;
        async move { n }
    }
}

/// A name that is none any more.
#[memoize]
fn gen(gen: u32) -> u32 {
    gen
}

/// Futures that outlive the arguments of their calls.
pub fn check() {
    for _ in 0..2 {
        let futures = {
            let n = 1;
            (later(&n), of_anything(&String::from("a"), &n), timed(&n), Db(n).later(&n))
        };
        block_on(async {
            assert_eq!((futures.0.await, futures.1.await.as_str()), (1, "a1"));
            assert_eq!((futures.2.await, futures.3.await), (Ok(1), 2));
        });
        assert_eq!(gen(1), 1);
    }
    assert_eq!((later::memo().stats().hits, gen::memo().stats().hits), (1, 1));
    assert_eq!(tag("editions-before-of:a1").invalidate().count(), 1);
}
