//! Where background work runs.
//!
//! Functions that are not asynchronous are computed by a small pool of threads. Asynchronous functions run on
//! the executor that was set, else on the runtime of the caller (feature `tokio`), else on the same pool,
//! which suits futures that need no runtime.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, LazyLock, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::sync::plain::{Mutex, MutexGuard};
use crate::sync::{Parker, guarded};
use crate::time::{Clock, HAS_THREADS, Tick, has_forked};

/// A future that an executor runs to its end.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs background work. See [`set_executor`](crate::set_executor).
///
/// A closure that spawns a task is an executor:
///
/// ```
/// # fn spawn(task: cache_core::Task) { drop(task) }
/// // With tokio: let runtime = tokio::runtime::Handle::current();
/// // cache_core::set_executor(move |task| drop(runtime.spawn(task)))?;
/// cache_core::set_executor(|task| spawn(task))?;
/// # Ok::<(), cache_core::ExecutorIsSet>(())
/// ```
pub trait Executor: Send + Sync + 'static {
    /// Spawns a task of an asynchronous function. It must not run the task in place, because the caller waits
    /// until `spawn` returns. Dropping the task cancels it; callers that wait for its value then compute it
    /// themselves. One task may wait for another, so the next task must be able to begin before the previous
    /// one has ended.
    fn spawn(&self, task: Task);

    /// Runs a call of a function that is not asynchronous. The call may block. By default it runs on a pool
    /// of threads. One thread is enough: a call that waits for another runs that one itself if it has not
    /// begun.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        pool(work);
    }
}

impl<F: Fn(Task) + Send + Sync + 'static> Executor for F {
    fn spawn(&self, task: Task) {
        self(task);
    }
}

/// The error of a second [`set_executor`](crate::set_executor). The executor that was set before stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutorIsSet;

impl fmt::Display for ExecutorIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an executor was set before, and stays")
    }
}

impl std::error::Error for ExecutorIsSet {}

/// Runs the background work of a runtime, on the executor that was set, else on the runtime of the caller or
/// on the pool. If an executor panics, its work is dropped, and callers that wait for the value compute it
/// themselves.
#[derive(Default)]
pub(crate) struct AnyExecutor(OnceLock<Arc<dyn Executor>>);

impl AnyExecutor {
    pub(crate) fn set(&self, executor: impl Executor) -> Result<(), ExecutorIsSet> {
        self.0.set(Arc::new(executor)).map_err(|_| ExecutorIsSet)
    }

    /// The executor that was set.
    pub(crate) fn get(&self) -> Option<&Arc<dyn Executor>> {
        self.0.get()
    }
}

impl Executor for AnyExecutor {
    fn spawn(&self, task: Task) {
        if let Some(executor) = self.get() {
            let _ = guarded(|| executor.spawn(task));
            return;
        }
        #[cfg(feature = "tokio")]
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(task));
            return;
        }
        // Without threads no call could wait for it.
        if HAS_THREADS {
            PoolTask::spawn(task);
        }
    }

    fn spawn_blocking(&self, work: Work) {
        let _ = guarded(|| match self.get() {
            Some(executor) => executor.spawn_blocking(work),
            None => pool(work),
        });
    }
}

/// The most threads that work at once.
const THREADS: usize = 8;
/// The most threads in all, including those that wait for a computation.
const ALL_THREADS: usize = 64;
/// The most pieces of work that wait, and the most tasks that have begun. Anything beyond is dropped, and
/// callers that need its value compute it themselves.
const QUEUE: usize = 1024;
/// The time after which an idle thread ends.
const IDLE: Duration = Duration::from_secs(10);
/// How long a thread of the user's executor lets other threads begin a computation for which it waits with a
/// limit, before it begins that itself.
const GRACE: Duration = Duration::from_millis(10);

type Work = Box<dyn FnOnce() + Send>;

struct Pool {
    queue: VecDeque<Work>,
    /// Threads that may work at once.
    most_working: usize,
    threads: usize,
    idle: usize,
    /// Threads that wait for a computation.
    waiting: usize,
    /// It is shared with the tasks that have not ended, so it counts them. In a child of `fork` it is another
    /// one.
    tasks: Arc<()>,
}

/// For whom a thread works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WorksFor {
    /// Its own caller.
    Caller,
    /// No caller waits for it. It does work that was passed to the user's executor.
    Executor,
    /// No caller waits for it. It is a thread of the pool.
    Pool,
}

thread_local! {
    static WORKS_FOR: Cell<WorksFor> = const { Cell::new(WorksFor::Caller) };
}

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(|| {
    let most_working = thread::available_parallelism().map_or(2, |n| n.get().clamp(2, THREADS));
    Mutex::new(Pool::new(most_working, 0))
});
static ARRIVED: Condvar = Condvar::new();

