use cache_core::memoize;

#[memoize(ttl = 300, origin_first, refresh_ahead = 0.8, stale_while_revalidate = "1m")]
fn ahead(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(origin_first, skip(force), refresh_if = force, placeholder = 0)]
fn forced(n: u32, force: bool) -> Result<u32, String> {
    let _ = force;
    Ok(n)
}

#[memoize(ttl = 300, stale_if_error = "1h", origin_first, soft_timeout = "1s")]
fn soft(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(origin_first = true)]
fn with_a_value(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    let _ = (ahead(1), forced(1, true), soft(1), with_a_value(1));
}
