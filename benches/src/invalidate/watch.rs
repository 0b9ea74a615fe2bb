//! Invalidations, and the longest look-up of a reader on a thread of its own.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::subjects::Subject;
use crate::harness::Watch;

/// No window is shorter: a reader looks up some thousands of times in it.
const SHORTEST: Duration = Duration::from_millis(2);

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

/// Invalidates so many entries, filled in by `fill`, so many times.
pub(super) fn samples(subject: &Subject, entries: u64, fill: impl Fn(), repeats: usize) -> Vec<Sample> {
    let watch = Watch::new();
    let (look, keys) = (&*subject.look, subject.watched(entries));
    // Some caches let go of values in batches, and keep the last.
    let rest = subject.spared().chain(0..entries / 100).count();
    std::thread::scope(|scope| {
        let watch = &watch;
        scope.spawn(move || watch.read(keys.cycle(), look, |_| ()));
        let mut length = SHORTEST;
        let samples = (0..repeats).map(|_| {
            fill();
            let ((), quiet) = watch.window(length, || {});
            let quiet = quiet.longest;
            let begin = Instant::now();
            let ((call, gone), meanwhile) = watch.window(SHORTEST, || {
                let begin = Instant::now();
                (subject.invalidate)();
                (begin.elapsed(), until_rest(subject, rest, begin))
            });
            length = begin.elapsed();
            Sample { call, gone, quiet, meanwhile: meanwhile.longest }
        });
        let samples = samples.collect();
        watch.stop();
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
