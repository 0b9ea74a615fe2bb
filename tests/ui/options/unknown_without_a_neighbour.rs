use cache_core::memoize;

#[memoize(frobnicate)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
