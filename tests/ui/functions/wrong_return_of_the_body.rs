use cache_core::memoize;

#[memoize(ttl = 5)]
fn lives(name: &str) -> usize {
    name
}

fn main() {
    lives("tom");
}
