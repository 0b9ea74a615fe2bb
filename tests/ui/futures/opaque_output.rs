use std::fmt::Display;
use std::future::Future;

use cache_core::memoize;

#[memoize]
async fn display(n: u32) -> impl Display {
    n
}

#[memoize]
fn future(n: u32) -> impl Future<Output = impl Display> + Send {
    async move { n }
}

#[memoize]
async fn borrowed(name: &str) -> &str {
    name
}

fn main() {
    drop((display(2), future(2), borrowed("tom")));
}
