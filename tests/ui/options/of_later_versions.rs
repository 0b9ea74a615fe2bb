use cache_core::memoize;

#[memoize(lease = "2s", batch = ids)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
