use cache_core::{CacheKey, memoize};

#[memoize(single_flight = false, share_error = String::clone)]
fn nobody_waits(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[derive(CacheKey)]
#[cache_key(value = u32, share_error = String::clone)]
struct Declared {
    n: u32,
}

#[derive(CacheKey)]
#[cache_key(value = u32)]
struct Number {
    n: u32,
}

#[memoize(key = Number { n }, share_error = String::clone)]
fn of_a_node(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {}
