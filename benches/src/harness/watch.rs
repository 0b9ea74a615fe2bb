//! A reader on a thread of its own, and how long its look-ups take.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Times below are counted to the nanosecond; above, in so many steps from one power of two to the next.
const EXACT: u64 = 64;
const STEPS: u64 = 32;
/// The last place is that of whatever takes longer than half an hour.
const PLACES: usize = 1_200;

/// Look-ups between which it is asked how long the thread has waited for a core.
const BATCH: usize = 64;

/// What the reader is told, and tells.
pub(crate) struct Watch {
    /// How many look-ups took how long, since these were last asked for.
    counts: Box<[AtomicU64]>,
    /// In nanoseconds.
    longest: AtomicU64,
    longest_on_core: AtomicU64,
    batches: AtomicU64,
    stop: AtomicBool,
}

/// The look-ups of a window.
pub(crate) struct Times {
    counts: Vec<u64>,
    pub(crate) longest: Duration,
    /// The longest without what the reader waited for a core meanwhile. What a lock made it wait is in it.
    pub(crate) longest_on_core: Duration,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            counts: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            longest: AtomicU64::new(0),
            longest_on_core: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Looks keys up until told to stop. What is not there is handed on afterwards, untimed.
    pub(crate) fn read(
        &self,
        mut keys: impl Iterator<Item = u64>,
        look: impl Fn(u64) -> bool,
        missed: impl Fn(u64),
    ) {
        let core = Core::of_this_thread();
        while !self.stop.load(Ordering::Relaxed) {
            let before = core.waited();
            let mut longest = 0;
            for key in keys.by_ref().take(BATCH) {
                let begin = Instant::now();
                let found = std::hint::black_box(look(key));
                let nanos = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.counts[place(nanos)].fetch_add(1, Ordering::Relaxed);
                longest = longest.max(nanos);
                if !found {
                    missed(key);
                }
            }
            self.longest.fetch_max(longest, Ordering::Relaxed);
            let on_core = longest.saturating_sub(core.waited() - before);
            self.longest_on_core.fetch_max(on_core, Ordering::Relaxed);
            self.batches.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The look-ups of a window that `act` fills, and no shorter than that.
    pub(crate) fn window<T>(&self, shortest: Duration, act: impl FnOnce() -> T) -> (T, Times) {
        let begin = Instant::now();
        // Those that are under way began before.
        self.wait_for_a_batch();
        self.longest.store(0, Ordering::Relaxed);
        self.longest_on_core.store(0, Ordering::Relaxed);
        self.counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        let result = act();
        std::thread::sleep(shortest.saturating_sub(begin.elapsed()));
        // Those that began within are waited for.
        self.wait_for_a_batch();
        let nanos = |longest: &AtomicU64| Duration::from_nanos(longest.load(Ordering::Relaxed));
        let times = Times {
            counts: self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            longest: nanos(&self.longest),
            longest_on_core: nanos(&self.longest_on_core),
        };
        (result, times)
    }

    fn wait_for_a_batch(&self) {
        let before = self.batches.load(Ordering::Relaxed);
        while self.batches.load(Ordering::Relaxed) == before {
            std::thread::yield_now();
        }
    }
}

/// What the system knows of a thread's waiting for a core.
struct Core(Option<File>);

impl Core {
    fn of_this_thread() -> Self {
        Self(File::open("/proc/thread-self/schedstat").ok())
    }

    /// How long it has waited so far, in nanoseconds. Nothing, where the system does not tell.
    fn waited(&self) -> u64 {
        let mut text = [0; 64];
        let told = self.0.as_ref().and_then(|mut file| {
            file.rewind().ok()?;
            let length = file.read(&mut text).ok()?;
            // The time on a core, the time without, the number of turns.
            str::from_utf8(&text[..length]).ok()?.split(' ').nth(1)?.parse().ok()
        });
        told.unwrap_or(0)
    }
}

impl Times {
    /// The time within which all look-ups stay but so many in a million: at most a thirtieth too long.
    pub(crate) fn all_but(&self, in_a_million: u64) -> Duration {
        let all: u64 = self.counts.iter().sum();
        let mut left = all * in_a_million / 1_000_000;
        for (place, &count) in self.counts.iter().enumerate().rev() {
            if count > left {
                return Duration::from_nanos(last_of(place)).min(self.longest);
            }
            left -= count;
        }
        self.longest
    }
}

/// Where a time is counted.
fn place(nanos: u64) -> usize {
    if nanos < EXACT {
        return usize::try_from(nanos).unwrap_or(0);
    }
    let shift = u64::from((nanos / STEPS).ilog2());
    let place = EXACT + (shift - 1) * STEPS + (nanos >> shift) - STEPS;
    usize::try_from(place).unwrap_or(PLACES).min(PLACES - 1)
}

/// The longest time that is counted there.
fn last_of(place: usize) -> u64 {
    let place = place as u64;
    if place < EXACT {
        return place;
    }
    let (shift, step) = ((place - EXACT) / STEPS + 1, (place - EXACT) % STEPS + STEPS);
    ((step + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PLACES, Times, last_of, place};

    #[test]
    fn times_are_counted_in_their_order_and_closely() {
        for nanos in (0..5_000).chain((5_000..5_000_000).step_by(997)) {
            let last = last_of(place(nanos));
            assert!(nanos <= last && last <= nanos + nanos / 32, "{nanos} is counted up to {last}");
            assert_eq!(place(last + 1), place(nanos) + 1);
        }
        assert_eq!(place(u64::MAX), PLACES - 1);
    }

    #[test]
    fn all_but_some() {
        let mut counts = vec![0; PLACES];
        (counts[10], counts[20], counts[30]) = (990, 9, 1);
        let times = Times { counts, longest: Duration::from_nanos(30), longest_on_core: Duration::ZERO };
        let nanos = [500_000, 10_000, 1_000, 0].map(|part| times.all_but(part).as_nanos());
        assert_eq!(nanos, [10, 10, 20, 30]);
    }
}
