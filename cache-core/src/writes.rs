//! The invalidations of one call of a function under `#[invalidates]`.

use std::future::Future;
use std::sync::Arc;

/// Invalidates entries after a function has changed the data that they were computed from.
///
/// ```
/// use cache_core::{invalidates, memoize};
/// # use std::io::Error;
///
/// #[memoize(tags = ["owner:{value.owner}"])]
/// fn get_cat(id: u64) -> Cat {
///     load(id)
/// }
///
/// #[memoize]
/// fn list_cats() -> Vec<Cat> {
///     (1..=3).map(load).collect()
/// }
///
/// #[invalidates(entries = [get_cat(id)], memos = [list_cats], tags = ["owner:{to}"])]
/// fn give_away(id: u64, to: u64) -> Result<(), Error> {
///     store(id, to)
/// }
/// # #[derive(Clone)] struct Cat { owner: u64 }
/// # fn load(id: u64) -> Cat { Cat { owner: id } }
/// # fn store(id: u64, to: u64) -> Result<(), Error> {
/// #     if to == 0 { Err(Error::other("nobody")) } else { Ok(()) }
/// # }
///
/// get_cat(1);
/// give_away(1, 0).unwrap_err();
/// assert!(get_cat::key(1).is_live());
/// give_away(1, 7).unwrap();
/// assert!(!get_cat::key(1).is_live());
/// ```
///
/// It can be put on any function with a body that can run: functions that are asynchronous or generic,
/// methods, functions in an `impl` of a trait, default methods. It changes nothing else about the function.
///
/// # When
///
/// The entries are invalidated after the function has returned and before its caller goes on. If it returns a
/// `Result`, by any name, they are invalidated only after an `Ok`. They are also invalidated if the function
/// panics, or if its future is dropped before it ends: nobody knows then what was written, and an unnecessary
/// drop only costs a miss. If the future of an `async fn` was never polled, nothing was written and nothing
/// is dropped. If another function returns a future, its body has already run, so the entries are invalidated
/// even if that future is never polled.
///
/// No call that starts after that gets an older value, and no older value that is being computed is stored.
///
/// # What
///
/// | option | names |
/// | --- | --- |
/// | `entries = [get_cat(id)]` | the entry of one call, by the arguments of its key, those of `get_cat::key` |
/// | `entries = [self.cat(id), Db::cat(id)]` | the same for a method: `self.cat_key(id)`, `Db::cat_key(id)`. The name of a type begins with a capital |
/// | `memos = [list_cats, get::<u32>, Db::cat]` | all calls of a function: `list_cats::memo()`, `Db::cat_memo()` |
/// | `memos = [self.cats]` | a field of type [`Memo`](crate::Memo) |
/// | `tags = ["cats", "cat:{name}", Owner(id)]`, `tag = "cats"` | as in `#[memoize]`; an `Option` of a tag may be `None` |
/// | `matching = "*get_cat({name:?}*"`, `= ["..", ".."]` | the entries of all functions whose keys display like this: see [`AnyMemoRef::invalidate_matching`](crate::AnyMemoRef::invalidate_matching) |
/// | `entries = [..ids.iter().map(\|id\| get_cat::key(*id))]` | all items of an iterator; this also works in `tags` and `memos` |
/// | `entries = [CatNode { id }, (made(id))]` | any other expression is used as it is: a struct, a name, a field, or an expression in parentheses. Its value is a key, a memo, or anything else that is [`Into<Invalidation>`](crate::Invalidation) |
/// | `into = pending` | nothing: the invalidations are collected there instead of being applied; see [`Pending`] |
/// | `crate = path` | nothing: it sets the path of `cache_core`, if it is re-exported |
///
/// Keys display arguments by `Debug`, so a hole of a pattern is mostly `{name:?}`. A `*` or `?` in the text
/// that fills a hole also matches other text, because patterns have no escapes. So a pattern may drop too
/// much, and never too little.
///
/// # Arguments and value
///
/// Expressions and templates use the arguments by name: a `Copy` argument by value, any other by reference.
/// They are evaluated before the body runs, because the body may consume its arguments.
///
/// An item that uses `value` is evaluated after success. `value` is a reference to the `Ok` of a `Result`, or
/// to the return value of any other type. There is no `value` if the call panics or is dropped, so name
/// enough by the arguments. If such an item also uses arguments that are passed by value, they are cloned
/// before the body runs. It cannot use a `&mut` argument.
///
/// ```
/// # use cache_core::{invalidates, memoize};
/// # #[derive(Clone)] struct Cat { id: u64, mother: Option<u64> }
/// # #[memoize] fn get_cat(id: u64) -> Option<Cat> { None }
/// # #[memoize] fn kittens_of(id: u64) -> Vec<Cat> { Vec::new() }
/// #[invalidates(tag = "cats", entries = [get_cat(value.id), kittens_of(value.mother?)])]
/// async fn create(name: String) -> Result<Cat, String> {
///     // ..
/// #   Err(name)
/// }
/// ```
///
/// A `?` on a `None` leaves its item out. So does a panic in an item: the call does not fail for it. If the
/// `Debug` of a pattern's hole panics, the hole matches anything. If the `Eq` of a key panics, its memo is
/// cleared. The expression of `into` is part of the call, so a panic in it reaches the caller.
///
/// # With `#[memoize]`
///
/// Above `#[memoize]`, it acts when the body has run. Below it, it acts after each call, hits included.
///
/// # Cost
///
/// A call makes the keys and tags and a list of them, and invalidates them. The body becomes a closure or an
/// `async` block.
pub use cache_macros::invalidates;

