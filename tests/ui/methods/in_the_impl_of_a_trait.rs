use cache_core::memoize;

trait Cats {
    fn cat(&self, n: u32) -> u32;
}

struct Db(u32);

impl Cats for Db {
    #[memoize(key = (self.0, ..))]
    fn cat(&self, n: u32) -> u32 {
        self.0 + n
    }
}

fn main() {
    Db(1).cat(2);
}
