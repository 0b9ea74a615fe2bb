use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Number {
    n: u64,
    lang: String,
}

#[memoize(key = Number { n })]
fn number(n: u64) -> u64 {
    n
}

fn main() {
    number(1);
}
