use cache_core::memoize;

#[memoize(none_ttl = 5)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
