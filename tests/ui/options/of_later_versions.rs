use cache_core::memoize;

#[memoize(store = "redis", batch = ids, version = 2)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
