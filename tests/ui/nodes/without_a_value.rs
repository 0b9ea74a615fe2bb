use cache_core::CacheKey;

#[derive(CacheKey)]
struct Bare {
    n: u64,
}

#[derive(CacheKey)]
#[cache_key]
struct Empty {
    n: u64,
}

fn main() {}
