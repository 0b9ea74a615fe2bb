use cache_core::memoize;
use std::rc::Rc;

struct Pool;

#[memoize(ttl = 300, skip(pool), stale_while_revalidate = "1m")]
fn revalidated(pool: &Pool, n: u32) -> u32 {
    let _ = pool;
    n
}

#[memoize(skip(trace), timeout = "2s", timeout_error = String::new())]
fn changed(trace: &mut Vec<u32>, n: u32) -> Result<u32, String> {
    trace.push(n);
    Ok(n)
}

#[memoize(skip(shared), ttl = 300, refresh_ahead = 0.8)]
fn shared(shared: Rc<u32>, n: u32) -> u32 {
    *shared + n
}

impl Pool {
    #[memoize(skip(self), ttl = 300, stale_if_error = "1h", soft_timeout = "200ms")]
    fn method(&self, n: u32) -> Result<u32, String> {
        Ok(n)
    }
}

#[derive(Clone)]
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    #[memoize(skip(self), ttl = 300, stale_while_revalidate = "1m")]
    fn count(&self) -> usize {
        self.0.split(' ').count()
    }
}

fn main() {
    revalidated(&Pool, 1);
    let _ = changed(&mut Vec::new(), 1);
    shared(Rc::new(1), 1);
    let _ = Pool.method(1);
    Words("a b").count();
}
