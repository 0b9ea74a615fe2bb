use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use cache_core::memoize;

#[memoize(skip(pool))]
async fn owned(pool: Rc<u32>, n: u32) -> u32 {
    *pool + n
}

#[memoize(skip(pool))]
async fn borrowed(pool: &Rc<u32>, n: u32) -> u32 {
    **pool + n
}

#[memoize(skip(job))]
async fn run<F>(job: F, n: u32) -> u32
where
    F: Future<Output = u32>,
{
    job.await + n
}

struct Lock<T: ?Sized>(Cell<u32>, T);

impl<T: ?Sized> Lock<T> {
    #[memoize(skip(self))]
    async fn read(self: Arc<Self>) -> u32 {
        self.0.get()
    }

    #[memoize(skip(self))]
    async fn peek(&self) -> u32 {
        self.0.get()
    }

    #[memoize(key = self.0.get(), ttl = 60, timeout = "1s")]
    async fn late(&self) -> Result<u32, cache_core::TimedOut> {
        Ok(self.0.get())
    }
}

fn main() {
    drop((owned(Rc::new(1), 2), borrowed(&Rc::new(1), 2), run(async { 1 }, 2)));
    let lock = Arc::new(Lock(Cell::new(1), 1));
    drop((lock.peek(), lock.late(), Arc::clone(&lock).read()));
}
