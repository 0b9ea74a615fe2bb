use cache_core::memoize;

#[memoize(share_error = |_error| ())]
fn get(n: u32) -> u32 {
    n
}

#[memoize(share_error = |error| error)]
async fn optional(n: u32) -> Option<u32> {
    Some(n)
}

fn main() {
    get(2);
    drop(optional(2));
}
