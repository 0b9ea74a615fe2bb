use cache_core::{computing, memoize};

#[memoize(ttl = 300)]
fn page(n: u32) -> u32 {
    computing().set_ttl(60);
    n
}

fn main() {
    page(1);
}
