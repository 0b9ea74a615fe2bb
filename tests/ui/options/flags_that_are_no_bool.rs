use cache_core::memoize;

#[memoize(bypass_if = name)]
fn bypassed(name: &str) -> usize {
    name.len()
}

fn main() {
    bypassed("tom");
}
