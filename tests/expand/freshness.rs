//! When an entry is used: stale windows, refresh-ahead, the function first, and how long a call waits.

#[memoize(ttl = 300, jitter = 0.1, idle = "2m", stale_while_revalidate = "1m", refresh_ahead = xfetch(1.0))]
pub fn revalidated(name: &str) -> Cat {
    load(name)
}

#[memoize(ttl = 300, stale_if_error = "1h", fallback_if = |error| error.is_transient(), soft_timeout = "200ms", timeout = "2s")]
pub fn patient(name: &str) -> Result<Cat, Error> {
    load(name)
}

#[memoize(ttl = 300, origin_first, fallback_after = "2s")]
pub async fn first(name: String) -> Result<Cat, Error> {
    load(&name).await
}

#[derive(CacheKey)]
#[cache_key(value = Cat, ttl = 300, stale_while_revalidate = "1m", stale_if_error = GRACE)]
struct CatNode<'a> {
    name: &'a str,
}

#[memoize(key = CatNode { name }, timeout = "2s", timeout_error = Error::Late)]
fn by_node(name: &str) -> Result<Cat, Error> {
    load(name)
}
