use cache_core::memoize;

#[memoize(timeout = "2s")]
fn hard(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    let _ = hard(1);
}
