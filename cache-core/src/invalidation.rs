//! Invalidations as values: what to invalidate is named now and invalidated later.

use std::fmt;
use std::sync::Arc;

use crate::handles::{
    self, AllMemos, AnyKey, AnyMemoRef, Key, Memo, Tagged, clear, invalidate_matching, registry, tag,
};
use crate::memo::Applied;
use crate::sync::guarded;
use crate::tags::{Severity, Tag, TagName};

/// An invalidation as a value. It names an entry, a tag, a memo, or the entries that match a text.
///
/// Making one does nothing. Each call of [`apply`](Self::apply) invalidates. An invalidation can be kept,
/// collected in a [`Pending`](crate::Pending), sent through a channel to
/// [`invalidate_on`](crate::invalidate_on()), or named by [`#[invalidates]`](macro@crate::invalidates). It
/// promises the same as the verb, whatever it names: no call that starts after `apply` has returned gets an
/// older value, and no older value that is being computed is stored.
///
/// If it was made in a test scope (feature `testing`), it takes effect in that scope, wherever it is applied.
///
/// ```
/// use cache_core::{Invalidation, memoize, tag};
///
/// #[memoize(name = "cats::lives", tags = ["cat:{name}"])]
/// fn lives(name: &str) -> u32 {
///     9
/// }
///
/// let names: [Invalidation; 6] = [
///     lives::key("tom").into(),
///     lives::memo().into(),
///     tag("cat:tom").into(),
///     Invalidation::memo("cats::lives"),
///     Invalidation::matching(r#"*lives("t*"#),
///     Invalidation::key_text(r#"cats::lives("tom")"#),
/// ];
/// for each in names {
///     lives("tom");
///     assert_eq!(each.apply().count(), 1);
///     assert_eq!(each.apply().count(), 0);
/// }
/// ```
#[derive(Clone)]
pub struct Invalidation {
    target: Target,
    severity: Severity,
    #[cfg(feature = "testing")]
    scope: Option<crate::memo::scope::Scope>,
}

#[derive(Clone, Debug)]
enum Target {
    Tag(Tagged),
    Entry(AnyKey),
    Memo(Arc<dyn MemoSet>),
    Matching(String),
    KeyText(String),
    Named(String),
}

/// A memo or several, of any types.
trait MemoSet: fmt::Debug + Send + Sync {
    fn memos(&self) -> Vec<AnyMemoRef>;
}

impl Invalidation {
    fn new(target: Target) -> Self {
        Self {
            target,
            severity: Severity::Hard,
            #[cfg(feature = "testing")]
            scope: crate::memo::scope::current(),
        }
    }

    /// Names every entry of a tag: see [`Tagged::invalidate`].
    #[must_use]
    pub fn tag(tag: impl Tag) -> Self {
        handles::tag(tag).into()
    }

    /// Names every entry, of all memos, whose key matches a pattern of `*` and `?`: see
    /// [`AnyMemoRef::invalidate_matching`].
    #[must_use]
    pub fn matching(pattern: impl Into<String>) -> Self {
        Self::new(Target::Matching(pattern.into()))
    }

    /// Names the entry whose key displays as this text: see
    /// [`Registry::invalidate_key_text`](crate::Registry::invalidate_key_text).
    #[must_use]
    pub fn key_text(text: impl Into<String>) -> Self {
        Self::new(Target::KeyText(text.into()))
    }

    /// Names every entry of all memos with this registered name, including memos of fields.
    #[must_use]
    pub fn memo(name: impl Into<String>) -> Self {
        Self::new(Target::Named(name.into()))
    }

    /// Makes it the soft form, which marks entries stale: see [`Key::mark_stale`].
    #[must_use]
    pub fn soft(mut self) -> Self {
        self.severity = Severity::Soft;
        self
    }

    /// Invalidates. It has taken effect in this process when it returns.
    ///
    /// # Panics
    ///
    /// If the `Eq` of a key's own type does.
    pub fn apply(&self) -> Applied {
        #[cfg(feature = "testing")]
        let _inside = self.scope.as_ref().map(crate::memo::scope::Scope::enter);
        match &self.target {
            Target::Tag(tag) => tag.invalidate_as(self.severity),
            Target::Entry(key) => key.invalidate_as(self.severity),
            Target::Memo(whole) => clear(&whole.memos(), self.severity),
            Target::Matching(pattern) => invalidate_matching(&registry().memos(), pattern, self.severity),
            Target::KeyText(text) => registry().invalidate_shown_as(text, self.severity),
            Target::Named(name) => {
                let memos = registry().memos().into_iter();
                let memos: Vec<AnyMemoRef> = memos.filter(|memo| memo.name() == name).collect();
                clear(&memos, self.severity)
            }
        }
    }

    /// Applies all of them, even if the user's code panics. If the `Eq` of a key panics, it is not known
    /// which entry is meant, so its memo is cleared.
    pub(crate) fn apply_all(all: impl IntoIterator<Item = Self>) -> Applied {
        let applied = all.into_iter().map(|each| {
            let whole = match &each.target {
                Target::Entry(key) => Some(key.memo()),
                _ => None,
            };
            let severity = each.severity;
            let clear = || guarded(|| Some(clear(&[whole?], severity)))?;
            let applied = guarded(move || each.apply()).or_else(clear);
            applied.unwrap_or_default()
        });
        applied.sum()
    }
}

impl fmt::Debug for Invalidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)?;
        if self.severity == Severity::Soft { f.write_str(".soft()") } else { Ok(()) }
    }
}

impl From<&Self> for Invalidation {
    fn from(other: &Self) -> Self {
        other.clone()
    }
}

impl From<Tagged> for Invalidation {
    fn from(tag: Tagged) -> Self {
        Self::new(Target::Tag(tag))
    }
}

impl From<TagName> for Invalidation {
    fn from(name: TagName) -> Self {
        tag(name).into()
    }
}

/// By value and by reference: what names entries are handles.
macro_rules! from {
    ($([$($generics:tt)*] $t:ty => |$it:ident| $target:expr;)*) => { $(
        impl<$($generics)*> From<$t> for Invalidation {
            fn from(it: $t) -> Self {
                Self::from(&it)
            }
        }

        impl<$($generics)*> From<&$t> for Invalidation {
            fn from($it: &$t) -> Self {
                Self::new($target)
            }
        }
    )* };
}

from! {
    [V: 'static, M] Key<V, M> => |key| Target::Entry(key.any());
    [] AnyKey => |key| Target::Entry(key.clone());
    [V: 'static, M: 'static] Memo<V, M> => |memo| Target::Memo(Arc::new(memo.clone()));
    [] AnyMemoRef => |memo| Target::Memo(Arc::new(memo.clone()));
    [] AllMemos => |memos| Target::Memo(Arc::new(*memos));
}

impl<V: 'static, M> MemoSet for Memo<V, M> {
    fn memos(&self) -> Vec<AnyMemoRef> {
        self.memos()
    }
}

impl MemoSet for AnyMemoRef {
    fn memos(&self) -> Vec<AnyMemoRef> {
        vec![self.clone()]
    }
}

impl MemoSet for AllMemos {
    fn memos(&self) -> Vec<AnyMemoRef> {
        self.memos()
    }
}
