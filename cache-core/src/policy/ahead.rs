//! `refresh_ahead`: entries that are still fresh, but are to be computed anew in the background.

use std::time::Duration;

use super::Times;
use crate::time::{NEVER, Tick, after};

/// When a hit begins to compute its entry anew.
#[derive(Clone, Copy, Debug)]
pub enum Ahead {
    /// After this part of its ttl.
    Fraction(f64),
    /// After so long.
    Age(Duration),
    /// By chance: sooner the longer it takes to compute, and the nearer its end is; the factor says how
    /// eagerly. Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention",
    /// VLDB 2015.
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
            // What does not end has no part of it.
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
