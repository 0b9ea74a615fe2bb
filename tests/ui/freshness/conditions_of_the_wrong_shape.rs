use cache_core::memoize;

#[memoize(ttl = 300, stale_if_error = "1h", fallback_if = true)]
fn literal(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, stale_if_error = "1h", fallback_if = |key, error| true)]
fn two(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, stale_if_error = "1h", fallback_if = |error| error.len())]
fn number(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, stale_if_error = "1h", fallback_if = matches!(error, Late))]
fn bare(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    let _ = (literal(1), two(1), number(1), bare(1));
}
