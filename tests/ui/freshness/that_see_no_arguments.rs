use cache_core::memoize;
use std::time::Duration;

#[memoize(timeout = *limit, timeout_error = format!("no {name}"))]
fn hard(name: &str, limit: Duration) -> Result<Duration, String> {
    let _ = name;
    Ok(limit)
}

#[memoize(ttl = 300, idle = life, stale_if_error = life, soft_timeout = life, fallback_if = |error| error == name)]
fn kept(name: &str, life: Duration) -> Result<Duration, String> {
    let _ = name;
    Ok(life)
}

#[memoize(refresh_ahead = life)]
fn ahead(life: Duration) -> Duration {
    life
}

struct Late(String);

impl Late {
    #[memoize(skip(self), timeout = "2s", timeout_error = self.0.clone())]
    fn method(&self, n: u32) -> Result<u32, String> {
        Ok(n)
    }
}

fn main() {
    let _ = (hard("a", Duration::ZERO), kept("a", Duration::ZERO), ahead(Duration::ZERO));
    let _ = Late(String::new()).method(1);
}
