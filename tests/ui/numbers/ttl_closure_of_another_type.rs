use cache_core::memoize;

#[memoize(ttl = |value| *value)]
fn lives(a: u64) -> u64 {
    a
}

fn main() {
    lives(1);
}
