use cache_core::memoize;

#[memoize(placeholder = "none")]
async fn get(n: u32) -> u32 {
    n
}

#[memoize(placeholder = "none")]
fn blocking(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    drop(get(2));
    blocking(2).unwrap();
}
