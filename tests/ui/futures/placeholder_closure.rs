use cache_core::memoize;

#[memoize(placeholder = |n| n + 1)]
async fn get(n: u32) -> u32 {
    n
}

fn main() {
    drop(get(2));
}
