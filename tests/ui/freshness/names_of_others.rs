use cache_core::memoize;

#[memoize(time_to_idle = "10m", ttl_jitter = 0.1, swr = "1m", grace = "1h", early_refresh = 0.8)]
fn life(n: u32) -> u32 {
    n
}

#[memoize(failover, failover_timeout = "1s", deadline = "2s", result_fallback = true)]
fn call(n: u32) -> u32 {
    n
}

#[memoize(soft_time = "1s", stale_while_revalidating = "1m")]
fn misspelt(n: u32) -> u32 {
    n
}

#[memoize(on_timeout = Late, negative_ttl = 5, early_expiration = 0.8, retry = 3, backoff = "1s")]
fn others(n: u32) -> u32 {
    n
}

fn main() {
    others(1);
    life(1);
    call(1);
    misspelt(1);
}
