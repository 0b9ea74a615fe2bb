use cache_core::memoize;

#[memoize(key = "cat:{name}:{value}")]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
