use cache_core::memoize;

#[memoize(capacity = 0)]
fn zero(a: u32) -> u32 {
    a
}

#[memoize(capacity = "many")]
fn text(a: u32) -> u32 {
    a
}

#[memoize(capacity = -1)]
fn negative(a: u32) -> u32 {
    a
}

#[memoize(capacity = 1.5)]
fn float(a: u32) -> u32 {
    a
}

fn main() {
    zero(1);
    text(1);
    negative(1);
    float(1);
}
