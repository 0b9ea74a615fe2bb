//! What the integration tests share: counting, waiting for others, and noticing a deadlock.

pub mod history;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::Task;

/// Longer than anything here takes on the slowest machine; only what hangs takes so long.
const HANG: Duration = Duration::from_mins(1);

/// Counts, from a `static`.
#[derive(Debug, Default)]
pub struct Count(AtomicUsize);

impl Count {
    /// None so far.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Counts one; how many there were before.
    pub fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// Takes one back.
    pub fn sub(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many so far.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Sets it.
    pub fn set(&self, to: usize) {
        self.0.store(to, Ordering::SeqCst);
    }

    /// Raises it to at least `to`.
    pub fn raise(&self, to: usize) {
        self.0.fetch_max(to, Ordering::SeqCst);
    }
}

/// Lets everyone through once it is open.
#[derive(Debug, Default)]
pub struct Latch {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Latch {
    /// Closed.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: Mutex::new(false), opened: Condvar::new() }
    }

    /// Opens it for good.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    pub fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Whether it is open.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    pub fn is_open(&self) -> bool {
        *self.open.lock().unwrap()
    }

    /// Waits until it is open.
    ///
    /// # Panics
    ///
    /// If it never is.
    pub fn wait(&self) {
        let open = self.open.lock().unwrap();
        let (_open, waited) = self.opened.wait_timeout_while(open, HANG, |open| !*open).unwrap();
        assert!(!waited.timed_out(), "nobody opened the latch");
    }
}

/// Waits until something holds that another thread is about to bring about.
///
/// # Panics
///
/// If it never holds.
#[track_caller]
pub fn wait_until(mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + HANG;
    while !holds() {
        assert!(Instant::now() < give_up, "waited in vain");
        thread::sleep(Duration::from_micros(200));
    }
}

/// Runs something that must not hang, in a thread of its own, and hands on its panic.
///
/// # Panics
///
/// If it hangs, or panics itself.
#[track_caller]
pub fn no_hang<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        let result = work();
        // Nobody listens any more if it took too long.
        let _ = done.send(());
        result
    });
    assert!(finished.recv_timeout(HANG) != Err(mpsc::RecvTimeoutError::Timeout), "hangs");
    match worker.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// So many turns, or as many times that as `CACHE_CORE_STRESS` says.
#[must_use]
pub fn turns(n: u64) -> u64 {
    let times = std::env::var("CACHE_CORE_STRESS").ok().and_then(|times| times.parse().ok());
    n * times.unwrap_or(1)
}

/// So many seconds.
#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// So many milliseconds.
#[must_use]
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Random numbers that are the same for the same seed.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number (splitmix64).
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.any() % n
    }
}

/// Pending so many times, woken at once each time.
pub async fn yields(times: usize) {
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A latch for tasks: lets everyone through once it is open.
#[derive(Debug, Default)]
pub struct Gate {
    inside: Mutex<(bool, Vec<Waker>)>,
}

impl Gate {
    /// Closed.
    #[must_use]
    pub const fn new() -> Self {
        Self { inside: Mutex::new((false, Vec::new())) }
    }

    /// Opens it for good.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    pub fn open(&self) {
        let mut inside = self.inside.lock().unwrap();
        inside.0 = true;
        let wakers = std::mem::take(&mut inside.1);
        drop(inside);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until it is open.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    pub async fn pass(&self) {
        poll_fn(|cx| {
            let mut inside = self.inside.lock().unwrap();
            if inside.0 {
                return Poll::Ready(());
            }
            inside.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Notes that it was woken.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A future that is polled by hand. To drop it is to cancel it.
pub struct ByHand<'f, T> {
    future: Pin<Box<dyn Future<Output = T> + 'f>>,
    woken: Arc<Woken>,
}

impl<T> std::fmt::Debug for ByHand<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByHand").field("woken", &self.is_woken()).finish_non_exhaustive()
    }
}

impl<'f, T> ByHand<'f, T> {
    /// Not polled yet, which is like woken.
    pub fn new(future: impl Future<Output = T> + 'f) -> Self {
        Self { future: Box::pin(future), woken: Arc::new(Woken(AtomicBool::new(true))) }
    }

    /// Polls it, woken or not. It must not be polled again after it was ready.
    pub fn poll(&mut self) -> Option<T> {
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.woken.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    /// Whether it was woken since it was last polled.
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// Polls it as an executor would: as long as it is woken.
    pub fn run(&mut self) -> Option<T> {
        while self.is_woken() {
            if let Some(value) = self.poll() {
                return Some(value);
            }
        }
        None
    }

    /// Polls it as an executor would, to its end.
    ///
    /// # Panics
    ///
    /// If it is not woken before that.
    #[track_caller]
    pub fn finish(mut self) -> T {
        self.run().expect("it is pending, and nobody has woken it")
    }
}

/// What a future returns that nobody else has to bring about.
///
/// # Panics
///
/// If it waits for somebody.
#[track_caller]
pub fn now<T>(future: impl Future<Output = T>) -> T {
    ByHand::new(future).finish()
}

/// Polls futures in turn, as an executor would, until none of them is woken. What they return; `None`
/// for those that are not ready.
pub fn in_turn<T>(futures: &mut [ByHand<'_, T>]) -> Vec<Option<T>> {
    let mut values: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut progress = true;
    while progress {
        progress = false;
        for (future, value) in futures.iter_mut().zip(&mut values) {
            if value.is_none() && future.is_woken() {
                progress = true;
                *value = future.poll();
            }
        }
    }
    values
}

/// An executor that keeps what it is given until it is told to run it. Copies are the same executor.
#[derive(Clone, Default)]
pub struct Queue(Arc<Mutex<Vec<Task>>>);

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Queue").field(&self.len()).finish()
    }
}

impl cache_core::Executor for Queue {
    fn spawn(&self, task: Task) {
        self.0.lock().unwrap().push(task);
    }
}

impl Queue {
    /// How many tasks it keeps.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Whether it keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the tasks it keeps.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    #[must_use]
    pub fn take(&self) -> Vec<ByHand<'static, ()>> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().map(ByHand::new).collect()
    }

    /// Runs the tasks it keeps to their ends.
    ///
    /// # Panics
    ///
    /// If one of them is pending, and nobody has woken it.
    #[track_caller]
    pub fn run(&self) {
        self.take().into_iter().for_each(ByHand::finish);
    }
}
