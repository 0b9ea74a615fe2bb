use std::sync::Arc;

use cache_core::memoize;

struct Db<'a>(&'a str);

#[memoize]
impl Db<'_> {
    #[memoize(key = (self.0, ..), placeholder = 0)]
    fn get(self: Arc<Self>, n: usize) -> usize {
        self.0.len() + n
    }
}

trait Cats {
    fn cat(&self, n: usize) -> usize;
}

#[memoize]
impl Cats for Db<'_> {
    #[memoize(key = (self.0, ..), placeholder = 0)]
    fn cat(&self, n: usize) -> usize {
        self.0.len() + n
    }
}

fn main() {
    Db("tom").cat(2);
    Arc::new(Db("tom")).get(2);
}
