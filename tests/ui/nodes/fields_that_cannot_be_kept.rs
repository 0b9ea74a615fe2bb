use cache_core::CacheKey;

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Borrows<'a> {
    names: &'a [&'a str],
    list: Vec<&'a str>,
    changed: &'a mut u64,
}

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Options {
    #[cache_key(skip)]
    n: u64,
}

fn main() {}
