use cache_core::memoize;

#[memoize(ttl = 300, stale_if_error = true, stale_while_revalidate = true, idle = true)]
fn flags(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, refresh_ahead = true)]
fn flag(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, stale_if_error, refresh_ahead, jitter, timeout)]
fn bare(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, refresh_ahead = "80%", jitter = "10%")]
fn percent(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, stale_while_revalidate = |value| life(value), idle = |value| life(value))]
fn closures(n: u32) -> u32 {
    n
}

fn main() {
    let _ = (flags(1), flag(1), bare(1), percent(1), closures(1));
}
