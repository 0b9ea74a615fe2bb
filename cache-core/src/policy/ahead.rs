//! `refresh_ahead`: when a fresh entry is computed anew in the background.

use std::time::Duration;

use super::Times;
use crate::time::{NEVER, Tick, after};

/// When a hit starts a new computation of its entry.
#[derive(Clone, Copy, Debug)]
pub enum Ahead {
    /// After this part of its ttl.
    Fraction(f64),
    /// At this age.
    Age(Duration),
    /// At random. It is more likely the nearer the end is and the longer the computation takes; a larger
    /// factor starts earlier. Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede
    /// Prevention", VLDB 2015.
    XFetch(f64),
}

impl Ahead {
    /// Whether an entry is due. `draw` is from 0 to 1.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ticks are far below 2^52, and a float that is too large saturates"
    )]
    pub(super) fn is_due(self, times: &Times, now: Tick, draw: impl FnOnce() -> f64) -> bool {
        match self {
            Self::Age(age) => after(times.created, age) <= now,
            // A ttl without end has no part.
            Self::Fraction(_) | Self::XFetch(_) if times.deadline == NEVER => false,
            Self::Fraction(part) => {
                let ttl = times.deadline.saturating_sub(times.created);
                times.created.saturating_add((ttl as f64 * part) as Tick) <= now
            }
            Self::XFetch(beta) => {
                let left = times.deadline.saturating_sub(now) as f64;
                let scale = times.cost as f64 * beta;
                // A draw of 0 would be an infinite gap; this is as small as draws otherwise get.
                left <= -scale * draw().max(f64::EPSILON).ln()
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// From 1 000 to 11 000, so that a part of its ttl is not one of its deadline; computed in 100.
    const TIMES: Times = Times {
        created: 1_000,
        deadline: 11_000,
        marked: false,
        read: 1_000,
        cost: 100,
        retry_at: 0,
        renewing: false,
        is_error: false,
    };

    /// The first tick at which an entry is due.
    fn due_from(ahead: Ahead, times: &Times, draw: f64) -> Option<Tick> {
        (times.created..=times.deadline).find(|now| ahead.is_due(times, *now, || draw))
    }

    #[test]
    fn a_fraction_is_of_the_whole_ttl() {
        let from = |part| due_from(Ahead::Fraction(part), &TIMES, 0.5);
        assert_eq!([0.0, 0.25, 0.8, 1.0].map(from), [1_000, 3_500, 9_000, 11_000].map(Some));
    }

    #[test]
    fn an_age_counts_from_when_it_was_stored() {
        let from = |millis| due_from(Ahead::Age(Duration::from_millis(millis)), &TIMES, 0.5);
        assert_eq!([0, 1, 4_000].map(from), [1_000, 1_001, 5_000].map(Some));
        assert_eq!(due_from(Ahead::Age(Duration::MAX), &TIMES, 0.5), None);
    }

    #[test]
    fn what_has_no_end_is_due_by_its_age_alone() {
        let times = Times { deadline: NEVER, ..TIMES };
        assert!(Ahead::Age(Duration::from_secs(1)).is_due(&times, 2_000, || 0.0));
        for ahead in [Ahead::Fraction(0.0), Ahead::XFetch(1e9)] {
            assert!(!ahead.is_due(&times, NEVER - 1, || 0.0), "{ahead:?}");
        }
    }

    /// `now - cost * beta * ln(draw) >= expiry`, as the paper has it.
    #[test]
    fn xfetch_follows_its_formula() {
        // ln(1/e) is -1: due as long before the end as it takes to compute, times beta.
        let draw = (-1.0f64).exp();
        for (beta, from) in [(1.0, 10_900), (2.0, 10_800), (0.5, 10_950)] {
            assert_eq!(due_from(Ahead::XFetch(beta), &TIMES, draw), Some(from), "beta {beta}");
        }
        let slower = Times { cost: 1_000, ..TIMES };
        assert_eq!(due_from(Ahead::XFetch(1.0), &slower, draw), Some(10_000));
        assert_eq!(due_from(Ahead::XFetch(1.0), &TIMES, (-3.0f64).exp()), Some(10_700));
    }

    #[test]
    fn xfetch_waits_for_the_end_where_nothing_is_gained() {
        let quick = Times { cost: 0, ..TIMES };
        for (times, beta, draw) in [(quick, 1.0, 0.0), (TIMES, 0.0, 0.0), (TIMES, 1.0, 1.0)] {
            assert_eq!(due_from(Ahead::XFetch(beta), &times, draw), Some(11_000), "{times:?} {beta} {draw}");
        }
    }

    /// The gap before the end is exponentially distributed: an entry is due with a probability of
    /// e^(-left / (cost * beta)).
    #[test]
    fn xfetch_is_as_likely_as_the_paper_says() {
        const DRAWS: u32 = 100_000;
        let mut random = fastrand::Rng::with_seed(7);
        for (beta, left, likely) in
            [(1.0, 100, 0.3679), (1.0, 300, 0.0498), (2.0, 100, 0.6065), (0.5, 25, 0.6065)]
        {
            let draw = |_: &u32| Ahead::XFetch(beta).is_due(&TIMES, 11_000 - left, || random.f64());
            let due = (0..DRAWS).filter(draw).count();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let part = due as f64 / f64::from(DRAWS);
            // Eight standard deviations at most.
            assert!((part - likely).abs() < 0.0125, "beta {beta}, {left} before the end: {part}");
        }
    }
}
