use cache_core::{CacheKey, memoize};

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Number {
    n: u64,
}

#[memoize(key = Number { n }, ttl = 300, tags = ["numbers", "number:{n}"], on_hit = |_key, _value| ())]
fn number(n: u64) -> u64 {
    n
}

#[memoize(key = Number { n }, err_ttl = 5, on_error = |_key, _error| (), name = "number")]
fn other(n: u64) -> Result<u64, String> {
    Ok(n)
}

struct Numbers {
    memo: cache_core::Memo<u64>,
}

impl Numbers {
    #[memoize(key = Number { n }, memo = self.memo)]
    fn number(&self, n: u64) -> u64 {
        n
    }
}

fn main() {
    number(1);
    let _ = other(1);
    Numbers { memo: cache_core::Memo::new() }.number(1);
}