use crate::invalidation::Invalidation;
use crate::memo::Applied;
use crate::pending::Pending;
use crate::sync::guarded;
use crate::sync::plain::Mutex;
use crate::tags::IntoTag;
use crate::value::{OkOnly, Plain};

/// The invalidations of one call. They are applied when this is dropped: after success, and also if the call
/// has panicked or its future was dropped, because nobody knows then what was written.
///
/// Naming them runs the user's code. A panic in it must not disturb the call, so its item is left out.
#[derive(Default)]
pub struct Writes {
    named: Vec<Invalidation>,
    into: Option<Pending>,
    /// Where it is told what stores have not carried out yet.
    sent: Option<Sent>,
}

/// What has become of the invalidations of a call.
type Sent = Arc<Mutex<Applied>>;

impl Writes {
    /// What stores have not carried out yet is found there when the list was applied.
    fn sent(&mut self) -> Option<Sent> {
        if cfg!(feature = "store") && self.into.is_none() {
            self.sent = Some(Sent::default());
        }
        self.sent.clone()
    }

    /// Makes a list that is applied when the call is done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a list that goes into a [`Pending`] when the call is done.
    #[must_use]
    pub fn into(pending: &Pending) -> Self {
        Self { named: Vec::new(), into: Some(pending.clone()), sent: None }
    }

    /// Names entries or memos.
    pub fn add<I>(&mut self, make: impl FnOnce() -> I)
    where
        I: IntoIterator,
        I::Item: Names,
    {
        guarded(|| make().into_iter().for_each(|each| self.named.push(each.named())));
    }

    /// Names tags.
    pub fn tags<I>(&mut self, make: impl FnOnce() -> I)
    where
        I: IntoIterator,
        I::Item: IntoTag,
    {
        let named = |each: I::Item| each.tag_name().map(Invalidation::from);
        guarded(|| self.named.extend(make().into_iter().filter_map(named)));
    }

    /// Names the entries whose keys match a pattern.
    pub fn matching(&mut self, pattern: impl Into<String>) {
        self.named.push(Invalidation::matching(pattern));
    }

