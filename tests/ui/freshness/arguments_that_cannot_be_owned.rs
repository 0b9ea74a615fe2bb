use cache_core::memoize;

struct Pool;

#[memoize(ttl = 300, skip(pool), stale_while_revalidate = "1m")]
fn revalidated(pool: &Pool, n: u32) -> u32 {
    let _ = pool;
    n
}

fn main() {
    revalidated(&Pool, 1);
}
