//! How long a call waits for its value, and what it says when that was too long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a call waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// After so long an older value will do.
    pub(crate) soft: Option<Duration>,
    /// After so long the call returns.
    pub(crate) hard: Option<Duration>,
}

impl Limits {
    /// Without a limit.
    pub const NONE: Self = Self { soft: None, hard: None };

    /// After so long an older value will do: `soft_timeout`, `fallback_after`.
    #[must_use]
    pub const fn soft(mut self, limit: Duration) -> Self {
        self.soft = Some(limit);
        self
    }

    /// After so long the call returns: `timeout`.
    #[must_use]
    pub const fn hard(mut self, limit: Duration) -> Self {
        self.hard = Some(limit);
        self
    }
}

/// A computation has taken longer than its function's `timeout`, and there was no older value to return.
///
/// Converted into the error of the function by `From`, unless `timeout_error` says what to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedOut {
    name: Arc<str>,
    limit: Duration,
}

impl TimedOut {
    pub(crate) fn new(name: Arc<str>, limit: Duration) -> Self {
        Self { name, limit }
    }

    /// The registered name of the function.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it was waited for.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` took longer than {:?}", self.name, self.limit)
    }
}

impl std::error::Error for TimedOut {}
