use cache_core::CacheKey;

#[derive(CacheKey)]
#[cache_key(value = u64, key = (n,), skip(n), memo = self.memo, err_ttl = 5, on_error = |_key, _error| ())]
struct Number {
    n: u64,
}

#[derive(CacheKey)]
#[cache_key(value = u64, bypass_if = n == 0, refresh_if = n == 1, placeholder = 0, ?Send, companion = other)]
struct Other {
    n: u64,
}

fn main() {}
