use cache_core::memoize;

#[memoize(name = " ")]
fn get_cat(name: &str) -> usize {
    name.len()
}

fn main() {
    get_cat("tom");
}
