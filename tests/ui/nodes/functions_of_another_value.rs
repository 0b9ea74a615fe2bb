use cache_core::{CacheKey, memoize};

#[derive(Clone)]
struct Cat;

#[derive(Clone)]
struct Dog;

#[derive(CacheKey)]
#[cache_key(value = Cat)]
struct CatNode {
    id: u64,
}

#[memoize(key = CatNode { id })]
fn dog(id: u64) -> Dog {
    Dog
}

#[memoize(key = CatNode { id })]
async fn perhaps(id: u64) -> Result<Option<Cat>, String> {
    Ok(None)
}

fn main() {
    dog(1);
    drop(perhaps(1));
}
