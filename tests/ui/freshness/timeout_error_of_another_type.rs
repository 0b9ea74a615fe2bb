use cache_core::memoize;

#[memoize(timeout = "2s", timeout_error = "late")]
fn text(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(timeout = "2s", timeout_error = |late| late.to_string())]
fn closure(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    let _ = (text(1), closure(1));
}
