use cache_core::memoize;

#[memoize]
fn numbers(n: u32) -> impl Iterator<Item = u32> {
    0..n
}

#[memoize]
fn boxed(n: u32) -> Box<dyn Iterator<Item = u32>> {
    Box::new(0..n)
}

fn main() {
    numbers(3).count();
    boxed(3).count();
}
