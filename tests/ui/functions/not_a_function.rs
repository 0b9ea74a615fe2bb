use cache_core::memoize;

#[memoize]
struct Cat {
    lives: u32,
}

#[memoize(ttl = 5)]
const NINE: u32 = 9;

fn main() {
    Cat { lives: NINE };
}
