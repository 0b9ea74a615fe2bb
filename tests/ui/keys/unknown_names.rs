use cache_core::memoize;

#[memoize(key = (name, langauge))]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
