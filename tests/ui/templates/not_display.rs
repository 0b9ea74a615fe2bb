use cache_core::memoize;

#[derive(Clone)]
struct Cat;

#[memoize(tag = "cat:{value}")]
fn cat(id: u64) -> Cat {
    let _ = id;
    Cat
}

fn main() {
    cat(1);
}
