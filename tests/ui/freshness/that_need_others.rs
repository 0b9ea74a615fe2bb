use cache_core::memoize;

#[memoize(fallback_after = "1s")]
fn after(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, soft_timeout = "200ms")]
fn soft(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, fallback_if = |error: &String| error.is_empty())]
fn condition(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(ttl = 300, timeout_error = String::new())]
fn error(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    after(1);
    soft(1);
    let _ = (condition(1), error(1));
}
