use cache_core::memoize;

#[memoize(key = "{id:>5}")]
fn get_cat(id: u32) -> u32 {
    id
}

fn main() {
    get_cat(1);
}
