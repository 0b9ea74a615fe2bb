//! `ttl` and `jitter`: when an entry is no longer fresh.

use std::time::Duration;

use super::Rules;
use crate::time::{NEVER, Tick, after};

impl Rules {
    /// Returns the first tick at which an entry that is stored now is no longer fresh, by its own ttl, or
    /// `None` if it would never be fresh. The ttl is shortened by up to the part `jitter`, so that entries
    /// which are written together do not all expire together. A `draw` of 0 leaves it as it is, and a `draw`
    /// of 1 shortens it by the whole part. Only whole ticks are taken off, so at least one is left.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a positive number of ticks, which is far below 2^64"
    )]
    pub(crate) fn deadline(
        &self,
        ttl: Option<Duration>,
        now: Tick,
        draw: impl FnOnce() -> f64,
    ) -> Option<Tick> {
        let deadline = ttl.map_or(NEVER, |ttl| after(now, ttl));
        if deadline <= now {
            return None;
        }
        let shortens = self.jitter > 0.0 && deadline < NEVER;
        let off = if shortens { (deadline - now) as f64 * self.jitter * draw() } else { 0.0 };
        Some(deadline - off as Tick)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const TTL: Option<Duration> = Some(Duration::from_secs(100));

    fn deadline(ttl: Option<Duration>, jitter: f64, now: Tick, draw: impl FnOnce() -> f64) -> Option<Tick> {
        Rules { jitter, ..Rules::new() }.deadline(ttl, now, draw)
    }

    fn unused() -> f64 {
        unreachable!("there is nothing to draw")
    }

    #[test]
    fn a_ttl_ends_at_the_tick() {
        assert_eq!(deadline(TTL, 0.0, 7, unused), Some(100_007));
        assert_eq!(deadline(None, 0.5, 7, unused), Some(NEVER));
        assert_eq!(deadline(Some(Duration::MAX), 0.0, 7, unused), Some(NEVER));
    }

    #[test]
    fn what_would_never_be_fresh_has_no_deadline() {
        assert_eq!(deadline(Some(Duration::ZERO), 0.0, 7, unused), None);
        assert_eq!(deadline(Some(Duration::from_micros(999)), 0.0, 7, unused), None);
    }

    #[test]
    fn jitter_shortens_by_no_more_than_its_part() {
        assert_eq!(deadline(TTL, 0.1, 0, || 0.0), Some(100_000));
        assert_eq!(deadline(TTL, 0.1, 0, || 0.5), Some(95_000));
        assert_eq!(deadline(TTL, 0.1, 0, || 1.0), Some(90_000));
    }

    #[test]
    fn jitter_is_spread_over_its_part() {
        let mut random = fastrand::Rng::with_seed(7);
        let drawn: Vec<Tick> = (0..10_000).filter_map(|_| deadline(TTL, 0.1, 0, || random.f64())).collect();
        assert_eq!(drawn.len(), 10_000);
        assert!(drawn.iter().all(|deadline| (90_000..=100_000).contains(deadline)));
        for tenth in 0..10 {
            let from = 90_000 + tenth * 1_000;
            let within = drawn.iter().filter(|deadline| (from..from + 1_000).contains(*deadline)).count();
            assert!((800..1_200).contains(&within), "{within} from {from} on");
        }
    }

    #[test]
    fn no_ttl_is_too_long_or_too_short_for_jitter() {
        assert_eq!(deadline(Some(Duration::MAX), f64::EPSILON, 0, || 0.1), Some(NEVER));
        assert_eq!(deadline(Some(Duration::MAX), 0.9, 0, unused), Some(NEVER));
        assert_eq!(deadline(Some(Duration::from_millis(1)), 0.99, 7, || 0.99), Some(8));
        assert_eq!(deadline(Some(Duration::ZERO), 0.5, 7, unused), None);
    }
}
