use cache_core::memoize;

#[allow(non_camel_case_types)]
struct cats {
    lives: u32,
}

#[memoize]
fn cats(n: u32) -> u32 {
    n
}

fn main() {
    cats(cats { lives: 1 }.lives);
}
