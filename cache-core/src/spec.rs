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

/// Setters: the name of each, what it is given, and the field that it sets.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $t:ty => $($field:ident).+ = $value:expr;)*) => { $(
        $(#[$doc])*
        pub const fn $name(mut self, $name: $t) -> Self {
            self.$($field).+ = $value;
            self
        }
    )* };
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

    options! {
        /// How long an entry is fresh.
        ttl: Duration => rules.ttl = Some(ttl);
        /// How long an entry may go unread.
        idle: Duration => rules.idle = Some(ticks(idle));
        /// How long past its ttl an entry is an answer while it is computed anew.
        stale_while_revalidate: Duration => rules.stale_while_revalidate = ticks(stale_while_revalidate);
        /// How long past its ttl an entry is an answer if the computation fails.
        stale_if_error: Duration => rules.stale_if_error = ticks(stale_if_error);
        /// When a hit begins to compute its entry anew.
        refresh_ahead: Ahead => rules.ahead = Some(refresh_ahead);
        /// The tags of every entry.
        tags: &'static [&'static str] => tags = tags;
        /// Which entry makes room when the memo is full.
        policy: Policy => policy = policy;
        /// Whether callers wait for a computation under way.
        single_flight: bool => single_flight = single_flight;
        /// How long a waiter waits before it may compute by itself.
        max_wait: Duration => max_wait = max_wait;
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

    /// An entry also carries the tags of what is read while it is computed.
    pub const fn inherit_tags(mut self) -> Self {
        self.inherit_tags = true;
        self
    }
}
