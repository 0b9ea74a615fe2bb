use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Number {
    n: u64,
}

#[memoize(key = Number { n })]
fn forgets(n: u64, more: u64) -> u64 {
    n + more
}

// The name of a field is not the argument.
#[memoize(key = Number { n: other })]
fn mistakes(n: u64, other: u64) -> u64 {
    n + other
}

fn main() {
    forgets(1, 2);
    mistakes(1, 2);
}
