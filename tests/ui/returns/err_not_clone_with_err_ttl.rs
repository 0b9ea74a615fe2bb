use cache_core::memoize;

struct Failed;

#[memoize(err_ttl = 5)]
fn cat(id: u64) -> Result<u64, Failed> {
    Ok(id)
}

#[memoize(err_ttl = 5)]
fn read(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

#[memoize(err_ttl = "1s")]
fn boxed(id: u64) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(id)
}

fn main() {
    let _ = (cat(1), read("tom"), boxed(1));
}
