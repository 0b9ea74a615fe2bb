use cache_core::memoize;

#[memoize(on_miss = |key, value| println!("{key} {value}"))]
fn two(name: &str) -> usize {
    name.len()
}

#[memoize(on_hit = 5)]
fn number(name: &str) -> usize {
    name.len()
}

fn main() {
    two("tom");
    number("tom");
}
