use cache_core::memoize;

#[memoize(tag = owner)]
fn one(id: u64) -> u64 {
    id
}

#[memoize(tags = ["cats", idd])]
fn several(id: &str) -> usize {
    id.len()
}

fn main() {
    one(1);
    several("1");
}
