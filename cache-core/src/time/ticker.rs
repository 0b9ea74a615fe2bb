//! The thread that keeps the coarse clock, and parks when nobody reads it.
//!
//! One word holds the time and two flags. While a reader finds both set, the time is current. `SEEN`
//! is cleared now and then; a reader that finds it cleared sets it again, so that the ticker knows
//! when a whole period went by unread, and parks. A reader that finds the ticker parked asks the
//! system's clock, and wakes the ticker.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

#[cfg(all(unix, not(miri)))]
pub(crate) use super::timers::thread::hold as hold_timers;
pub(super) use super::timers::thread::{call_at, forget};
use super::{ClockIsSet, HAS_THREADS, Read, Tick};
use crate::sync::plain::Mutex;

/// How far the coarse clock may lag behind the exact one, on a machine that lets threads run.
const RESOLUTION: Duration = Duration::from_millis(5);

/// The ticker runs: the time in the word is current.
const RUNNING: u64 = 1;
/// Somebody has read the word in this period.
const SEEN: u64 = 2;
const SHIFT: u32 = 2;
/// Rounds after which an unread clock parks.
const PERIOD: u32 = 200;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static WORD: AtomicU64 = AtomicU64::new(0);
static TICKER: Mutex<Option<Thread>> = Mutex::new(None);
static FORKED: AtomicBool = AtomicBool::new(false);

/// The system's clock stays.
pub(super) fn set(_: Read) -> Result<(), ClockIsSet> {
    Err(ClockIsSet)
}

/// Milliseconds since the first use of a clock in this process.
pub(super) fn exact() -> Tick {
    let elapsed = START.elapsed();
    elapsed.as_secs().saturating_mul(1000).saturating_add(elapsed.subsec_millis().into())
}

pub(super) fn coarse() -> Tick {
    coarse_at_once().unwrap_or_else(|| unusual(WORD.load(Ordering::Relaxed)))
}

/// None if the ticker is to be told that somebody reads.
#[inline]
pub(super) fn coarse_at_once() -> Option<Tick> {
    let word = WORD.load(Ordering::Relaxed);
    (word & (RUNNING | SEEN) == (RUNNING | SEEN)).then_some(word >> SHIFT)
}

#[cold]
fn unusual(word: u64) -> Tick {
    if word & RUNNING != 0 {
        WORD.fetch_or(SEEN, Ordering::Relaxed);
        return word >> SHIFT;
    }
    if HAS_THREADS && !has_forked() {
        wake();
    }
    exact()
}

/// Whether this is a child of `fork` in which none of our threads can be had.
pub(crate) fn has_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Starts or wakes the ticker. Whoever finds another thread at it goes on without.
fn wake() {
    let Some(mut ticker) = TICKER.try_lock() else { return };
    if WORD.load(Ordering::Relaxed) & RUNNING != 0 {
        return;
    }
    if ticker.is_none() {
        let spawned = thread::Builder::new().name("cache-core-clock".into()).spawn(run);
        // Without a thread the system's clock serves, as it just did.
        let Ok(handle) = spawned else { return };
        *ticker = Some(handle.thread().clone());
    }
    WORD.store((exact() << SHIFT) | RUNNING | SEEN, Ordering::Relaxed);
    if let Some(thread) = &*ticker {
        thread.unpark();
    }
}

fn run() {
    loop {
        tick_until_unread();
        // `park` may return early: the flag says whether there is work.
        while WORD.load(Ordering::Relaxed) & RUNNING == 0 {
            thread::park();
        }
    }
}

fn tick_until_unread() {
    loop {
        for _ in 0..PERIOD {
            thread::sleep(RESOLUTION);
            let now = exact();
            // Only this thread changes the time while it runs, readers only the flag.
            let shown = WORD.load(Ordering::Relaxed) >> SHIFT;
            WORD.fetch_add(now.saturating_sub(shown) << SHIFT, Ordering::Relaxed);
        }
        if WORD.fetch_and(!SEEN, Ordering::Relaxed) & SEEN == 0 {
            // Under the lock: whoever wakes the ticker either sees it parked or finds it running.
            let _ticker = TICKER.lock();
            if WORD.fetch_and(!RUNNING, Ordering::Relaxed) & SEEN == 0 {
                return;
            }
            WORD.fetch_or(RUNNING, Ordering::Relaxed);
        }
    }
}

/// This is a child of `fork` in which none of our threads can be had: locks may be held for ever.
#[cfg(all(unix, not(miri)))]
pub(crate) fn lose_threads() {
    FORKED.store(true, Ordering::Relaxed);
    WORD.store(0, Ordering::Relaxed);
}

/// Around a `fork`: in the child the ticker is started anew.
#[cfg(all(unix, not(miri)))]
pub(crate) fn hold_ticker() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(TICKER.lock(), |ticker| {
        // It is the parent's thread, so nobody tells it anything.
        std::mem::forget(ticker.take());
        WORD.store(0, Ordering::Relaxed);
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
