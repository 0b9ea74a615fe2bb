use cache_core::memoize;

#[memoize]
fn lives(n: u32) -> u32 {
    n
}

fn main() {
    lives::key(1).call();
    lives::key(1).insert(2);
}
