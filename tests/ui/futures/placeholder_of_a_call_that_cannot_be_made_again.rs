use cache_core::memoize;

struct Pool;

#[memoize(skip(pool), placeholder = 0)]
fn get(pool: &Pool, n: u32) -> u32 {
    let _ = pool;
    n
}

#[memoize(skip(pool), placeholder = 0)]
async fn task(pool: &Pool, n: u32) -> u32 {
    let _ = pool;
    n
}

#[memoize(skip(pool))]
fn fetched(pool: &Pool, n: u32) -> u32 {
    let _ = pool;
    n
}

fn main() {
    get(&Pool, 2);
    drop(task(&Pool, 2));
    fetched::entry(&Pool, 2).prefetch();
}
