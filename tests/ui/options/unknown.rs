use cache_core::memoize;

#[memoize(tll = 300)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
