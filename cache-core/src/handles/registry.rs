//! The registry of all memos that have been used, for tools that list, find and invalidate by name.

use std::error::Error;
use std::fmt;

#[cfg(feature = "json")]
use super::AnyKey;
use super::{AnyMemoRef, invalidate_key_text, invalidate_matching};
use crate::memo::{Applied, Runtime};
use crate::tags::Severity;

/// Returns the registry, which knows every memo of this process, or of the test scope of this thread, from
/// its first use on.
///
/// ```
/// use cache_core::{memoize, registry};
///
/// #[memoize(name = "cats::lives")]
/// fn lives(name: &str) -> u32 {
///     9
/// }
///
/// lives("tom");
/// let memo = registry().find("cats::lives").unwrap();
/// assert_eq!(memo.any_keys()[0].to_string(), r#"cats::lives("tom")"#);
/// # #[cfg(feature = "json")]
/// assert_eq!(registry().invalidate("cats::lives", &("tom",)).unwrap().count(), 1);
/// ```
#[must_use]
pub fn registry() -> Registry {
    Registry
}

/// The registry of all memos. See [`registry`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Registry;

impl Registry {
    /// Returns all memos that have been used: the memos of functions in the order of their first use, then
    /// those of fields that still exist.
    #[must_use]
    pub fn memos(&self) -> Vec<AnyMemoRef> {
        Runtime::current().memos().into_iter().map(AnyMemoRef).collect()
    }

    /// Returns the memo of the function with this name. If several functions share the name, it is the one
    /// that was used first. Memos of fields are not found by name, because each instance has its own.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<AnyMemoRef> {
        let mut memos = Runtime::current().memos_of_functions().into_iter();
        memos.find(|memo| *memo.name == *name).map(AnyMemoRef)
    }

    /// Invalidates, in all memos, the entries whose key matches a pattern: see
    /// [`AnyMemoRef::invalidate_matching`].
    pub fn invalidate_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(&self.memos(), pattern, Severity::Hard)
    }

    /// Marks entries stale, which is the soft form of [`invalidate_matching`](Self::invalidate_matching): see
    /// [`Key::mark_stale`](crate::Key::mark_stale).
    pub fn mark_stale_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(&self.memos(), pattern, Severity::Soft)
    }

    /// Marks the entry stale, which is the soft form of [`invalidate_key_text`](Self::invalidate_key_text).
    pub fn mark_stale_key_text(&self, text: &str) -> Applied {
        self.invalidate_shown_as(text, Severity::Soft)
    }

    /// Invalidates the entry whose key displays as this text, such as `cats::get_cat("tom")`. The value of a
    /// running computation for it is not stored. The text is no pattern: `*` and `?` only match themselves.
    /// If arguments are not `Debug`, several keys may display alike, and all of them are invalidated. It
    /// looks at every entry of the functions with whose names the text begins.
    ///
    /// ```
    /// # use cache_core::{memoize, registry};
    /// #[memoize(name = "cats::lives")]
    /// fn lives(name: &str) -> u32 {
    ///     9
    /// }
    ///
    /// lives("tom");
    /// assert_eq!(registry().invalidate_key_text(r#"cats::lives("t*")"#).count(), 0);
    /// assert_eq!(registry().invalidate_key_text(r#"cats::lives("tom")"#).count(), 1);
    /// ```
    pub fn invalidate_key_text(&self, text: &str) -> Applied {
        self.invalidate_shown_as(text, Severity::Hard)
    }

    pub(crate) fn invalidate_shown_as(self, text: &str, severity: Severity) -> Applied {
        // A key begins with the name of its function.
        let memos: Vec<_> = self.memos().into_iter().filter(|memo| text.starts_with(memo.name())).collect();
        invalidate_key_text(&memos, text, severity)
    }

    /// Returns the key of a call, made from the name of its function and its arguments as JSON: see
    /// [`AnyMemoRef::key_of_json`].
    ///
    /// # Errors
    ///
    /// If no memo of this name has been used yet, or the arguments do not fit.
    #[cfg(feature = "json")]
    pub fn key(&self, name: &str, arguments: &impl serde::Serialize) -> Result<AnyKey, LookupError> {
        let memo = self.find(name).ok_or_else(|| {
            let is_of_fields = self.memos().iter().any(|memo| memo.name() == name);
            if is_of_fields { LookupError::of_fields(name) } else { LookupError::name(name) }
        })?;
        memo.key_of_json(arguments)
    }

    /// Invalidates the entry of a call, given by the name of its function and its arguments as
    /// [`key`](Self::key) takes them.
    ///
    /// # Errors
    ///
    /// If no memo of this name has been used yet, or the arguments do not fit.
    #[cfg(feature = "json")]
    pub fn invalidate(&self, name: &str, arguments: &impl serde::Serialize) -> Result<Applied, LookupError> {
        Ok(self.key(name, arguments)?.invalidate())
    }

    /// Marks the entry stale, which is the soft form of [`invalidate`](Self::invalidate).
    ///
    /// # Errors
    ///
    /// If no memo of this name has been used yet, or the arguments do not fit.
    #[cfg(feature = "json")]
    pub fn mark_stale(&self, name: &str, arguments: &impl serde::Serialize) -> Result<Applied, LookupError> {
        Ok(self.key(name, arguments)?.mark_stale())
    }
}

/// The error if a name and arguments are not those of a call.
#[derive(Clone, Debug)]
pub struct LookupError {
    kind: LookupErrorKind,
    text: String,
}

/// The kinds of [`LookupError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupErrorKind {
    /// No memo of this name has been used yet, or only memos in fields have.
    UnknownMemo,
    /// The arguments do not fit the key.
    Arguments,
}

impl LookupError {
    #[cfg(feature = "json")]
    pub(crate) fn name(name: &str) -> Self {
        let text = format!("no memo named `{name}` has been used yet");
        Self { kind: LookupErrorKind::UnknownMemo, text }
    }

    #[cfg(feature = "json")]
    fn of_fields(name: &str) -> Self {
        let text = format!(
            "`{name}` is a memo in a field, of which there may be one for each instance: use `invalidate_matching`, `invalidate_key_text`, or `key_of_json` of each"
        );
        Self { kind: LookupErrorKind::UnknownMemo, text }
    }

    #[cfg(feature = "json")]
    pub(crate) fn arguments(name: &str, why: &str) -> Self {
        Self { kind: LookupErrorKind::Arguments, text: format!("arguments of `{name}`: {why}") }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> LookupErrorKind {
        self.kind
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for LookupError {}
