use cache_core::memoize;

#[memoize(ttl = 300, idle = 0, stale_while_revalidate = "0s", stale_if_error = 0)]
fn windows(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, refresh_ahead = "0s")]
fn ahead(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, stale_if_error = 60, soft_timeout = "0ms")]
fn soft(n: u32) -> u32 {
    n
}

#[memoize(origin_first, fallback_after = "0s")]
fn first(n: u32) -> u32 {
    n
}

#[memoize(timeout = "0s", timeout_error = String::new())]
fn hard(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    let _ = (windows(1), ahead(1), soft(1), first(1), hard(1));
}
