use cache_core::memoize;

#[memoize(key = a)]
fn lives(a: u32, b: u32) -> u32 {
    a + b
}

#[memoize(key = "{a}", skip(c))]
fn template(a: u32, b: u32, c: u32) -> u32 {
    a + b + c
}

fn main() {
    lives(1, 2);
    template(1, 2, 3);
}
