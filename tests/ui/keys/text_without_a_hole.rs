use cache_core::memoize;

#[memoize(key = "String", skip(name))]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {}
