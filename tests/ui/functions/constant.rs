use cache_core::memoize;

#[memoize]
const fn double(n: u32) -> u32 {
    2 * n
}

const FOUR: u32 = double(2);

fn main() {
    assert_eq!(FOUR, double(2));
}
