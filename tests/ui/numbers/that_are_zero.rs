use cache_core::memoize;

#[memoize(max_wait = "0s")]
fn nobody_waits(a: u32) -> u32 {
    a
}

#[memoize(err_ttl = "0s")]
fn no_errors(a: u32) -> Result<u32, u32> {
    Ok(a)
}

fn main() {
    nobody_waits(1);
    let _ = no_errors(1);
}
