use cache_core::memoize;
use std::future::Future;
use std::pin::Pin;

#[memoize(ttl = 300, ?Send, stale_while_revalidate = "1m", refresh_ahead = 0.8)]
async fn task(n: u32) -> u32 {
    n
}

#[memoize(timeout = "2s", timeout_error = String::new())]
fn boxed(n: u32) -> Pin<Box<dyn Future<Output = Result<u32, String>>>> {
    Box::pin(async move { Ok(n) })
}

struct Db<'a>(&'a str);

trait Count {
    fn count(&self, n: u32) -> u32;
}

#[memoize]
impl<'a> Count for Db<'a> {
    #[memoize(skip(self), ttl = 300, stale_while_revalidate = "1m")]
    fn count(&self, n: u32) -> u32 {
        n
    }
}

fn main() {
    drop((task(1), boxed(1)));
    Db("").count(1);
}
