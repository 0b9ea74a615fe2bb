use cache_core::memoize;

#[memoize(max_wait = 5)]
fn lives(a: u32) -> u32 {
    a
}

fn main() {
    lives(1);
}
