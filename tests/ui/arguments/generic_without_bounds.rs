use cache_core::memoize;

#[memoize]
fn show<T: ToString + 'static>(x: T) -> String {
    x.to_string()
}

fn main() {
    show(1);
}