impl Pool {
    fn new(most_working: usize, threads: usize) -> Self {
        Self { queue: VecDeque::new(), most_working, threads, idle: 0, waiting: 0, tasks: Arc::new(()) }
    }

    /// Whether one more thread may be started.
    fn has_room(&self) -> bool {
        self.threads - self.waiting < self.most_working && self.threads < ALL_THREADS
    }

    /// Whether a thread can begin new work now, without finishing other work before.
    fn has_idle_thread(&self) -> bool {
        self.idle > self.queue.len() || self.has_room()
    }
}

/// Holds the pool around a `fork`. In the child it is empty, and has no threads except the one that forked,
/// if that is one of the pool.
pub(crate) fn hold() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(POOL.lock(), |pool| {
        let threads = usize::from(WORKS_FOR.get() == WorksFor::Pool);
        let empty = Pool::new(pool.most_working, threads);
        // The parent does the work that waits. It owns values of the user, so it is not dropped here.
        std::mem::forget(std::mem::replace(&mut **pool, empty));
    })
}

/// Passes work to the pool, or drops it if there is no room or no thread that could begin it. Without threads
/// the caller does it at once.
fn pool(work: Work) {
    if !HAS_THREADS {
        return work();
    }
    if has_forked() {
        // The lock may be held forever.
        return drop(work);
    }
    let pool = POOL.lock();
    // A thread of the pool may wait for the work that it passes in. It does that itself rather than wait.
    let waits = WORKS_FOR.get() == WorksFor::Pool && !pool.has_idle_thread();
    if pool.queue.len() >= QUEUE || waits {
        drop(pool);
        return drop(work);
    }
    enqueue(pool, work);
}

fn enqueue(mut pool: MutexGuard<'_, Pool>, work: Work) {
    pool.queue.push_back(work);
    start_thread(pool);
}

/// Starts a thread, or wakes one, if there is work for it.
fn start_thread(mut pool: MutexGuard<'_, Pool>) {
    if pool.idle >= pool.queue.len() || !pool.has_room() {
        return ARRIVED.notify_one();
    }
    pool.threads += 1;
    let spawned = thread::Builder::new().name("cache-core-work".into()).spawn(run);
    if spawned.is_err() {
        pool.threads -= 1;
    }
    // No thread will do this work.
    let left = if pool.threads == 0 { std::mem::take(&mut pool.queue) } else { VecDeque::new() };
    drop(pool);
    drop(left);
}

fn run() {
    WORKS_FOR.set(WorksFor::Pool);
    let mut pool = POOL.lock();
    // After a wait there may be too many threads at work. Each goes on to the end of its work, and one of
    // them ends then.
    while pool.threads - pool.waiting <= pool.most_working {
        if let Some(work) = pool.queue.pop_front() {
            drop(pool);
            // A panic is counted by the call that it belongs to.
            let _ = guarded(work);
            pool = POOL.lock();
            continue;
        }
        pool.idle += 1;
        let waited = ARRIVED.wait_timeout(pool, IDLE).unwrap_or_else(PoisonError::into_inner);
        let late = waited.1.timed_out();
        pool = waited.0;
        pool.idle -= 1;
        if late && pool.queue.is_empty() {
            break;
        }
    }
    pool.threads -= 1;
}

/// Does work that was passed to an executor, and that does not panic. No caller waits for this thread.
pub(crate) fn as_background(work: impl FnOnce()) {
    let before = WORKS_FOR.get();
    if before == WorksFor::Caller {
        WORKS_FOR.set(WorksFor::Executor);
    }
    work();
    WORKS_FOR.set(before);
}

/// Returns when this thread, whose wait has a limit, begins the computation itself if no other thread has
/// begun it. Returns `None` if a caller waits for this thread, because it must then return in time. A thread
/// of the background need not, and the thread that is to begin the computation may be waiting for it. `own`
/// says that this thread has passed the computation in itself.
pub(crate) fn begins_from(clock: &Clock, own: bool) -> Option<Tick> {
    match WORKS_FOR.get() {
        WorksFor::Caller => None,
        // If it is its own, the pool has refused it or has a thread for it.
        WorksFor::Pool => (!own).then_some(0),
        WorksFor::Executor => Some(clock.soon(GRACE)),
    }
}

/// A thread of the pool that waits for a computation. Another thread may work in its place meanwhile, because
/// the computation may wait for that work.
pub(crate) struct BlockedWorker(());

impl BlockedWorker {
    /// Notes that this thread waits. Returns `None` if it is not a thread of the pool.
    pub(crate) fn new() -> Option<Self> {
        if WORKS_FOR.get() != WorksFor::Pool || has_forked() {
            return None;
        }
        let mut pool = POOL.lock();
        pool.waiting += 1;
        start_thread(pool);
        Some(Self(()))
    }
}

