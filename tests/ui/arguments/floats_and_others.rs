use cache_core::memoize;
use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

#[memoize]
fn length(point: Point) -> f64 {
    point.x.hypot(point.y)
}

#[memoize]
fn count(points: &[Point]) -> usize {
    points.len()
}

trait Prices {
    fn of(&self, article: u32) -> u32;
}

#[memoize]
fn price(prices: &dyn Prices, article: u32) -> u32 {
    prices.of(article)
}

#[memoize]
fn shared(prices: std::sync::Arc<dyn Prices + Send + Sync>, article: u32) -> u32 {
    prices.of(article)
}

#[memoize]
fn words(map: &HashMap<String, u32>) -> usize {
    map.len()
}

#[derive(PartialEq, Eq, Hash)]
struct User(u32);

#[memoize]
fn age(user: &User) -> u32 {
    user.0
}

#[memoize]
fn file(file: &std::fs::File) -> bool {
    file.metadata().is_ok()
}

fn main() {
    length(Point { x: 3.0, y: 4.0 });
    count(&[]);
    words(&HashMap::new());
    age(&User(1));
}
