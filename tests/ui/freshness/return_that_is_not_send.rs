use cache_core::memoize;
use std::error::Error;

#[memoize(timeout = "2s")]
fn hard(n: u32) -> Result<u32, Box<dyn Error>> {
    Ok(n)
}

fn main() {
    let _ = hard(1);
}
