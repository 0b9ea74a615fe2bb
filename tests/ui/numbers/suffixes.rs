use cache_core::memoize;

#[memoize(ttl = 5m)]
fn minutes(n: u32) -> u32 {
    n
}

#[memoize(ttl = 250ms, idle = 1.5h)]
fn millis(n: u32) -> u32 {
    n
}

#[memoize(ttl = 60 * 5m)]
fn arithmetic(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = 4m, max_wait = 2s)]
fn ahead(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, stale_if_error = 1h, soft_timeout = 200ms, timeout = 2s, timeout_error = String::new())]
fn limits(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, capacity = 10k, jitter = 0.1p)]
fn numbers(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = xfetch(1x))]
fn beta(n: u32) -> u32 {
    n
}

fn main() {
    let _ = (minutes(1), millis(1), arithmetic(1), ahead(1), limits(1), numbers(1), beta(1));
}
