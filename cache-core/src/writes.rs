//! What one call of a function under `#[invalidates]` invalidates.

use std::future::Future;

/// Invalidates what a function has written, once it has written it.
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
/// It goes on any function with a body that can run: asynchronous or not, generic or not, methods, functions of an
/// `impl` of a trait, default methods. It changes nothing else about it.
///
/// # When
///
/// After the function has returned, and before its caller goes on; where it returns a `Result`, by whatever name,
/// after `Ok` only. Also when it panics, or when its future is dropped before its end: then nobody knows what was
/// written, and to drop too much costs a miss. The future of an `async fn` that was never polled has written
/// nothing; of a function that returns a future the body has run.
///
/// Nobody who calls after that gets a value from before, and none that is being computed is stored.
///
/// # What
///
/// | option | names |
/// | --- | --- |
/// | `entries = [get_cat(id)]` | one call, by what is part of its key: the arguments of `get_cat::key` |
/// | `entries = [self.cat(id), Db::cat(id)]` | of a method: `self.cat_key(id)`, `Db::cat_key(id)`. A type's name begins with a capital |
/// | `memos = [list_cats, get::<u32>, Db::cat]` | all calls of a function: `list_cats::memo()`, `Db::cat_memo()` |
/// | `memos = [self.cats]` | a field of type [`Memo`](crate::Memo) |
/// | `tags = ["cats", "cat:{name}", Owner(id)]`, `tag = "cats"` | as in `#[memoize]`; an `Option` of a tag may be `None` |
/// | `matching = "*get_cat({name:?}*"`, `= ["..", ".."]` | every key, of all functions, that displays so: see [`AnyMemoRef::invalidate_matching`](crate::AnyMemoRef::invalidate_matching) |
/// | `entries = [..ids.iter().map(\|id\| get_cat::key(*id))]` | what an iterator gives; in `tags` and `memos`, too |
/// | `entries = [CatNode { id }, (made(id))]` | a struct, a name, a field, what is in parentheses, and the rest of expressions, is taken as it is: a key, a memo, or what else is [`Into<Invalidation>`](crate::Invalidation) |
/// | `into = pending` | what is named goes there instead: see [`Pending`] |
/// | `crate = path` | where `cache_core` is found, if it is re-exported |
///
/// Keys display arguments by `Debug`, so a hole of a pattern is mostly `{name:?}`. A `*` or `?` in what fills it
/// matches as one, since patterns have no way to say otherwise: that drops too much, and never too little.
///
/// # Arguments and value
///
/// Expressions and templates see the arguments by name, as they are where they are `Copy`, else by reference. They
/// are made before the body runs, which may consume its arguments.
///
/// What mentions `value` is made after success: `value` is a reference to the `Ok` of a `Result`, or to what else
/// is returned. It is not known when the call panics or is dropped; name what is enough then by the arguments. If it
/// mentions arguments as well, those that are no `&T` are cloned before the body runs.
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
/// A `?` that meets `None` leaves its item out. So does a panic: the call never fails for what is named. (A hole of
/// a pattern that cannot be shown matches anything; where the `Eq` of a key panics, its whole memo is cleared. What
/// `into` says is computed as part of the call.)
///
/// # With `#[memoize]`
///
/// Above `#[memoize]` it acts when the body has run, below it after each call, hits included.
///
/// # Cost
///
/// That of the keys and tags that are made, a list of them, and what their invalidation costs. The body becomes a
/// closure, or an `async` block.
pub use cache_macros::invalidates;

use crate::invalidation::Invalidation;
use crate::pending::Pending;
use crate::sync::guarded;
use crate::tags::IntoTag;
use crate::value::{OkOnly, Plain};

/// What one call writes. It is invalidated when this is dropped: after success, and when nobody knows, since
/// the call has panicked or its future was dropped.
///
/// Naming it runs the user's code, whose panics must not disturb the call: what could not be made is left out.
#[derive(Default)]
pub struct Writes {
    named: Vec<Invalidation>,
    into: Option<Pending>,
}

impl Writes {
    /// To be invalidated when the call is done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// To be collected when the call is done.
    #[must_use]
    pub fn into(pending: &Pending) -> Self {
        Self { named: Vec::new(), into: Some(pending.clone()) }
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

    /// Names what matches a pattern.
    pub fn matching(&mut self, pattern: impl Into<String>) {
        self.named.push(Invalidation::matching(pattern));
    }

    /// The call has returned. If that is a success, what needs its value is named now; else nothing was written.
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
        match &self.into {
            Some(pending) => pending.extend(named),
            None => drop(Invalidation::apply_all(named)),
        }
    }
}

/// What of a return is the value of a success.
pub trait Success<R> {
    /// The value.
    type Value;
    /// The value, if it is one.
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

/// What names entries or memos.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names nothing to invalidate",
    label = "neither an entry nor a memo",
    note = "an entry is a call of a memoized function, `get_cat(name)`, or a `Key`; a memo is such a function, `list_cats`, or a `Memo`; or it is whatever is `Into<cache_core::Invalidation>`"
)]
pub trait Names {
    /// What it names.
    fn named(self) -> Invalidation;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Invalidation>> Names for T {
    fn named(self) -> Invalidation {
        self.into()
    }
}

/// What the body may consume, for after it; `None` if the user's code has panicked.
pub fn keep<T>(make: impl FnOnce() -> T) -> Option<T> {
    guarded(make)
}

/// A part of a tag, made before the body; `None` also where it is to be left out.
pub fn keep_piece(text: impl FnOnce() -> Option<String>) -> Option<String> {
    guarded(text).flatten()
}

/// A hole of a pattern. One that cannot be shown matches anything.
pub fn hole(text: impl FnOnce() -> String) -> String {
    guarded(text).unwrap_or_else(|| "*".to_owned())
}

/// Runs a body.
#[inline]
pub fn begin<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Nothing, of the type that a body returns: it fixes that type.
#[must_use]
#[inline]
pub fn no<R>() -> Option<R> {
    None
}

/// A call that has returned.
#[inline]
pub fn wrote<R>(writes: Writes, output: R, settle: impl FnOnce(Writes, &R)) -> R {
    settle(writes, &output);
    output
}

/// The future of a call. What it writes is invalidated when it is dropped before its end, too.
pub async fn writing<F: Future>(
    writes: Writes,
    body: F,
    settle: impl FnOnce(Writes, &F::Output),
) -> F::Output {
    let output = body.await;
    wrote(writes, output, settle)
}
