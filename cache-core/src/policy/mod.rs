//! How long an entry is used, and what for: rules over times alone, which know nothing of stores,
//! functions or threads. Here they are put together; each has a file of its own. Who makes room is told
//! in [`eviction`].

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

/// What the options of a memo say about the life of its entries.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) ttl: Option<Duration>,
    pub(crate) idle: Option<Tick>,
    /// By which part of itself a ttl may be shortened.
    pub(crate) jitter: f64,
    /// None: 0.
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
    /// It was marked stale; then its deadline is no later than that.
    pub(crate) marked: bool,
    /// When it was last read, where that matters.
    pub(crate) read: Tick,
    /// How long it took to compute, where that matters.
    pub(crate) cost: Tick,
    /// Before this nobody tries again to compute it, since it has failed.
    pub(crate) retry_at: Tick,
    /// It is being computed anew in the background.
    pub(crate) renewing: bool,
    /// It is an error that is kept: nothing to fall back to, so windows do not open for it.
    pub(crate) is_error: bool,
}

impl Times {
    /// The same of an entry that is marked stale then.
    pub(crate) fn marked_at(self, at: Tick) -> Self {
        Self { marked: true, deadline: self.deadline.min(at), ..self }
    }
}

/// What an entry is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// No longer fresh, but within a stale window.
    Stale,
    /// For nothing.
    Dead,
}

/// What a call does that finds an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answers with it.
    Serve,
    /// It answers with it, and has it computed anew in the background.
    Renew,
    /// It computes.
    Compute,
}

impl Rules {
    pub(crate) const fn new() -> Self {
        Self { ttl: None, idle: None, jitter: 0.0, stale_while_revalidate: 0, stale_if_error: 0, ahead: None }
    }

    /// Whether an entry may be of use when it is no longer fresh.
    pub(crate) fn has_window(&self) -> bool {
        self.window() > 0
    }

    /// The longer of the stale windows, which open when an entry is no longer fresh, as those of
    /// [RFC 5861](https://www.rfc-editor.org/rfc/rfc5861).
    fn window(&self) -> Tick {
        self.stale_while_revalidate.max(self.stale_if_error)
    }

    /// Whether an entry that is fresh by its ttl is to be looked at all the same.
    pub(crate) fn checks_fresh(&self) -> bool {
        self.idle.is_some() || self.ahead.is_some()
    }

    /// Whether it matters how long a computation took.
    pub(crate) fn needs_cost(&self) -> bool {
        matches!(self.ahead, Some(Ahead::XFetch(_)))
    }

    /// The first tick at which an entry of this deadline is good for nothing.
    pub(crate) fn end(&self, deadline: Tick) -> Tick {
        later(deadline, self.window())
    }

    /// The same of an entry that nobody reads any more.
    pub(crate) fn end_unread(&self, times: &Times) -> Tick {
        self.end_since(times.deadline, || times.read, times.is_error)
    }

    /// The same of one that was read then for the last time.
    pub(crate) fn end_since(&self, deadline: Tick, read: impl FnOnce() -> Tick, is_error: bool) -> Tick {
        let end = if is_error { deadline } else { self.end(deadline) };
        self.idle.map_or(NEVER, |idle| later(read(), idle)).min(end)
    }

    /// What an entry is good for.
    pub(crate) fn freshness(&self, times: &Times, now: Tick) -> Freshness {
        if self.end_unread(times) <= now {
            Freshness::Dead
        } else if !times.marked && now < times.deadline {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    /// What a call does that finds an entry. `draw` is from 0 to 1.
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
            // Who fails is not asked by each call.
            Freshness::Stale if is_resting && is_within(self.stale_if_error, times, now) => Verdict::Serve,
            Freshness::Stale | Freshness::Dead => Verdict::Compute,
        }
    }

    /// Whether a call whose computation has failed, or is late, answers with an entry.
    pub(crate) fn on_failure(&self, times: &Times, now: Tick) -> bool {
        match self.freshness(times, now) {
            Freshness::Fresh => !times.is_error,
            Freshness::Stale => is_within(self.stale_if_error, times, now),
            Freshness::Dead => false,
        }
    }
}

/// Whether a stale window is open. One that is not there has no inside: a mark may lie a little in the future of who
/// reads the clock.
fn is_within(window: Tick, times: &Times, now: Tick) -> bool {
    window > 0 && !times.is_error && now < later(times.deadline, window)
}

#[cfg(all(test, not(loom)))]
mod tests;
