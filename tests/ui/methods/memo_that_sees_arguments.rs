use cache_core::{Memo, memoize};

struct Db {
    cats: [Memo<u32>; 2],
}

impl Db {
    #[memoize(memo = self.cats[at], skip(at))]
    fn get(&self, at: usize, n: u32) -> u32 {
        n
    }
}

fn main() {
    Db { cats: [Memo::new(), Memo::new()] }.get(1, 2);
}
