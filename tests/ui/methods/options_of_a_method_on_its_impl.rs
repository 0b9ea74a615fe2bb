use cache_core::memoize;

struct Db(u32);

#[memoize(ttl = 60, key = (self.0, ..), tll = 5)]
impl Db {
    #[memoize(skip(self))]
    fn get(&self, n: u32) -> u32 {
        self.0 + n
    }
}

#[memoize(companion = Memos)]
impl Db {
    #[memoize(skip(self))]
    fn other(&self, n: u32) -> u32 {
        self.0 + n
    }
}

trait Cats {
    fn cat(&self) -> u32;
}

#[memoize(companion = false, skip(self))]
impl Cats for Db {
    #[memoize(key = (self.0))]
    fn cat(&self) -> u32 {
        self.0
    }
}

fn main() {
    Db(1).get(2);
    Db(1).other(2);
    Db(1).cat();
}
