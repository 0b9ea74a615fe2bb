use std::rc::Rc;

use cache_core::memoize;

#[memoize(skip(pool))]
async fn owned(pool: Rc<u32>, n: u32) -> u32 {
    *pool + n
}

#[memoize(skip(pool))]
async fn borrowed(pool: &Rc<u32>, n: u32) -> u32 {
    **pool + n
}

fn main() {
    drop((owned(Rc::new(1), 2), borrowed(&Rc::new(1), 2)));
}
