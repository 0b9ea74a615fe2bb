use cache_core::memoize;

#[memoize]
extern "C" fn double(n: u32) -> u32 {
    2 * n
}

fn main() {
    double(2);
}
