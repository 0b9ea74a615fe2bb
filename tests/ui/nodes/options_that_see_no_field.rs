use cache_core::CacheKey;

#[derive(CacheKey)]
#[cache_key(value = u64, tags = ["cat:{nam}", "owner:{value}"])]
struct Misspelt<'a> {
    name: &'a str,
}

#[derive(CacheKey)]
#[cache_key(value = u64, tags = ["cat:{value}"])]
struct Ambiguous {
    value: u64,
}

#[derive(CacheKey)]
#[cache_key(value = u64, on_hit = |_key, _value| println!("{id}"), on_store = |_key, _value| drop(id))]
struct Hooks {
    id: u64,
}

#[derive(CacheKey)]
#[cache_key(value = u64, on_miss = |_key, _value| (), weigh = |_key, _value| 1)]
struct Shapes {
    id: u64,
}

fn main() {}
