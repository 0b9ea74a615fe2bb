//! The computation under way, as its own body sees it.

use std::fmt;
use std::sync::Arc;

use crate::flight::{BodyControl, FlightContext, current};
use crate::metadata::IntoTtl;
use crate::tags::Tag;

/// The computation that runs this code: what a body knows about its value that the attribute cannot.
///
/// Within the body of a memoized function this is the call that it computes, across `.await`, and in what
/// it hands to [`inherit`](crate::inherit) or [`inherit_task`](crate::inherit_task). Calls made by it have
/// their own. Outside, and within a call whose value is not stored in any case (`uncached`, `bypass_if`,
/// caching switched off, a call computed in place), there is none: each of its methods then says so,
/// and does nothing.
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

/// The computation under way. See [`computing`].
#[derive(Clone)]
pub struct Computing(Option<Arc<FlightContext>>);

impl Computing {
    fn control(&self) -> Option<&BodyControl> {
        self.0.as_ref()?.control.as_ref()
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.control().is_some_and(|control| control.say(|_| ()))
    }

    /// The value that is there for this call, cloned: fresh, or within a stale window. `None` if there is
    /// none, if it was invalidated, or if `T` is not what companions of the function speak of (what
    /// `entry(..).get()` returns).
    #[must_use]
    pub fn previous<T: 'static>(&self) -> Option<T> {
        let previous = self.control()?.previous()?;
        previous.downcast().ok().map(|previous| *previous)
    }

    /// Lets the value be fresh for so long, whatever the attribute says: a `Duration`, or an `Option` of one,
    /// where `None` is without end. Of several the last counts. Whether there is a computation to tell.
    pub fn set_ttl(&self, ttl: impl IntoTtl) -> bool {
        let ttl = ttl.into_ttl();
        self.say(|decisions| decisions.ttl = Some(ttl))
    }

    /// Adds a tag to those that the attribute gives. Whether there is a computation to tell.
    pub fn add_tag(&self, tag: impl Tag) -> bool {
        let name = tag.name();
        self.say(|decisions| decisions.tags.push(name))
    }

    /// The value is returned to those who wait for it, and not stored. Whether there is a computation to
    /// tell.
    pub fn no_store(&self) -> bool {
        self.say(|decisions| decisions.refused = true)
    }

    /// What is returned is the [`previous`](Self::previous) value: its entry is given a new life in place
    /// of being replaced. `on_store` and `on_evict` do not run, and what was computed from it stays.
    /// If the entry is no longer there by then, what is returned is stored as usual. Whether there is a
    /// computation with a previous value to tell.
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
