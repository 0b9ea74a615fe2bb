use cache_core::{Tag, memoize, tag};

#[derive(Tag)]
struct Owner(u64);

#[derive(Clone)]
struct Cat {
    owner_id: u64,
    friends: Vec<u64>,
}

#[memoize(tags = ["cats", 7])]
fn number(id: u64) -> u64 {
    id
}

#[memoize(tags = [Owner])]
fn without_its_field(id: u64) -> u64 {
    id
}

#[memoize(tags = [value.owner_id])]
fn field(id: u64) -> Cat {
    Cat { owner_id: id, friends: vec![] }
}

#[memoize(tags = [..value.friends.iter()])]
fn elements(id: u64) -> Cat {
    Cat { owner_id: id, friends: vec![] }
}

#[memoize(tags = [..Owner(id)])]
fn no_iterator(id: u64) -> u64 {
    id
}

fn main() {
    number(1);
    without_its_field(1);
    field(1).owner_id;
    elements(1).friends.len();
    no_iterator(1);
    tag(7).invalidate();
}
