use cache_core::memoize;

struct Cat;

#[memoize]
fn cat(id: u64) -> Result<Cat, String> {
    let _ = id;
    Ok(Cat)
}

fn main() {
    let _ = cat(1);
}
