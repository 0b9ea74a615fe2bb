use cache_core::memoize;

#[memoize(ttl = 300, stale_if_error = "1h", soft_timeout = 0.2, timeout = 2, timeout_error = String::new())]
fn patient(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(origin_first, fallback_after = 2)]
fn first(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = 240)]
fn ahead(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, stale_while_revalidate = "60", idle = "5 parsecs")]
fn text(n: u32) -> u32 {
    n
}

#[memoize(timeout = 0, timeout_error = String::new())]
fn nothing(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    let _ = nothing(1);
    let _ = (patient(1), first(1), ahead(1), text(1));
}
