use cache_core::CacheKey;

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Tuple(u64);

#[derive(CacheKey)]
#[cache_key(value = u64)]
enum Either {
    This { n: u64 },
    That,
}

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Generic<T> {
    n: T,
}

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Sized<const N: usize> {
    n: [u64; N],
}

fn main() {}
