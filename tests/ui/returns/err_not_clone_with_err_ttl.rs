use cache_core::memoize;

struct Failed;

#[memoize(err_ttl = 5)]
fn cat(id: u64) -> Result<u64, Failed> {
    Ok(id)
}

fn main() {
    let _ = cat(1);
}
