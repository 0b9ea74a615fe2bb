//! How long a call waits for its value, and the error when that was too long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a call waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// After this time an older value may be returned.
    pub(crate) soft: Option<Duration>,
    /// After this time the call returns.
    pub(crate) hard: Option<Duration>,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { soft: None, hard: None };

    /// Sets the time after which an older value may be returned: `soft_timeout`, `fallback_after`.
    #[must_use]
    pub const fn soft(mut self, limit: Duration) -> Self {
        self.soft = Some(limit);
        self
    }

    /// Sets the time after which the call returns: `timeout`.
    #[must_use]
    pub const fn hard(mut self, limit: Duration) -> Self {
        self.hard = Some(limit);
        self
    }
}

/// The error of a call that waited longer than its function's `timeout` and had no older value to return.
///
/// It is converted into the error type of the function by `From`, unless `timeout_error` sets another error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedOut {
    name: Arc<str>,
    limit: Duration,
}

impl TimedOut {
    pub(crate) fn new(name: Arc<str>, limit: Duration) -> Self {
        Self { name, limit }
    }

    /// Returns the registered name of the function.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the limit: the `timeout` of the function.
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
