use cache_core::memoize;

#[memoize(cache_if = |value| value.len())]
fn upper(name: &str) -> String {
    name.to_uppercase()
}

fn main() {
    upper("tom");
}
