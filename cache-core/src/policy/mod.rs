//! How long an entry may be used, and for what. These rules only concern times; they know nothing of stores,
//! functions or threads. This file puts them together, and each has its own file. Which entry makes room for
//! another is decided in [`eviction`].

mod ahead;
mod backoff;
pub(crate) mod eviction;
mod ttl;

use std::time::Duration;

pub use ahead::Ahead;
pub(crate) use backoff::retry_at;
pub use eviction::Policy;
pub(crate) use eviction::{Evictor, NONE, SlotId, SlotState, SlotTable};

use crate::time::{NEVER, Tick, later};

/// The options of a memo about the life of its entries.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) ttl: Option<Duration>,
    pub(crate) idle: Option<Tick>,
    /// The part of a ttl by which it may be shortened.
    pub(crate) jitter: f64,
    /// 0 if there is none.
    pub(crate) stale_while_revalidate: Tick,
    pub(crate) stale_if_error: Tick,
    pub(crate) ahead: Option<Ahead>,
}

/// The times of one entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) created: Tick,
    /// The first tick at which it is no longer fresh.
    pub(crate) deadline: Tick,
    /// Whether it was marked stale. Its deadline is then no later than the mark.
    pub(crate) marked: bool,
    /// When it was last read, if that matters.
    pub(crate) read: Tick,
    /// How long it took to compute, if that matters.
    pub(crate) cost: Tick,
    /// After a failure it is not computed again before this.
    pub(crate) retry_at: Tick,
    /// Whether it is being computed anew in the background.
    pub(crate) renewing: bool,
    /// Whether it is an error that is kept. No stale window opens for an error.
    pub(crate) is_error: bool,
}

impl Times {
    /// Returns the times of the same entry, marked stale at this tick.
    pub(crate) fn marked_at(self, at: Tick) -> Self {
        Self { marked: true, deadline: self.deadline.min(at), ..self }
    }
}

/// Whether an entry may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// No longer fresh, but within a stale window.
    Stale,
    /// Never returned again.
    Dead,
}

/// What a call does with an entry that it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It returns the entry.
    Serve,
    /// It returns the entry, and starts a new computation in the background.
    Renew,
    /// It computes.
    Compute,
}

impl Rules {
    pub(crate) const fn new() -> Self {
        Self { ttl: None, idle: None, jitter: 0.0, stale_while_revalidate: 0, stale_if_error: 0, ahead: None }
    }

    /// Whether an entry may be used after it is no longer fresh.
    pub(crate) fn has_window(&self) -> bool {
        self.window() > 0
    }

    /// The longer of the stale windows. They open when an entry is no longer fresh, like those of
    /// [RFC 5861](https://www.rfc-editor.org/rfc/rfc5861).
    fn window(&self) -> Tick {
        self.stale_while_revalidate.max(self.stale_if_error)
    }

    /// Whether a hit must look at the times of an entry that is fresh by its ttl.
    pub(crate) fn checks_fresh(&self) -> bool {
        self.idle.is_some() || self.ahead.is_some()
    }

    /// Whether it matters how long a computation took.
    pub(crate) fn needs_cost(&self) -> bool {
        matches!(self.ahead, Some(Ahead::XFetch(_)))
    }

    /// The first tick at which an entry with this deadline is dead.
    pub(crate) fn end(&self, deadline: Tick) -> Tick {
        later(deadline, self.window())
    }

    /// The first tick at which an entry is dead if nobody reads it again.
    pub(crate) fn end_unread(&self, times: &Times) -> Tick {
        self.end_since(times.deadline, || times.read, times.is_error)
    }

    /// The first tick at which an entry is dead if `read` returns the tick of its last read.
    pub(crate) fn end_since(&self, deadline: Tick, read: impl FnOnce() -> Tick, is_error: bool) -> Tick {
        let end = if is_error { deadline } else { self.end(deadline) };
        self.idle.map_or(NEVER, |idle| later(read(), idle)).min(end)
    }

    /// Decides whether an entry may be used.
    pub(crate) fn freshness(&self, times: &Times, now: Tick) -> Freshness {
        if self.end_unread(times) <= now {
            Freshness::Dead
        } else if !times.marked && now < times.deadline {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    /// Decides what a call does with an entry that it finds. `draw` is from 0 to 1.
    pub(crate) fn on_call(&self, times: &Times, now: Tick, draw: impl FnOnce() -> f64) -> Verdict {
        let is_resting = now < times.retry_at;
        let renewable = !is_resting && !times.renewing;
        match self.freshness(times, now) {
            Freshness::Fresh => match self.ahead {
                Some(ahead) if renewable && ahead.is_due(times, now, draw) => Verdict::Renew,
                _ => Verdict::Serve,
            },
            Freshness::Stale if is_within(self.stale_while_revalidate, times, now) && renewable => {
                Verdict::Renew
            }
            Freshness::Stale if is_within(self.stale_while_revalidate, times, now) => Verdict::Serve,
            // A failing origin is not asked by each call.
            Freshness::Stale if is_resting && is_within(self.stale_if_error, times, now) => Verdict::Serve,
            Freshness::Stale | Freshness::Dead => Verdict::Compute,
        }
    }

    /// Whether a call returns this entry if its computation has failed or is late.
    pub(crate) fn on_failure(&self, times: &Times, now: Tick) -> bool {
        match self.freshness(times, now) {
            Freshness::Fresh => !times.is_error,
            Freshness::Stale => is_within(self.stale_if_error, times, now),
            Freshness::Dead => false,
        }
    }
}

/// Whether a stale window is open. A window of 0 is never open: a mark may lie a little in the future of a
/// thread that reads the coarse clock.
fn is_within(window: Tick, times: &Times, now: Tick) -> bool {
    window > 0 && !times.is_error && now < later(times.deadline, window)
}

#[cfg(all(test, not(loom)))]
mod tests;
