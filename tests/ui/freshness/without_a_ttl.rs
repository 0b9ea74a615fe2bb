use cache_core::{CacheKey, memoize};

#[memoize(stale_while_revalidate = "1m", jitter = 0.1)]
fn revalidated(n: u32) -> u32 {
    n
}

#[memoize(stale_if_error = "1h")]
fn kept(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(refresh_ahead = 0.8)]
fn ahead(n: u32) -> u32 {
    n
}

#[memoize(refresh_ahead = xfetch(1.0))]
fn by_chance(n: u32) -> u32 {
    n
}

#[derive(CacheKey)]
#[cache_key(value = u32, stale_if_error = "1h", jitter = 0.1)]
struct Number {
    n: u32,
}

fn main() {
    revalidated(1);
    let _ = kept(1);
    ahead(1);
    by_chance(1);
}
