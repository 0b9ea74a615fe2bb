use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Number {
    n: u64,
}

#[memoize(key = (Number { n }, lang))]
fn number(n: u64, lang: &str) -> u64 {
    n
}

fn main() {
    number(1, "en");
}
