use cache_core::memoize;

#[memoize(ttl)]
fn ttl(a: u32) -> u32 {
    a
}

#[memoize(skip = pool)]
fn skip(a: u32, pool: u32) -> u32 {
    a + pool
}

#[memoize(tag = cats)]
fn tag(a: u32) -> u32 {
    a
}

#[memoize(tags = "cats")]
fn tags(a: u32) -> u32 {
    a
}

#[memoize(single_flight = 1)]
fn flag(a: u32) -> u32 {
    a
}

#[memoize(policy = Fifo)]
fn policy(a: u32) -> u32 {
    a
}

#[memoize(ttl = 5 capacity = 5)]
fn comma(a: u32) -> u32 {
    a
}

fn main() {
    ttl(1);
    skip(1, 2);
    tag(1);
    tags(1);
    flag(1);
    policy(1);
    comma(1);
}
