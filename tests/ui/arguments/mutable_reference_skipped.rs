use cache_core::memoize;

#[memoize(skip(list))]
fn push(list: &mut Vec<u32>, n: u32) -> usize {
    list.push(n);
    list.len()
}

fn main() {
    push(&mut Vec::new(), 1);
}
