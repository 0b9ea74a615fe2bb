//! `ttl` and `jitter`: when an entry is no longer fresh.

use std::time::Duration;

use crate::time::{NEVER, Tick, after};

/// The first tick at which an entry that is stored now is no longer fresh; `None` if it never would be.
/// A ttl is shortened by up to `jitter` of itself, so that entries which are written together do not all
/// expire together; a `draw` of 0 leaves it as it is, one of 1 shortens it by all of that.
pub(super) fn deadline(
    ttl: Option<Duration>,
    jitter: f64,
    now: Tick,
    draw: impl FnOnce() -> f64,
) -> Option<Tick> {
    let Some(ttl) = ttl else { return Some(NEVER) };
    let ttl = if jitter > 0.0 { ttl.mul_f64((1.0 - jitter * draw()).clamp(0.0, 1.0)) } else { ttl };
    Some(after(now, ttl)).filter(|deadline| *deadline > now)
}
