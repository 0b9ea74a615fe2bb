use cache_core::memoize;

trait Store {
    #[memoize]
    fn get(n: u32) -> u32;
}

fn main() {}