    /// Ends the list when the call has returned. After a success, the items that use its value are named now.
    /// After an error, nothing was written and the list is emptied.
    pub fn settle<R, S: Success<R>>(mut self, _: S, output: &R, name: impl FnOnce(&mut Self, &S::Value)) {
        match S::value(output) {
            Some(value) => name(&mut self, value),
            None => drop(guarded(|| self.named.clear())),
        }
    }
}

impl Drop for Writes {
    fn drop(&mut self) {
        let named = std::mem::take(&mut self.named);
        if let Some(pending) = &self.into {
            return pending.extend(named);
        }
        let applied = Invalidation::apply_all(named);
        if let Some(sent) = &self.sent {
            *sent.lock() = applied;
        }
    }
}

/// Finds the value of a success in what a function returns.
pub trait Success<R> {
    /// The value.
    type Value;
    /// Returns the value, if the call was a success.
    fn value(output: &R) -> Option<&Self::Value>;
}

impl<R> Success<R> for Plain {
    type Value = R;
    fn value(output: &R) -> Option<&R> {
        Some(output)
    }
}

impl<T, E> Success<Result<T, E>> for OkOnly {
    type Value = T;
    fn value(output: &Result<T, E>) -> Option<&T> {
        output.as_ref().ok()
    }
}

/// A value that names entries or memos.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names nothing to invalidate",
    label = "neither an entry nor a memo",
    note = "an entry is a call of a memoized function, `get_cat(name)`, or a `Key`; a memo is such a function, `list_cats`, or a `Memo`; or it is whatever is `Into<cache_core::Invalidation>`"
)]
pub trait Names {
    /// Returns the invalidation of what it names.
    fn named(self) -> Invalidation;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Invalidation>> Names for T {
    fn named(self) -> Invalidation {
        self.into()
    }
}

/// Keeps a copy of what the body may consume, for use after it. Returns `None` if the user's code has
/// panicked.
pub fn keep<T>(make: impl FnOnce() -> T) -> Option<T> {
    guarded(make)
}

/// Makes a part of a tag before the body runs. Returns `None` if the tag is to be left out, or after a panic.
pub fn keep_piece(text: impl FnOnce() -> Option<String>) -> Option<String> {
    guarded(text).flatten()
}

/// Fills a hole of a pattern. If the text cannot be made, the hole matches anything.
pub fn hole(text: impl FnOnce() -> String) -> String {
    guarded(text).unwrap_or_else(|| "*".to_owned())
}

/// Runs a body.
#[inline]
pub fn begin<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Returns `None`, with the type that a body returns. It fixes that type.
#[must_use]
#[inline]
pub fn no<R>() -> Option<R> {
    None
}

/// Ends a call that has returned.
#[inline]
pub fn wrote<R>(mut writes: Writes, output: R, settle: impl FnOnce(Writes, &R)) -> R {
    let sent = writes.sent();
    settle(writes, &output);
    sent.iter().map(taken).for_each(wait_for_stores);
    output
}

fn taken(sent: &Sent) -> Applied {
    std::mem::take(&mut *sent.lock())
}

/// Waits until stores have carried out an invalidation. One that has failed gets it before anything else is read there.
#[cfg(feature = "store")]
#[expect(clippy::needless_pass_by_value, reason = "it is waited for once")]
fn wait_for_stores(applied: Applied) {
    let _ = applied.wait();
}

/// There are no stores.
#[cfg(not(feature = "store"))]
fn wait_for_stores(_: Applied) {}

/// Runs the future of a call. The invalidations are also applied if it is dropped before its end.
pub async fn writing<F: Future>(
    writes: Writes,
    body: F,
    settle: impl FnOnce(Writes, &F::Output),
) -> F::Output {
    let (output, mut writes) = (body.await, writes);
    let sent = writes.sent();
    settle(writes, &output);
    #[cfg(feature = "store")]
    if let Some(applied) = sent.as_ref().map(taken) {
        let _ = applied.await;
    }
    #[cfg(not(feature = "store"))]
    drop(sent);
    output
}
