//! What an attribute says of its function, as constants.

use std::time::Duration;

use crate::policy::{Ahead, Policy, Rules};
use crate::time::ticks;

/// Entries a memo holds unless its attribute says otherwise.
pub(crate) const DEFAULT_CAPACITY: usize = 10_000;
/// How long a flight holds its waiters unless the attribute says otherwise.
pub(crate) const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(5);

/// The constants of one memoized function, written by the attribute.
#[derive(Clone, Copy)]
#[must_use]
pub struct Spec {
    pub(crate) name: &'static str,
    #[cfg_attr(not(feature = "json"), expect(dead_code, reason = "names arguments given as JSON"))]
    pub(crate) parts: &'static [&'static str],
    pub(crate) rules: Rules,
    pub(crate) tags: &'static [&'static str],
    pub(crate) capacity: usize,
    pub(crate) policy: Policy,
    pub(crate) single_flight: bool,
    pub(crate) max_wait: Duration,
    pub(crate) inherit_tags: bool,
}

impl Spec {
    /// Of a function by its registered name, with the names of the parts of its key.
    pub const fn new(name: &'static str, parts: &'static [&'static str]) -> Self {
        Self {
            name,
            parts,
            rules: Rules::new(),
            tags: &[],
            capacity: DEFAULT_CAPACITY,
            policy: Policy::Adaptive,
            single_flight: true,
            max_wait: DEFAULT_MAX_WAIT,
            inherit_tags: false,
        }
    }

    /// How long an entry is fresh.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.rules.ttl = Some(ttl);
        self
    }

    /// How long an entry may go unread.
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.rules.idle = Some(ticks(idle));
        self
    }

    /// By which part of itself each ttl may be shortened.
    ///
    /// # Panics
    ///
    /// If it is not from 0 to 1: at compile time, since attributes are constants.
    pub const fn jitter(mut self, jitter: f64) -> Self {
        assert!(jitter >= 0.0 && jitter < 1.0, "`jitter` is a part of the ttl: from 0 to less than 1");
        self.rules.jitter = jitter;
        self
    }

    /// How long past its ttl an entry is an answer while it is computed anew.
    pub const fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.rules.stale_while_revalidate = ticks(window);
        self
    }

    /// How long past its ttl an entry is an answer if the computation fails.
    pub const fn stale_if_error(mut self, window: Duration) -> Self {
        self.rules.stale_if_error = ticks(window);
        self
    }

    /// When a hit begins to compute its entry anew.
    pub const fn refresh_ahead(mut self, ahead: Ahead) -> Self {
        self.rules.ahead = Some(ahead);
        self
    }

    /// The tags of every entry.
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// How many entries, or how much weight.
    ///
    /// # Panics
    ///
    /// If it is 0: at compile time, since attributes are constants.
    pub const fn capacity(mut self, capacity: usize) -> Self {
        assert!(capacity > 0, "a capacity of 0 keeps nothing: leave `#[memoize]` out instead");
        self.capacity = capacity;
        self
    }

    /// No bound.
    pub const fn unbounded(mut self) -> Self {
        self.capacity = usize::MAX;
        self
    }

    /// Who makes room.
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether callers wait for a computation under way.
    pub const fn single_flight(mut self, single_flight: bool) -> Self {
        self.single_flight = single_flight;
        self
    }

    /// An entry also carries the tags of what is read while it is computed.
    pub const fn inherit_tags(mut self) -> Self {
        self.inherit_tags = true;
        self
    }

    /// How long before a waiter is let go.
    pub const fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }
}
