use cache_core::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    x: u32,
    y: u32,
}

#[memoize(key = Point { x, y })]
fn height(x: u32, y: u32) -> u32 {
    x + y
}

fn main() {
    height(1, 2);
}
