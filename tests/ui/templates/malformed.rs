use cache_core::memoize;

#[memoize(tag = "cat:{name")]
fn open(name: &str) -> usize {
    name.len()
}

#[memoize(tag = "cat:name}")]
fn close(name: &str) -> usize {
    name.len()
}

#[memoize(tag = "cat:{}")]
fn empty(name: &str) -> usize {
    name.len()
}

#[memoize(tag = "cat:{name.len()}")]
fn call(name: &str) -> usize {
    name.len()
}

#[memoize(tag = "cat:{0}")]
fn position(name: &str) -> usize {
    name.len()
}

fn main() {
    open("tom");
    close("tom");
    empty("tom");
    call("tom");
    position("tom");
}
