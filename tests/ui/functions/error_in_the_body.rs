use cache_core::memoize;

#[memoize(ttl = 5)]
fn lives(name: &str) -> usize {
    name.size()
}

fn main() {
    lives("tom");
}
