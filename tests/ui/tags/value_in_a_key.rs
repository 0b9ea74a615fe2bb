use cache_core::memoize;

#[memoize(key = (id, value.len()))]
fn name(id: u64) -> String {
    id.to_string()
}

fn main() {
    name(1);
}
