use cache_core::memoize;

const SECONDS: u64 = 5;

#[memoize(ttl = SECONDS)]
fn lives(a: u32) -> u32 {
    a
}

fn main() {
    lives(1);
}
