use cache_core::{CacheKey, memoize};

#[memoize(ttl = 300, stale_if_error = "1h", soft_timeout = "2s", timeout = "2s", timeout_error = String::new())]
fn soft(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(origin_first, fallback_after = "3s", timeout = "2s", timeout_error = String::new())]
fn first(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, idle = "5m")]
fn idle(n: u32) -> u32 {
    n
}

#[derive(CacheKey)]
#[cache_key(value = u32, ttl = 300, stale_if_error = "1h", idle = "2h")]
struct Number {
    n: u32,
}

fn main() {
    let _ = (soft(1), first(1), idle(1));
}
