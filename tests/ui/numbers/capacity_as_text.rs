use cache_core::memoize;

#[memoize(capacity = "16MB", weigh = |_key, value| value.len())]
fn text(name: &str) -> String {
    name.to_uppercase()
}

fn main() {}
