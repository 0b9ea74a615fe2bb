//! Work that nobody waits for: where it runs.
//!
//! Functions that are not asynchronous are computed by a small pool of threads. Asynchronous ones go
//! to the executor that was set, else to the runtime of the caller (feature `tokio`), else to the same
//! pool, which suits futures that need no runtime of their own.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::sync::guarded;
use crate::sync::plain::{Condvar, Mutex};
use crate::time::{HAS_THREADS, has_forked};
use crate::world::World;

/// A future to be run to its end.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the work that calls leave to the background.
///
/// A closure that spawns a task is one:
///
/// ```
/// # fn spawn(task: cache_core::Task) { drop(task) }
/// // With tokio: let runtime = tokio::runtime::Handle::current();
/// // cache_core::set_executor(move |task| drop(runtime.spawn(task)))?;
/// cache_core::set_executor(|task| spawn(task))?;
/// # Ok::<(), cache_core::ExecutorIsSet>(())
/// ```
pub trait Executor: Send + Sync + 'static {
    /// Runs a task of an asynchronous function. It must not be run in place: the caller waits for
    /// this to return. To drop it is to cancel it; whoever waits for its value computes instead.
    fn spawn(&self, task: Task);

    /// Runs a call of a function that is not asynchronous, and may block. By default a pool of
    /// threads does.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        pool(work);
    }
}

impl<F: Fn(Task) + Send + Sync + 'static> Executor for F {
    fn spawn(&self, task: Task) {
        self(task);
    }
}

/// Sets who runs background work in this process, or in the test scope this thread is in. Can be done
/// once.
///
/// With an executor set, an asynchronous computation whose callers have all gone is finished by it,
/// and stored. Without, it is dropped.
///
/// # Errors
///
/// If one was set before.
pub fn set_executor(executor: impl Executor) -> Result<(), ExecutorIsSet> {
    World::current().set_executor(executor)
}

/// An executor was set before: it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutorIsSet;

impl fmt::Display for ExecutorIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an executor was set before, and stays")
    }
}

impl std::error::Error for ExecutorIsSet {}

impl World {
    pub(crate) fn set_executor(&self, executor: impl Executor) -> Result<(), ExecutorIsSet> {
        self.executor.set(Arc::new(executor)).map_err(|_| ExecutorIsSet)
    }

    /// Runs a task.
    pub(crate) fn spawn(&self, task: Task) {
        if let Some(executor) = self.executor.get() {
            // If it panics the task is dropped, and whoever waits for its value computes.
            let _ = guarded(|| executor.spawn(task));
            return;
        }
        #[cfg(feature = "tokio")]
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(task));
            return;
        }
        // Without threads there is nobody who could wait for it.
        if HAS_THREADS {
            pool(Box::new(|| block_on(task)));
        }
    }

    /// Runs work that may block.
    pub(crate) fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        let _ = guarded(|| match self.executor.get() {
            Some(executor) => executor.spawn_blocking(work),
            None => pool(work),
        });
    }
}

/// Runs tasks as [`World::spawn`] does.
pub(crate) struct Anywhere(pub(crate) Arc<World>);

impl Executor for Anywhere {
    fn spawn(&self, task: Task) {
        self.0.spawn(task);
    }
}

/// Threads at most.
const THREADS: usize = 8;
/// Work that waits at most; what is more is dropped, and whoever needs its value computes.
const QUEUE: usize = 1024;
/// An idle thread ends after this.
const IDLE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pool {
    queue: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

thread_local! {
    /// Whether this thread is one of the pool.
    static WORKS: Cell<bool> = const { Cell::new(false) };
}

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(Mutex::default);
static ARRIVED: Condvar = Condvar::new();

/// Around a `fork`: in the child the pool is empty, and has no threads but the one that has forked.
#[cfg(all(unix, not(miri), not(loom)))]
pub(crate) fn hold() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(POOL.lock(), |pool| {
        let threads = usize::from(WORKS.get());
        // What waits is the parent's to do, and what it has is the user's.
        std::mem::forget(std::mem::replace(&mut **pool, Pool { threads, ..Pool::default() }));
    })
}

