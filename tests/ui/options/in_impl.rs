use cache_core::memoize;

struct Db(u32);

impl Db {
    #[memoize(in_impl = true, skip(self))]
    fn get(&self, n: u32) -> u32 {
        self.0 + n
    }
}

fn main() {
    Db(1).get(2);
}
