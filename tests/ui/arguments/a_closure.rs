use cache_core::memoize;

#[memoize]
fn apply(n: u32, with: impl Fn(u32) -> u32) -> u32 {
    with(n)
}

#[memoize]
fn by_reference(n: u32, with: &dyn Fn(u32) -> u32) -> u32 {
    with(n)
}

#[memoize]
fn generic<F>(n: u32, with: F) -> u32
where
    F: FnOnce(u32) -> u32 + Send,
{
    with(n)
}

#[memoize]
fn boxed(n: u32, with: Box<dyn Fn(u32) -> u32 + Send + Sync>) -> u32 {
    with(n)
}

#[memoize]
fn optional(n: u32, with: Option<&dyn Fn(u32) -> u32>) -> u32 {
    with.map_or(n, |with| with(n))
}

fn main() {
    apply(1, |n| n + 1);
    by_reference(1, &|n| n + 1);
    generic(1, |n| n + 1);
    boxed(1, Box::new(|n| n + 1));
    optional(1, None);
}
