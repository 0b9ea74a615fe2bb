use cache_core::memoize;

#[memoize(idle = "10m", jitter = 0.1, stale_while_revalidate = "1m", refresh_ahead = 0.8, store = "redis", batch = ids)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
