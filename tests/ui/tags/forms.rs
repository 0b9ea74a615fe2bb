use cache_core::{Tag, memoize};

#[derive(Tag)]
struct Owner(u64);

#[memoize(tags = "cats")]
fn no_list(id: u64) -> u64 {
    id
}

#[memoize(tags = [|value| Owner(*value)])]
fn closure(id: u64) -> u64 {
    id
}

#[memoize(tags = [..])]
fn nothing_to_spread(id: u64) -> u64 {
    id
}

#[memoize(tag = ..[Owner(id)])]
fn several_in_one(id: u64) -> u64 {
    id
}

#[memoize(tags = [Owner(value)])]
fn two_values(value: u64) -> u64 {
    value
}

#[memoize(skip(log), tags = [Owner(*value + log.len() as u64)])]
fn gone(id: u64, log: &mut Vec<u64>) -> u64 {
    log.push(id);
    id
}

fn main() {
    no_list(1);
    closure(1);
    nothing_to_spread(1);
    several_in_one(1);
    two_values(1);
    gone(1, &mut vec![]);
}
