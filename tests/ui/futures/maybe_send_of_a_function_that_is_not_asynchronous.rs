use cache_core::memoize;

#[memoize(?Send)]
fn get(n: u32) -> u32 {
    n
}

#[memoize(?Sync)]
async fn other(n: u32) -> u32 {
    n
}

#[memoize(?Send, ?Send)]
async fn twice(n: u32) -> u32 {
    n
}

fn main() {
    get(2);
    drop((other(2), twice(2)));
}
