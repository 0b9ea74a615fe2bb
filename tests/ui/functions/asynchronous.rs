use cache_core::memoize;

#[memoize]
async fn double(n: u32) -> u32 {
    2 * n
}

fn main() {
    drop(double(2));
}
