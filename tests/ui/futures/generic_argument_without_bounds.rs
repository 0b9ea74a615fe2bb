use cache_core::memoize;

#[memoize(skip(pool))]
async fn owned<P: Into<u32>>(pool: P, n: u32) -> u32 {
    pool.into() + n
}

#[memoize(skip(pool))]
async fn borrowed<P>(pool: &P, n: u32) -> u32
where
    P: ToString + Send,
{
    pool.to_string().len() as u32 + n
}

#[memoize(skip(ask))]
async fn asked(ask: impl Fn(u32) -> u32, n: u32) -> u32 {
    ask(n)
}

fn main() {
    drop((owned(1_u32, 2), borrowed(&1, 2), asked(|n| n, 2)));
}
