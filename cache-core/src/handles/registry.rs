//! Every memo that has been used, for tools: find by name, list, invalidate by name and arguments.

use std::error::Error;
use std::fmt;

#[cfg(feature = "json")]
use super::AnyKey;
use super::{AnyMemoRef, invalidate_matching, invalidate_shown};
use crate::memo::{Applied, Runtime};
use crate::tags::Severity;

/// Every memo of this process, from its first use on.
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

/// The memos of this process. See [`registry`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Registry;

impl Registry {
    /// The memos that have been used: those of functions in the order of their first use, then those
    /// of fields.
    #[must_use]
    pub fn memos(&self) -> Vec<AnyMemoRef> {
        Runtime::current().memos().into_iter().map(AnyMemoRef).collect()
    }

    /// The memo of the function of this name; if several share it, the one that was used first. Memos
    /// of fields are not found by name: there may be as many as there are instances.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<AnyMemoRef> {
        let mut memos = Runtime::current().memos_of_functions().into_iter();
        memos.find(|memo| *memo.name == *name).map(AnyMemoRef)
    }

    /// Invalidates, in every memo, the entries whose key matches a pattern: see
    /// [`AnyMemoRef::invalidate_matching`].
    pub fn invalidate_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(&self.memos(), pattern, Severity::Hard)
    }

    /// The soft form of [`invalidate_matching`](Self::invalidate_matching): see
    /// [`Key::mark_stale`](crate::Key::mark_stale).
    pub fn mark_stale_matching(&self, pattern: &str) -> Applied {
        invalidate_matching(&self.memos(), pattern, Severity::Soft)
    }

    /// The soft form of [`invalidate_key_text`](Self::invalidate_key_text).
    pub fn mark_stale_key_text(&self, text: &str) -> Applied {
        self.invalidate_shown_as(text, Severity::Soft)
    }

    /// Invalidates the entry whose key displays as this text, such as `cats::get_cat("tom")`; values being
    /// computed for it are not stored. No character stands for others. If arguments are not `Debug`, several
    /// keys may show alike: all of them go. Looks at every entry of the functions that the text begins with.
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
        invalidate_shown(&memos, &|key| key == text, severity)
    }

    /// The key of a call, from the name of its function and its arguments as JSON: see
    /// [`AnyMemoRef::key_of_json`].
    ///
    /// # Errors
    ///
    /// If no memo of this name has been used yet, or the arguments do not fit.
    #[cfg(feature = "json")]
    pub fn key(&self, name: &str, arguments: &impl serde::Serialize) -> Result<AnyKey, LookupError> {
        let memo = self.find(name).ok_or_else(|| LookupError::name(name))?;
        memo.key_of_json(arguments)
    }

    /// Invalidates the entry of a call, by the same.
    ///
    /// # Errors
    ///
    /// If no memo of this name has been used yet, or the arguments do not fit.
    #[cfg(feature = "json")]
    pub fn invalidate(&self, name: &str, arguments: &impl serde::Serialize) -> Result<Applied, LookupError> {
        Ok(self.key(name, arguments)?.invalidate())
    }

    /// The soft form of [`invalidate`](Self::invalidate).
    ///
    /// # Errors
    ///
    /// If no memo of this name has been used yet, or the arguments do not fit.
    #[cfg(feature = "json")]
    pub fn mark_stale(&self, name: &str, arguments: &impl serde::Serialize) -> Result<Applied, LookupError> {
        Ok(self.key(name, arguments)?.mark_stale())
    }
}

/// Why a name and arguments do not lead to an entry.
#[derive(Clone, Debug)]
pub struct LookupError {
    kind: LookupErrorKind,
    text: String,
}

/// The kinds of [`LookupError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupErrorKind {
    /// No memo of this name has been used yet.
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
    pub(crate) fn arguments(name: &str, why: &str) -> Self {
        Self { kind: LookupErrorKind::Arguments, text: format!("arguments of `{name}`: {why}") }
    }

    /// What is wrong.
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
