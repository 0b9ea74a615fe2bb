use cache_core::memoize;

#[memoize(max_size = 100, ttl_secs = 5, cache_none = true, sync_writes = true, convert = r#"{ name }"#, time_to_idle = 3)]
fn lives(name: &str) -> usize {
    name.len()
}

#[memoize(SharedCache, CustomHasher: ahash::HashMap, Ignore: loud, Capacity: 7, TimeToLive: Duration::from_secs(1))]
fn name(id: u32, loud: bool) -> String {
    format!("{id} {loud}")
}

#[memoize(ty = "UnboundCache<u32, u32>", create = "{ UnboundCache::new() }", with_cached_flag = true, redis = true)]
fn age(id: u32) -> u32 {
    id
}

#[memoize(eviction_listener = |key, value, cause| (), force_refresh = "{ again }")]
fn weight(id: u32, again: bool) -> u32 {
    if again { id } else { 0 }
}

fn main() {
    lives("tom");
    name(1, true);
    age(1);
    weight(1, true);
}
