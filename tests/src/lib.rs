//! What the integration tests share: counting, waiting for others, and noticing a deadlock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

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
