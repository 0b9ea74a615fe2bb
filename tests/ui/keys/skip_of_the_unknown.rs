use cache_core::memoize;

#[memoize(skip(pol))]
fn lives(name: &str, pool: u32) -> usize {
    name.len() + pool as usize
}

#[memoize(skip(pool, pool))]
fn twice(name: &str, pool: u32) -> usize {
    name.len() + pool as usize
}

fn main() {
    lives("tom", 1);
    twice("tom", 1);
}
