//! Why a store could not do what it was asked for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The reason of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached, or is broken.
    Unavailable,
    /// The store did not answer in time.
    TimedOut,
    /// The store has no room.
    Full,
    /// The store does not take what it was given: a value that is too large, or a write to a read-only store.
    Refused,
    /// The store cannot do this at all.
    Unsupported,
    /// What was asked for makes no sense, such as a ttl that is no duration.
    Invalid,
    /// A value could not be encoded, or what was encoded cannot be decoded again.
    Encoding,
    /// A number was to be added to something that is not an integer.
    NotAnInteger,
    /// Others changed the same key at each attempt.
    Contended,
    /// The store is in use by another process, or is open already.
    InUse,
    /// The store was closed.
    Closed,
}

/// A store could not do what it was asked for.
#[derive(Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: Arc<str>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error of a kind. The message says what happened, and which store it is.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into().into(), source: None }
    }

    /// The same, with the error that caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The reason.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// The error of what needs a feature that is not compiled in, with the line for `Cargo.toml`.
#[cfg(not(all(feature = "msgpack", feature = "postcard", feature = "zstd")))]
pub(crate) fn missing_feature(what: &str, feature: &str) -> StoreError {
    let version = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    let message = format!(
        "{what} needs a feature of cache-core that is not compiled in; in Cargo.toml: \
         cache-core = {{ version = \"{version}\", features = [\"{feature}\"] }}"
    );
    StoreError::new(StoreErrorKind::Unsupported, message)
}
