use cache_core::CacheKey;

struct Cat;

#[derive(CacheKey)]
#[cache_key(value = Cat)]
struct NotClone {
    id: u64,
}

#[derive(CacheKey)]
#[cache_key(value = Result<u64, String>)]
struct Fails {
    id: u64,
}

#[derive(CacheKey)]
#[cache_key(value = &'a str)]
struct Borrowed<'a> {
    id: &'a str,
}

fn main() {}
