use cache_core::memoize;

struct Db(u32);

impl Db {
    #[memoize(skip(self), key = (self.0, ..))]
    fn get(&self, n: u32) -> u32 {
        self.0 + n
    }

    #[memoize(skip(self))]
    fn made(n: u32) -> Self {
        Self(n)
    }
}

fn main() {
    Db::made(1).get(2);
}
