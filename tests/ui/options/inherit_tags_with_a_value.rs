//! It stands alone.

use cache_core::memoize;

#[memoize(inherit_tags = true)]
fn page(id: u64) -> u64 {
    id
}

fn main() {
    page(1);
}
