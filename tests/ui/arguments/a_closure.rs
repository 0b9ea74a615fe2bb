use cache_core::memoize;

#[memoize]
fn apply(n: u32, with: impl Fn(u32) -> u32) -> u32 {
    with(n)
}

fn main() {
    apply(1, |n| n + 1);
}
