use cache_core::memoize;

struct Cat;

#[memoize]
fn cat(id: u64) -> Cat {
    let _ = id;
    Cat
}

fn main() {
    cat(1);
}
