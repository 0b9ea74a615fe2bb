use cache_core::memoize;

#[memoize(tags = ["cats", "cat:{nmae}"])]
fn tag(name: &str) -> usize {
    name.len()
}

#[memoize(key = "cat:{nme}", skip(name))]
fn key(name: &str) -> usize {
    name.len()
}

#[memoize(tag = "owner:{owner.id}")]
fn field(name: &str) -> usize {
    name.len()
}

fn main() {
    tag("tom");
    key("tom");
    field("tom");
}
