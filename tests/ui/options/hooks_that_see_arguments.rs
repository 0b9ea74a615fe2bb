use cache_core::memoize;

#[memoize(on_store = |key, value| println!("{key} {value} {name}"))]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
