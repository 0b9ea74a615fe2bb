//! The thread that keeps the coarse clock, and parks when nobody reads it.
//!
//! One word holds the time and two flags. If a reader finds neither set, the time is current. The ticker sets
//! `UNREAD` now and then, and a reader that finds it set clears it again. So the ticker knows when a whole
//! period has passed without a reader, and parks. A reader that finds the ticker parked asks the system's
//! clock and wakes the ticker.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

pub(super) use super::timer_thread::{call_at, cancel};
use super::{ClockIsSet, HAS_THREADS, LIMIT, ReadClock, Tick, Word};
use crate::sync::plain::Mutex;

/// How far the coarse clock may lag behind the exact one, on a machine that lets threads run.
const RESOLUTION: Duration = Duration::from_millis(5);

/// The ticker does not run: the time in the word is not current.
const PARKED: u64 = 1;
/// Nobody has read the word in this period.
const UNREAD: u64 = 2;
/// Rounds after which an unread clock parks.
const PERIOD: u32 = 200;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
pub(super) static WORD: Word = Word::new(0, PARKED | UNREAD);
static TICKER: Mutex<Option<Thread>> = Mutex::new(None);
static FORKED: AtomicBool = AtomicBool::new(false);

/// Refuses a clock, because the system has one.
pub(super) fn set(_: ReadClock) -> Result<(), ClockIsSet> {
    Err(ClockIsSet)
}

/// Returns the milliseconds since the first use of a clock in this process.
pub(super) fn exact() -> Tick {
    let elapsed = START.elapsed();
    elapsed.as_secs().saturating_mul(1000).saturating_add(elapsed.subsec_millis().into())
}

pub(super) fn coarse() -> Tick {
    match WORD.0.load(Ordering::Relaxed) {
        bits if bits & (PARKED | UNREAD) == 0 => Word::tick(bits),
        bits => unusual(bits),
    }
}

/// Sends a hit that has found a flag to the slow path.
#[inline]
pub(super) fn limit() -> Option<u64> {
    None
}

#[cold]
fn unusual(bits: u64) -> Tick {
    if bits & PARKED == 0 {
        WORD.0.fetch_and(!UNREAD, Ordering::Relaxed);
        return Word::tick(bits);
    }
    if HAS_THREADS && !has_forked() {
        wake();
    }
    exact()
}

/// Whether this is a child of `fork` in which none of our threads can be started.
pub(crate) fn has_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Starts or wakes the ticker, unless another thread is doing that.
fn wake() {
    let Some(mut ticker) = TICKER.try_lock() else { return };
    if WORD.0.load(Ordering::Relaxed) & PARKED == 0 {
        return;
    }
    if ticker.is_none() {
        let spawned = thread::Builder::new().name("cache-core-clock".into()).spawn(run);
        // Without a thread the system's clock serves, as it just did.
        let Ok(handle) = spawned else { return };
        *ticker = Some(handle.thread().clone());
    }
    WORD.0.store(Word::bits(exact(), 0), Ordering::Relaxed);
    if let Some(thread) = &*ticker {
        thread.unpark();
    }
}

fn run() {
    loop {
        tick_until_unread();
        // `park` may return early: the flag says whether there is work.
        while WORD.0.load(Ordering::Relaxed) & PARKED != 0 {
            thread::park();
        }
    }
}

fn tick_until_unread() {
    loop {
        for _ in 0..PERIOD {
            thread::sleep(RESOLUTION);
            let now = Word::bits(exact(), 0) >> LIMIT;
            // Only this thread changes the time while it runs, readers only the flag.
            let shown = WORD.0.load(Ordering::Relaxed) >> LIMIT;
            WORD.0.fetch_add(now.saturating_sub(shown) << LIMIT, Ordering::Relaxed);
        }
        if WORD.0.fetch_or(UNREAD, Ordering::Relaxed) & UNREAD != 0 {
            // Under the lock: whoever wakes the ticker either sees it parked or finds it running.
            let _ticker = TICKER.lock();
            if WORD.0.fetch_or(PARKED, Ordering::Relaxed) & UNREAD != 0 {
                return;
            }
            WORD.0.fetch_and(!PARKED, Ordering::Relaxed);
        }
    }
}

/// Notes that this is a child of `fork` in which none of our threads can be started: locks may be held
/// forever.
pub(crate) fn lose_threads() {
    FORKED.store(true, Ordering::Relaxed);
    WORD.0.store(Word::bits(0, PARKED | UNREAD), Ordering::Relaxed);
}

/// Holds the ticker around a `fork`. In the child it is started anew.
pub(crate) fn hold_ticker() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(TICKER.lock(), |ticker| {
        // It is a thread of the parent, so it is forgotten here.
        std::mem::forget(ticker.take());
        WORD.0.store(Word::bits(0, PARKED | UNREAD), Ordering::Relaxed);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_clock_follows_the_exact_one() {
        let begin = coarse();
        let until = Instant::now() + std::time::Duration::from_millis(60);
        while Instant::now() < until {
            thread::yield_now();
        }
        let (coarse, exact) = (coarse(), exact());
        assert!(coarse > begin, "the clock stands still");
        assert!(coarse <= exact, "the clock runs ahead");
    }
}
