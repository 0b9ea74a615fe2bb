use cache_core::memoize;

#[memoize(key = (n, n, n, n, n, n, n, n, n, n, n, n, n))]
fn get_cat(n: u32) -> u32 {
    n
}

fn main() {
    get_cat(1);
}
