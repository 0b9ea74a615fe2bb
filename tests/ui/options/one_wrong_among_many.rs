use cache_core::memoize;

#[memoize(
    ttl = 300,
    err_ttl = 5,
    tags = ["cats", "cat:{name}"],
    key = (name, ..),
    skip(refresh),
    capacity = 1000,
    chache_if = |value, _| value.len() > 1,
    policy = Lru,
    refresh_if = refresh,
    on_hit = |_key, _value| (),
    on_error = |_key, _error| (),
    max_wait = "1s",
    name = "cats::lives"
)]
fn lives(name: &str, n: u32, refresh: bool) -> Result<String, String> {
    let _ = refresh;
    Ok(format!("{name} {n}"))
}

fn main() {
    lives("tom", 9, false).unwrap();
    lives::entry("tom", 9, false).invalidate();
    lives::memo().clear();
}
