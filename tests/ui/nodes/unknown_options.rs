use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u64, tll = 300)]
struct Number {
    n: u64,
}

#[derive(CacheKey)]
#[cache_key(vale = u64)]
struct Other {
    n: u64,
}

#[derive(CacheKey)]
#[cache_key(value = u64, whatsoever = 3)]
struct Third {
    n: u64,
}

#[memoize(value = u64)]
fn number(n: u64) -> u64 {
    n
}

// Who uses a node with a mistake in it is not reported as well.
#[memoize(key = Number { n })]
fn other(n: u64) -> u64 {
    n
}

fn main() {
    number(1);
    other(1);
}
