//! What is generated for a body on one line is no block too many, whatever binds its arguments.
#![deny(warnings, clippy::pedantic)]

use cache_core::memoize;
use std::future::Future;

trait Counts {
    fn count(&self, n: u32) -> impl Future<Output = u32> + Send;
    fn sum(&self, pair: (u32, u32)) -> impl Future<Output = u32> + Send;
    fn plain(&self, n: u32) -> u32;
    fn pattern(&self, pair: (u32, u32)) -> u32;
}

struct Db;

#[memoize]
impl Counts for Db {
    #[memoize(skip(self))]
    async fn count(&self, n: u32) -> u32 { n }

    #[memoize(skip(self))]
    async fn sum(&self, (a, b): (u32, u32)) -> u32 { a + b }

    #[memoize(skip(self))]
    fn plain(&self, n: u32) -> u32 { n }

    #[memoize(skip(self))]
    fn pattern(&self, (a, b): (u32, u32)) -> u32 {
        #![allow(unused_variables, reason = "an attribute of the body stays one")]
        let one = 1;
        a + b
    }
}

#[memoize]
trait Cats: Send + Sync {
    #[memoize(skip(self), ?Send)]
    async fn cats(&self, n: u32) -> u32 { n }

    #[memoize(skip(self))]
    fn mice(&self, (a, b): (u32, u32)) -> u32 { a + b }
}

impl Cats for Db {}

fn main() {
    drop((Db.count(1), Db.sum((1, 2)), Db.cats(1)));
    assert_eq!(Db.plain(1) + Db.pattern((1, 2)) + Db.mice((1, 2)), 7);
}
