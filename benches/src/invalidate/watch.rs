//! A reader on a thread of its own, and the longest that one of its look-ups took.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::subjects::Subject;

/// No window is shorter: a reader looks up some thousands of times in it.
const SHORTEST: Duration = Duration::from_millis(2);

/// What the reader is told, and tells.
#[derive(Default)]
struct Watch {
    /// In nanoseconds, since it was last asked for.
    longest: AtomicU64,
    looks: AtomicU64,
    stop: AtomicBool,
}

/// One invalidation, as its caller and a reader saw it.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    /// How long the call took.
    pub(super) call: Duration,
    /// From its begin until the values were dropped. `None` if they never were.
    pub(super) gone: Option<Duration>,
    /// The reader's longest look-up in a window as long, in which nothing happened.
    pub(super) quiet: Duration,
    /// The same while it happened.
    pub(super) meanwhile: Duration,
}

impl Watch {
    /// Looks keys up until told to stop.
    fn read(&self, keys: Range<u64>, look: &(dyn Fn(u64) -> bool + Send + Sync)) {
        let mut now = Instant::now();
        for key in keys.cycle() {
            std::hint::black_box(look(key));
            let then = Instant::now();
            let nanos = u64::try_from((then - now).as_nanos()).unwrap_or(u64::MAX);
            self.longest.fetch_max(nanos, Ordering::Relaxed);
            self.looks.fetch_add(1, Ordering::Relaxed);
            now = then;
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// The longest look-up of a window that `act` fills, and no shorter than that.
    fn window<T>(&self, shortest: Duration, act: impl FnOnce() -> T) -> (T, Duration) {
        let begin = Instant::now();
        // One that is under way began before.
        self.wait_for_looks(1);
        self.longest.store(0, Ordering::Relaxed);
        let result = act();
        std::thread::sleep(shortest.saturating_sub(begin.elapsed()));
        // One that began within is waited for.
        self.wait_for_looks(1);
        (result, Duration::from_nanos(self.longest.load(Ordering::Relaxed)))
    }

    fn wait_for_looks(&self, looks: u64) {
        let before = self.looks.load(Ordering::Relaxed);
        while self.looks.load(Ordering::Relaxed) < before + looks {
            std::thread::yield_now();
        }
    }
}

/// Invalidates so many entries, filled in by `fill`, so many times.
pub(super) fn samples(subject: &Subject, entries: u64, fill: impl Fn(), repeats: usize) -> Vec<Sample> {
    let watch = Watch::default();
    let (look, keys) = (&*subject.look, subject.watched(entries));
    // Some caches let go of values in batches, and keep the last.
    let rest = subject.spared().chain(0..entries / 100).count();
    std::thread::scope(|scope| {
        let watch = &watch;
        scope.spawn(move || watch.read(keys, look));
        let mut length = SHORTEST;
        let samples = (0..repeats).map(|_| {
            fill();
            let ((), quiet) = watch.window(length, || {});
            let begin = Instant::now();
            let ((call, gone), meanwhile) = watch.window(SHORTEST, || {
                let begin = Instant::now();
                (subject.invalidate)();
                (begin.elapsed(), until_rest(subject, rest, begin))
            });
            length = begin.elapsed();
            Sample { call, gone, quiet, meanwhile }
        });
        let samples = samples.collect();
        watch.stop.store(true, Ordering::Relaxed);
        samples
    })
}

/// How long a cache is given to let go of its values.
const PATIENCE: Duration = Duration::from_secs(2);

fn until_rest(subject: &Subject, rest: usize, begin: Instant) -> Option<Duration> {
    while subject.alive.load(Ordering::Relaxed) > rest {
        if begin.elapsed() > PATIENCE {
            return None;
        }
        match &subject.tend {
            Some(tend) => tend(),
            // Whoever lets go of them may need this core.
            None => std::thread::sleep(Duration::from_micros(20)),
        }
    }
    Some(begin.elapsed())
}
