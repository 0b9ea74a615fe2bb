use std::error::Error;

use cache_core::memoize;

#[memoize]
async fn owned(n: u32) -> Result<u32, Box<dyn Error>> {
    Ok(n)
}

fn main() {
    drop(owned(2));
}
