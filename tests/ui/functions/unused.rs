//! What nobody uses is told of as if it were not memoized, and nothing else is.
#![deny(dead_code)]

mod unused {
    use cache_core::memoize;

    #[memoize]
    fn plain(n: u32) -> u32 {
        n
    }

    #[memoize(tags = ["{value}"], on_miss = |_key| (), companion = plain_too)]
    fn called_otherwise(n: u32) -> u32 {
        n
    }

    /// A call of itself is no use.
    #[memoize]
    fn recursive(n: u32) -> u32 {
        if n == 0 { 0 } else { recursive(n - 1) }
    }

    #[memoize]
    fn generic<T: Clone + std::hash::Hash + Eq + Send + Sync + 'static>(n: T) -> T {
        n
    }

    #[memoize(skip(n))]
    fn of_anything(n: impl Into<u32>) -> u32 {
        of_anything(n.into())
    }

    #[memoize]
    async fn asynchronous(n: u32) -> u32 {
        n
    }

    /// Nor is one by its body.
    fn helper() -> u32 {
        1
    }

    #[memoize]
    fn with_a_helper(n: u32) -> u32 {
        n + helper()
    }

    #[memoize]
    fn its_argument(its_argument: u32) -> u32 {
        its_argument
    }

    /// One that is looked at is used.
    #[memoize]
    pub(super) fn looked_at(looked_at: u32) -> u32 {
        looked_at
    }

    #[memoize]
    pub(super) fn used(n: u32) -> u32 {
        fn within() {}
        n
    }
}

struct Db;

impl Db {
    #[memoize(skip(self))]
    fn method(&self, n: u32) -> u32 {
        n
    }

    #[memoize(skip(self))]
    fn recursive(&self, n: u32) -> u32 {
        if n == 0 { 0 } else { self.recursive(n - 1) }
    }

    #[memoize(skip(self))]
    fn used(&self, n: u32) -> u32 {
        n
    }
}

#[memoize]
impl Db {
    #[memoize(skip(self))]
    fn of_the_impl(&self, n: u32) -> u32 {
        n
    }
}

use cache_core::memoize;

fn main() {
    unused::used(1);
    unused::looked_at::entry(1).invalidate();
    Db.used(1);
}
