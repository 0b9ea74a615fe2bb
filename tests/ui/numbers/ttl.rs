use cache_core::memoize;

#[memoize(ttl = "5 parsecs")]
fn parsecs(a: u32) -> u32 {
    a
}

#[memoize(ttl = "")]
fn empty(a: u32) -> u32 {
    a
}

#[memoize(ttl = "5")]
fn unit(a: u32) -> u32 {
    a
}

#[memoize(ttl = -5)]
fn negative(a: u32) -> u32 {
    a
}

#[memoize(ttl = 0)]
fn zero(a: u32) -> u32 {
    a
}

#[memoize(ttl = true)]
fn flag(a: u32) -> u32 {
    a
}

#[memoize(ttl = 5u8)]
fn suffix(a: u32) -> u32 {
    a
}

fn main() {
    parsecs(1);
    empty(1);
    unit(1);
    negative(1);
    zero(1);
    flag(1);
    suffix(1);
}
