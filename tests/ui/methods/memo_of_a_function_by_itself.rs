use cache_core::{Memo, memoize};

static CATS: Memo<u32> = todo!();

#[memoize(memo = CATS)]
fn get(n: u32) -> u32 {
    n
}

struct Db {
    cats: Memo<u32>,
}

impl Db {
    #[memoize(memo = self.cats)]
    fn made(n: u32) -> Option<Self> {
        (n > 100).then(|| Self { cats: Memo::new() })
    }
}

fn main() {
    get(2);
    Db::made(1);
}
