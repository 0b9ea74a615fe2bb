use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u32, ttl = 300)]
struct Number<'a> {
    name: &'a str,
}

#[memoize(key = Number { name }, soft_timeout = "200ms")]
fn soft(name: &str) -> Result<u32, String> {
    Ok(name.len() as u32)
}

#[derive(CacheKey)]
#[cache_key(value = u32, ttl = 300, stale_if_error = "1h")]
struct Kept<'a> {
    name: &'a str,
}

#[memoize(key = Kept { name }, soft_timeout = "200ms")]
fn kept(name: &str) -> Result<u32, String> {
    Ok(name.len() as u32)
}

fn main() {
    let _ = (soft("tom"), kept("tom"));
}
