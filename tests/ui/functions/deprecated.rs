//! A deprecated function may call itself. Others are told.
#![deny(deprecated)]

use cache_core::memoize;

/// Is old.
#[memoize(on_miss = |_key| { let _ = old as fn(u32) -> u32; })]
#[deprecated = "use `new`"]
fn old(n: u32) -> u32 {
    if n == 0 { 0 } else { old(n - 1) }
}

/// Is old, too.
#[deprecated]
#[memoize]
async fn later(n: u32) -> u32 {
    if n == 0 { 0 } else { Box::pin(later(n - 1)).await }
}

/// Calls what is old.
#[deprecated]
#[memoize]
fn calls(n: u32) -> u32 {
    old(n)
}

struct Db;

impl Db {
    /// Is old, too.
    #[memoize(skip(self))]
    #[deprecated]
    fn method(&self, n: u32) -> u32 {
        if n == 0 { 0 } else { self.method(n - 1) }
    }
}

trait Cats {
    /// Is old, too.
    #[deprecated]
    fn cat(&self, n: u32) -> u32;
}

#[memoize]
impl Cats for Db {
    #[memoize(skip(self))]
    fn cat(&self, n: u32) -> u32 {
        n
    }
}

fn main() {
    old(1);
    calls(1);
    Db.method(1);
    Db.cat(1);
    drop(later(1));
}