/// Has work done; or drops it, if there is no room for it, or nobody who could come to it. Where there are no
/// threads it is done at once, by whoever comes with it.
fn pool(work: Work) {
    if !HAS_THREADS {
        return work();
    }
    if has_forked() {
        // The lock may be held for ever.
        return drop(work);
    }
    let threads = thread::available_parallelism().map_or(2, |n| n.get().clamp(2, THREADS));
    let mut pool = POOL.lock();
    // Who works here may wait for what it hands in: that must not wait for who works here.
    let at_once = pool.idle > pool.queue.len() || pool.threads < threads;
    if pool.queue.len() >= QUEUE || (WORKS.get() && !at_once) {
        drop(pool);
        return drop(work);
    }
    pool.queue.push_back(work);
    if pool.idle >= pool.queue.len() || pool.threads >= threads {
        ARRIVED.notify_one();
        return;
    }
    pool.threads += 1;
    let spawned = thread::Builder::new().name("cache-core-work".into()).spawn(run);
    if spawned.is_err() {
        pool.threads -= 1;
        if pool.threads == 0 {
            // Nobody will come for it.
            let left = std::mem::take(&mut pool.queue);
            drop(pool);
            drop(left);
        }
    }
}

fn run() {
    WORKS.set(true);
    let mut pool = POOL.lock();
    loop {
        if let Some(work) = pool.queue.pop_front() {
            drop(pool);
            // Its panic is counted where it belongs.
            let _ = guarded(work);
            pool = POOL.lock();
            continue;
        }
        pool.idle += 1;
        let late = ARRIVED.wait_for(&mut pool, IDLE);
        pool.idle -= 1;
        if late && pool.queue.is_empty() {
            pool.threads -= 1;
            return;
        }
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Long enough for a thread to come by on any machine.
    const SOON: Duration = Duration::from_mins(1);

    /// Says so when it is dropped.
    struct Dropped(Sender<bool>, bool);

    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(self.1);
        }
    }

    impl Dropped {
        fn after_work(mut self) {
            self.1 = true;
        }
    }

    /// Work that tells whether it was done.
    fn told(send: &Sender<bool>) -> Work {
        let dropped = Dropped(send.clone(), false);
        Box::new(move || dropped.after_work())
    }

    /// One test, for there is one pool: each part leaves it as the next wants it.
    #[test]
    fn the_pool_does_its_work_and_takes_no_more_than_it_can_hold() {
        let (send, done) = channel();
        pool(Box::new(|| std::panic::resume_unwind(Box::new("burst"))));
        pool(told(&send));
        assert_eq!(done.recv_timeout(SOON), Ok(true), "a panic has ended the pool");

        // No more threads than there may be, all of them busy.
        let (start, busy) = channel();
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock();
        let most = thread::available_parallelism().map_or(2, |n| n.get().clamp(2, THREADS));
        for _ in 0..most {
            let (start, gate) = (start.clone(), gate.clone());
            pool(Box::new(move || {
                start.send(()).unwrap();
                drop(gate.lock());
            }));
            busy.recv_timeout(SOON).expect("work waits though there may be a thread more");
        }
        assert_eq!(POOL.lock().threads, most);

        for _ in 0..QUEUE {
            pool(told(&send));
        }
        assert!(done.try_recv().is_err(), "neither done nor dropped yet");
        pool(told(&send));
        assert_eq!(done.try_recv(), Ok(false), "more is held than there is room");
        drop(closed);
        assert!((0..QUEUE).all(|_| done.recv_timeout(SOON) == Ok(true)));
        assert!(POOL.lock().threads <= most);
    }

    #[test]
    fn a_future_of_the_pool_sleeps_until_it_is_woken() {
        let (send, wakers) = channel();
        let (done, is_done) = channel();
        let mut polls = 0;
        let future = std::future::poll_fn(move |cx| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(());
            }
            send.send(cx.waker().clone()).unwrap();
            Poll::Pending
        });
        thread::spawn(move || {
            block_on(future);
            done.send(()).unwrap();
        });
        for _ in 0..2 {
            let waker: Waker = wakers.recv_timeout(SOON).expect("polled again when it was woken");
            assert!(is_done.try_recv().is_err());
            waker.wake();
        }
        assert_eq!(is_done.recv_timeout(SOON), Ok(()));
    }
}
