use cache_core::memoize;

#[memoize(crate = Option<u32>)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {}
