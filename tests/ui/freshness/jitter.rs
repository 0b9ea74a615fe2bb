use cache_core::memoize;

const JITTER: f64 = 0.1;

#[memoize(ttl = 300, jitter = 0)]
fn none(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, jitter = 1)]
fn all(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, jitter = "10%")]
fn text(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, jitter = JITTER)]
fn constant(n: u32) -> u32 {
    n
}

fn main() {
    none(1);
    all(1);
    text(1);
    constant(1);
}
