use std::sync::Arc;

use cache_core::memoize;

struct Db(u32);

impl Db {
    #[memoize]
    fn by_reference(&self, n: u32) -> u32 {
        self.0 + n
    }

    #[memoize(key = (n))]
    fn with_a_key(&self, n: u32) -> u32 {
        self.0 + n
    }

    #[memoize(key = (..))]
    async fn with_the_rest(self: Arc<Self>, n: u32) -> u32 {
        self.0 + n
    }

    #[memoize]
    fn by_mutable_reference(&mut self, n: u32) -> u32 {
        self.0 += n;
        self.0
    }
}

#[memoize]
impl Clone for Db {
    #[memoize]
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

fn main() {
    let mut db = Db(1).clone();
    db.by_reference(2);
    db.with_a_key(2);
    db.by_mutable_reference(2);
    drop(Arc::new(db).with_the_rest(2));
}
