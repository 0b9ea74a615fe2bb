//! Whoever writes `return` everywhere need not see what is generated.
#![deny(warnings, clippy::implicit_return)]
#![allow(clippy::needless_return, reason = "that is how it is written here")]

use cache_core::{invalidates, memoize};

#[memoize(tags = ["of:{value}"])]
fn double(n: u32) -> u32 {
    return n * 2;
}

#[memoize]
async fn later(n: u32) -> u32 {
    return n;
}

#[memoize]
fn future(n: u32) -> impl Future<Output = u32> + Send {
    return std::future::ready(n);
}

#[invalidates(entries = [double(n)])]
fn write(n: u32) -> u32 {
    return n;
}

#[invalidates(entries = [double(n)])]
async fn write_later(n: u32) -> u32 {
    return n;
}

struct Db;

#[memoize]
impl Db {
    #[memoize(skip(self))]
    fn user(&self, id: u32) -> u32 {
        return id;
    }
    #[invalidates(entries = [self.user(id)])]
    fn save(&self, id: u32) -> u32 {
        return id;
    }
}

trait Repo {
    fn cat(&self, id: u32) -> u32;
}

#[memoize]
impl Repo for Db {
    #[memoize(skip(self))]
    fn cat(&self, id: u32) -> u32 {
        return id;
    }
}

fn main() {
    assert_eq!((double(1), write(1), Db.user(1), Db.save(1), Db.cat(1)), (2, 1, 1, 1, 1));
    drop((later(1), future(1), write_later(1)));
}
