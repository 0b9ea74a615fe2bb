use std::future::Future;
use std::pin::Pin;

use cache_core::memoize;

#[memoize(?Send, placeholder = 0)]
async fn get(n: u32) -> u32 {
    n
}

#[memoize(placeholder = 0)]
fn boxed(n: u32) -> Pin<Box<dyn Future<Output = u32>>> {
    Box::pin(async move { n })
}

fn main() {
    drop((get(2), boxed(2)));
}