impl Drop for BlockedWorker {
    fn drop(&mut self) {
        POOL.lock().waiting -= 1;
    }
}

/// A task of the pool. It uses a thread only while it is polled, because it may wait for another task.
struct PoolTask {
    state: Mutex<TaskState>,
    /// The `tasks` of the pool that it was passed to. In a child of `fork` that is another one, so it does
    /// not go on.
    of: Arc<()>,
}

struct TaskState {
    /// It is `None` while it is polled, and after it has ended.
    task: Option<Task>,
    /// Whether it is to be polled.
    woken: bool,
}

impl PoolTask {
    /// Runs a task, or drops it if there are too many.
    fn spawn(task: Task) {
        if has_forked() {
            return drop(task);
        }
        let pool = POOL.lock();
        if Arc::strong_count(&pool.tasks) > QUEUE {
            drop(pool);
            return drop(task);
        }
        let state = Mutex::new(TaskState { task: Some(task), woken: true });
        let this = Arc::new(Self { state, of: pool.tasks.clone() });
        enqueue(pool, Box::new(|| this.poll()));
    }

    fn poll(self: Arc<Self>) {
        let mut state = self.state.lock();
        let Some(mut task) = state.task.take() else { return };
        state.woken = false;
        drop(state);
        let waker = Waker::from(self.clone());
        let polled = guarded(|| task.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled != Some(Poll::Pending) {
            let _ = guarded(|| drop(task));
            return;
        }
        let mut state = self.state.lock();
        state.task = Some(task);
        let woken = state.woken;
        drop(state);
        if woken {
            self.queue();
        }
    }

    /// Queues a task to be polled again. It has begun, so it is not refused.
    fn queue(self: Arc<Self>) {
        if has_forked() {
            // The lock may be held forever.
            return;
        }
        let pool = POOL.lock();
        if Arc::ptr_eq(&pool.tasks, &self.of) {
            enqueue(pool, Box::new(|| self.poll()));
        } else {
            // Dropping it may drop the task, so it happens under no lock.
            drop(pool);
        }
    }
}

impl Wake for PoolTask {
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock();
        let queues = !std::mem::replace(&mut state.woken, true) && state.task.is_some();
        drop(state);
        if queues {
            self.queue();
        }
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    // What is ready at once needs nothing that wakes this thread.
    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return output;
    }
    let parker = Parker::new();
    let waker = Waker::from(parker.clone());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => parker.park(Duration::MAX),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Long enough for a thread to come by on any machine.
    const SOON: Duration = Duration::from_mins(1);

    /// Sends a message when it is dropped.
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

    /// Returns work that sends whether it was done.
    fn told(send: &Sender<bool>) -> Work {
        let dropped = Dropped(send.clone(), false);
        Box::new(move || dropped.after_work())
    }

    /// This is one test, because there is one pool. Each part leaves it as the next part needs it.
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
        let most_working = POOL.lock().most_working;
        for _ in 0..most_working {
            let (start, gate) = (start.clone(), gate.clone());
            pool(Box::new(move || {
                start.send(()).unwrap();
                drop(gate.lock());
            }));
            busy.recv_timeout(SOON).expect("work waits though there may be a thread more");
        }
        assert_eq!(POOL.lock().threads, most_working);

        for _ in 0..QUEUE {
            pool(told(&send));
        }
        assert!(done.try_recv().is_err(), "neither done nor dropped yet");
        pool(told(&send));
        assert_eq!(done.try_recv(), Ok(false), "more is held than there is room");
        drop(closed);
        assert!((0..QUEUE).all(|_| done.recv_timeout(SOON) == Ok(true)));
        assert!(POOL.lock().threads <= most_working);
    }

    /// It may be polled once more than it is woken: when it is woken, but has yet to go to sleep.
    #[test]
    fn a_future_of_the_pool_sleeps_until_it_is_woken() {
        let (send, wakers) = channel();
        let (done, is_done) = channel();
        let is_ready = Arc::new(AtomicBool::new(false));
        let asked = is_ready.clone();
        let future = std::future::poll_fn(move |cx| {
            if asked.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            send.send(cx.waker().clone()).unwrap();
            Poll::Pending
        });
        thread::spawn(move || {
            block_on(future);
            done.send(()).unwrap();
        });
        let woken = || -> Waker { wakers.recv_timeout(SOON).expect("polled again when it was woken") };
        woken().wake();
        let last = woken();
        assert!(is_done.try_recv().is_err());
        is_ready.store(true, Ordering::SeqCst);
        last.wake();
        assert_eq!(is_done.recv_timeout(SOON), Ok(()));
        assert!(wakers.try_iter().count() < 10, "it slept in between");
    }
}
