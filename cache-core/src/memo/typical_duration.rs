//! How long a thread waits that is a worker of rayon.
//!
//! Such a worker runs other jobs while it waits for a part of its own. So a call may wait, without knowing it, for
//! a computation of which a part is suspended beneath it on the same stack, and cannot be gone on with before the
//! call returns. It cannot be seen from outside whether that is so. So a worker waits no longer than computations
//! of the function usually take, twice, and then computes in place. What is known of other threads is not touched.

use super::MemoCore;
use crate::flight::Flight;
#[cfg(feature = "rayon")]
use crate::sync::{AtomicU64, Ordering};
use crate::time::Tick;
#[cfg(feature = "rayon")]
use crate::time::{later, ticks};

/// A worker waits so long at least: milliseconds.
#[cfg(feature = "rayon")]
const LEAST: Tick = 5;

/// How long computations of a function have taken lately.
#[cfg(feature = "rayon")]
pub(super) struct TypicalDuration(AtomicU64);

#[cfg(feature = "rayon")]
impl TypicalDuration {
    const UNKNOWN: Tick = Tick::MAX;

    pub(super) fn new() -> Self {
        Self(AtomicU64::new(Self::UNKNOWN))
    }

    fn get(&self) -> Option<Tick> {
        Some(self.0.load(Ordering::Relaxed)).filter(|typical_duration| *typical_duration != Self::UNKNOWN)
    }

    /// A computation has taken so long. Of two at once one may not count.
    fn note(&self, took: Tick) {
        let typical_duration =
            self.get().map_or(took, |typical_duration| (3 * typical_duration + took).div_ceil(4));
        self.0.store(typical_duration, Ordering::Relaxed);
    }
}

#[cfg(feature = "rayon")]
impl MemoCore {
    /// When this thread, if it is a worker of rayon, is let go that begins to wait for a flight.
    pub(crate) fn worker_leaves(&self, flight: &Flight) -> Option<Tick> {
        rayon_core::current_thread_index()?;
        let now = self.clock().now();
        let by = match self.typical_duration.get() {
            Some(typical_duration) => later(flight.begun, 2 * typical_duration),
            None => later(now, 2 * now.saturating_sub(flight.begun)),
        };
        Some(by.clamp(later(now, LEAST), later(now, ticks(self.spec.max_wait).max(LEAST))))
    }

    /// A worker that was let go has computed in place since `begun`. It may have run other jobs meanwhile, and
    /// waited in these: computations take no longer than that.
    pub(crate) fn note_by_worker(&self, begun: Tick) {
        self.typical_duration.0.fetch_min(self.clock().now().saturating_sub(begun), Ordering::Relaxed);
    }

    /// A flight has landed with a value.
    pub(crate) fn note_duration(&self, flight: &Flight) {
        // What workers had to be let go from has taken longer than it would by itself.
        if !flight.has_let_workers_go() {
            self.typical_duration.note(self.clock().now().saturating_sub(flight.begun));
        }
    }
}

#[cfg(not(feature = "rayon"))]
#[expect(clippy::unused_self, reason = "as with the feature")]
impl MemoCore {
    pub(crate) fn worker_leaves(&self, _: &Flight) -> Option<Tick> {
        None
    }

    pub(crate) fn note_by_worker(&self, _: Tick) {}

    pub(crate) fn note_duration(&self, _: &Flight) {}
}

#[cfg(all(test, feature = "rayon", not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::engine::Step;
    use crate::flight::{Intent, WaitBounds, WaitOutcome, Waiter};
    use crate::memo::{MemoSpec, Runtime};
    use crate::spec::Spec;
    use crate::tests::test_memo::{TestMemo, compute_as_leader};
    use crate::time::{Clock, Manual};

    /// When a worker leaves a flight of some age, of a function whose computations have taken so long.
    fn leaves(took: &[u64], age: u64) -> (Option<u64>, Option<u64>) {
        let time = Arc::new(Manual::default());
        let spec = Spec::new("stage", &["key"]).max_wait(Duration::from_secs(1));
        let cache = TestMemo::within(Runtime::new(Clock::Manual(time.clone())), spec, MemoSpec::new());
        for (key, took) in (10..).zip(took) {
            let body = || {
                time.advance(*took);
                Ok(key)
            };
            cache.call(key, &[], body).unwrap();
        }
        let Step::Lead(leader) = cache.begin(1, Intent::Read) else { unreachable!() };
        time.advance(age);
        let now = time.now();
        let workers = rayon_core::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let there = workers.install(|| cache.memo.worker_leaves(leader.flight()));
        (there.map(|by| by - now), cache.memo.worker_leaves(leader.flight()))
    }

    #[test]
    fn what_workers_were_let_go_from_does_not_tell_how_long_computations_take() {
        for lets_go in [false, true] {
            let time = Arc::new(Manual::default());
            let runtime = Runtime::new(Clock::Manual(time.clone()));
            let cache = TestMemo::within(runtime, Spec::new("stage", &["key"]), MemoSpec::new());
            let Step::Lead(leader) = cache.begin(1, Intent::Read) else { unreachable!() };
            if lets_go {
                let bounds = WaitBounds {
                    max_wait: None,
                    until: None,
                    own: false,
                    begins_from: None,
                    worker_leaves: Some(0),
                };
                let worker = Waiter::new(leader.flight().clone(), 0, None, None);
                assert!(matches!(worker.block(cache.memo.clock(), bounds), WaitOutcome::LetGo));
            }
            time.advance(300);
            assert_eq!(compute_as_leader(leader, &[], || Ok(1)), Ok(1));
            assert_eq!(cache.memo.typical_duration.get(), (!lets_go).then_some(300));
        }
    }

    #[test]
    fn a_worker_waits_for_twice_as_long_as_computations_take() {
        // As long as nothing is known, in proportion to what it has taken already.
        assert_eq!(leaves(&[], 0), (Some(5), None));
        assert_eq!(leaves(&[], 40), (Some(80), None));
        assert_eq!(leaves(&[100], 20), (Some(180), None));
        assert_eq!(leaves(&[100, 20], 20), (Some(140), None));
        // It is overdue.
        assert_eq!(leaves(&[100], 300), (Some(5), None));
        // Never longer than any waiter.
        assert_eq!(leaves(&[10_000], 0), (Some(1_000), None));
        assert_eq!(leaves(&[], 10_000), (Some(1_000), None));
    }
}
