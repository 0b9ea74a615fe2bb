use cache_core::memoize;
use std::time::Duration;

const SECONDS: u64 = 5;

fn life() -> Duration {
    Duration::from_secs(5)
}

#[memoize(ttl = 300, idle = SECONDS)]
fn number(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, stale_while_revalidate = life())]
fn called(n: u32) -> u32 {
    n
}

fn main() {
    number(1);
    called(1);
}
