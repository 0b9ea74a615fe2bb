use cache_core::memoize;

#[derive(Clone)]
struct Cat {
    owner_id: u64,
}

#[memoize(tag = "owner:{value.owner}")]
fn cat(owner_id: u64) -> Cat {
    Cat { owner_id }
}

fn main() {
    cat(1).owner_id;
}
