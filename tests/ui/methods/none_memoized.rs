use cache_core::memoize;

struct Db(u32);

#[memoize]
impl Db {
    fn get(&self, n: u32) -> u32 {
        self.0 + n
    }
}

#[memoize]
trait Cats {
    fn cat(&self) -> u32;
}

impl Cats for Db {
    fn cat(&self) -> u32 {
        self.0
    }
}

fn main() {
    Db(1).get(2);
    Db(1).cat();
}
