use std::rc::Rc;

use cache_core::memoize;

async fn pause() {}

#[memoize]
async fn owned(n: u32) -> u32 {
    let rc = Rc::new(n);
    pause().await;
    *rc
}

#[memoize]
async fn borrowed(name: &str) -> usize {
    let rc = Rc::new(name.len());
    pause().await;
    *rc
}

struct Db(u32);

impl Db {
    #[memoize(key = (self.0, ..))]
    async fn method(&self, n: u32) -> u32 {
        let rc = Rc::new(n);
        pause().await;
        *rc
    }
}

fn main() {
    drop((owned(2), borrowed("tom"), Db(1).method(2)));
}
