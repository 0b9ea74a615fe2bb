use cache_core::memoize;

#[memoize(key = |name| name.len())]
fn lives(name: &str) -> usize {
    name.len()
}

#[memoize(key = (.., ..))]
fn dots(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
    dots("tom");
}
