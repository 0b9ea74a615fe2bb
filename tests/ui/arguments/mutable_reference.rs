use cache_core::memoize;

#[memoize]
fn push(list: &mut Vec<u32>, n: u32) -> usize {
    list.push(n);
    list.len()
}

#[memoize]
fn inside(list: Option<&mut u32>) -> u32 {
    list.map_or(0, |n| *n)
}

fn main() {
    push(&mut Vec::new(), 1);
    inside(None);
}
