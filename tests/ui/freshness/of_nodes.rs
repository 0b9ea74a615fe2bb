use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u32, origin_first, fallback_after = "1s", fallback_if = |_| true, soft_timeout = "1s", timeout = "2s", timeout_error = ())]
struct Wrong {
    n: u32,
}

#[derive(CacheKey)]
#[cache_key(value = u32, ttl = 300)]
struct Number {
    n: u32,
}

#[memoize(key = Number { n }, idle = "1m", jitter = 0.1, stale_while_revalidate = "1m", stale_if_error = "1h", refresh_ahead = 0.8)]
fn entries(n: u32) -> u32 {
    n
}

#[memoize(key = Number { n }, origin_first, fallback_if = |_error| true)]
fn condition(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    entries(1);
    let _ = condition(1);
}
