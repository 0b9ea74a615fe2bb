use cache_core::memoize;

#[memoize(ttl = 300, capacity = 5, ttl = 400)]
fn lives(name: &str) -> usize {
    name.len()
}

#[memoize(tag = "cats", tags = ["dogs"])]
fn legs(name: &str) -> usize {
    name.len()
}

#[memoize(skip(a), skip(b))]
fn tail(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {
    lives("tom");
    legs("tom");
    tail(1, 2);
}
