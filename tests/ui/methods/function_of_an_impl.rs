use cache_core::memoize;

struct Db;

impl Db {
    #[memoize]
    fn get(n: u32) -> u32 {
        n
    }
}

fn main() {
    Db::get(2);
}
