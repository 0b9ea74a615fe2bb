use cache_core::{Tag, memoize, tag};

#[derive(Tag)]
struct Owner(u64);

#[memoize(tags = [Owner(name)])]
fn argument(name: &str) -> usize {
    name.len()
}

#[memoize(tags = [Owner(value.len())])]
fn value(id: u64) -> String {
    id.to_string()
}

fn main() {
    argument("tom");
    value(1);
    tag(Owner("7")).invalidate();
}
