use cache_core::memoize;

#[memoize(weigh = |_key, value| value.len())]
fn none(name: &str) -> String {
    name.to_owned()
}

#[memoize(weigh = |_key, value| value.len(), capacity = unbounded)]
fn unbounded(name: &str) -> String {
    name.to_owned()
}

fn main() {
    none("tom");
    unbounded("tom");
}
