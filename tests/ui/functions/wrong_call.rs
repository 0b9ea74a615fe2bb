use cache_core::memoize;

#[memoize]
fn lives(name: &str, n: u32) -> usize {
    name.len() + n as usize
}

fn main() {
    lives("tom");
    lives::entry("tom", "kit").get();
}
