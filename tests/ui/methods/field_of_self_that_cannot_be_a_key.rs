use cache_core::memoize;

struct Pool;

struct Db {
    pool: Pool,
}

impl Db {
    #[memoize(key = (self.pool, ..))]
    fn get(&self, n: u32) -> u32 {
        n
    }
}

fn main() {
    Db { pool: Pool }.get(2);
}
