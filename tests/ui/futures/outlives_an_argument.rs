use std::future::Future;
use std::pin::Pin;

use cache_core::memoize;

struct Pool;

#[memoize(tags = ["{value}", "{pair.0}"], ttl = |value| std::time::Duration::from_secs(pair.1.len() as u64 + value))]
fn asked_for_later(pair: (u64, &str)) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    let n = pair.0;
    Box::pin(async move { n })
}

#[memoize(inherit_tags, skip(pool))]
fn inherits(pool: &Pool, n: &u64) -> impl Future<Output = u64> + Send + 'static {
    let _ = pool;
    let n = *n;
    async move { n }
}

#[memoize(inherit_tags, skip(of))]
fn inherits_of_anything<T: Into<u64> + Copy>(of: &T, n: &u64) -> impl Future<Output = u64> + Send + 'static {
    let n = (*of).into() + *n;
    async move { n }
}

fn main() {
    drop((asked_for_later((1, "")), inherits(&Pool, &1), inherits_of_anything(&1_u8, &1)));
}
