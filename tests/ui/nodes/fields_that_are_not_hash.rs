use cache_core::CacheKey;

struct Plain;

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Holds<'a> {
    owned: Plain,
    borrowed: &'a Plain,
}

fn main() {}
