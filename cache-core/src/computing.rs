//! The running computation, as its own body sees it.

use std::fmt;
use std::sync::Arc;

use crate::flight::{BodyControl, FlightContext, current};
use crate::metadata::IntoTtl;
use crate::tags::Tag;

/// Returns the computation that runs this code. Through it a body says what only the body knows about its
/// value.
///
/// In the body of a memoized function it is the computation of the call, also after an `.await` and in work
/// that the body passes to [`inherit`](crate::inherit) or [`inherit_task`](crate::inherit_task). A nested
/// memoized call has its own computation. There is none outside of memoized functions, nor in a call whose
/// value is never stored (`uncached`, `bypass_if`, caching switched off, a call computed in place). Without a
/// computation the methods do nothing and return `false` or `None`.
///
/// ```
/// use cache_core::{computing, memoize};
/// use std::time::Duration;
///
/// # struct Response { status: u16, etag: String, max_age: u64, body: String }
/// # fn http_get(_: &str, if_none_match: Option<String>) -> Response {
/// #     let status = if if_none_match.is_some() { 304 } else { 200 };
/// #     Response { status, etag: "v1".into(), max_age: 60, body: "<html>".into() }
/// # }
/// #[memoize(ttl = 60, stale_if_error = "1d")]
/// fn page(url: &str) -> Result<(String, String), std::io::Error> {
///     let computing = computing();
///     let previous = computing.previous::<(String, String)>();
///     let response = http_get(url, previous.as_ref().map(|(etag, _)| etag.clone()));
///     computing.set_ttl(Duration::from_secs(response.max_age));
///     match previous {
///         Some(previous) if response.status == 304 => {
///             computing.not_modified();
///             Ok(previous)
///         }
///         _ => Ok((response.etag, response.body)),
///     }
/// }
///
/// page("/")?;
/// page::entry("/").refresh()?;
/// assert_eq!(page::memo().stats().not_modified, 1);
/// assert!(!computing().is_under_way());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn computing() -> Computing {
    Computing(current().and_then(FlightContext::outside_updates))
}

/// The running computation, if there is one. See [`computing`].
#[derive(Clone)]
pub struct Computing(Option<Arc<FlightContext>>);

impl Computing {
    fn control(&self) -> Option<&BodyControl> {
        self.0.as_ref()?.control.as_ref()
    }

    /// Returns whether there is a computation, and its body has not returned yet.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.control().is_some_and(|control| control.say(|_| ()))
    }

    /// Returns a clone of the value that is stored for this call, fresh or stale. Returns `None` if there is
    /// none, if it was invalidated, or if `T` is not the type that companions of the function use (the one
    /// that `entry(..).get()` returns).
    #[must_use]
    pub fn previous<T: 'static>(&self) -> Option<T> {
        let previous = self.control()?.previous()?;
        previous.downcast().ok().map(|previous| *previous)
    }

    /// Sets the ttl of the value, whatever the attribute says: a `Duration`, or an `Option` of one, where
    /// `None` means without end. The last call counts. Returns whether there is a computation.
    pub fn set_ttl(&self, ttl: impl IntoTtl) -> bool {
        let ttl = ttl.into_ttl();
        self.say(|decisions| decisions.ttl = Some(ttl))
    }

    /// Adds a tag to those of the attribute. Returns whether there is a computation.
    pub fn add_tag(&self, tag: impl Tag) -> bool {
        let name = tag.name();
        self.say(|decisions| decisions.tags.push(name))
    }

    /// Lets the value be returned to all who wait for it, but not stored. Returns whether there is a
    /// computation.
    pub fn no_store(&self) -> bool {
        self.say(|decisions| decisions.refused = true)
    }

    /// Says that the body returns the [`previous`](Self::previous) value. The stored entry then starts a new
    /// ttl instead of being replaced: `on_store` and `on_evict` do not run, and its dependents stay. If the
    /// entry is gone by then, the returned value is stored as usual. Returns whether there is a computation
    /// with a previous value.
    pub fn not_modified(&self) -> bool {
        let has_previous = self.control().is_some_and(|control| control.previous().is_some());
        has_previous && self.say(|decisions| decisions.unmodified = true)
    }

    fn say(&self, say: impl FnOnce(&mut crate::flight::BodyDecisions)) -> bool {
        self.control().is_some_and(|control| control.say(say))
    }
}

impl fmt::Debug for Computing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computing").field("is_under_way", &self.is_under_way()).finish_non_exhaustive()
    }
}
