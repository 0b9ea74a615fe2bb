use cache_core::memoize;

#[memoize(max_size = 100, ttl_secs = 5, cache_none = true, sync_writes = true, convert = r#"{ name }"#, time_to_idle = 3)]
fn lives(name: &str) -> usize {
    name.len()
}

fn main() {
    lives("tom");
}
