use cache_core::{Tag, memoize};

#[derive(Tag)]
struct Owner(u64);

#[memoize(tags = [Ownr(id)])]
fn kind(id: u64) -> u64 {
    id
}

#[memoize(tags = [Owner(idd)])]
fn argument(id: u64) -> u64 {
    id
}

fn main() {
    kind(1);
    argument(1);
}
