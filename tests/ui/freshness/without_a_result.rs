use cache_core::memoize;

type Answer = u32;

#[memoize(timeout = "2s")]
fn hard(n: u32) -> u32 {
    n
}

#[memoize(timeout = "2s", timeout_error = ())]
fn alias(n: u32) -> Answer {
    n
}

#[memoize(ttl = 300, stale_if_error = "1h")]
fn kept(n: u32) -> Option<u32> {
    Some(n)
}

#[memoize(ttl = 300, stale_if_error = "1h", soft_timeout = "200ms", fallback_if = |_error| true)]
fn condition(n: u32) -> Answer {
    n
}

#[memoize(origin_first)]
fn first(n: u32) -> u32 {
    n
}

fn main() {
    hard(1);
    alias(1);
    kept(1);
    condition(1);
    first(1);
}
