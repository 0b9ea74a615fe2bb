use cache_core::memoize;

struct Db(u32);

#[memoize]
impl Db {
    #[memoize(skip(self))]
    fn right(&self, n: u32) -> u32 {
        self.0 + n
    }

    #[memoize(skip(self), tll = 5)]
    fn wrong(&self, n: u32) -> u32 {
        self.right(n)
    }

    #[memoize]
    fn right_too(n: u32) -> Self {
        Self(n)
    }
}

fn main() {
    Db(1).right(2);
    Db(1).wrong(2);
    Db::right_too(2);
}
