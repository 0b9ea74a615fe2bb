//! What of a return is the value, and how those who wait for it learn of an error.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;

use crate::key::{Ty, picks};

/// What of a return is the value.
pub trait Outcome<R>: Copy + 'static {
    /// What the store keeps, before it is decided how.
    type Kept: 'static;
    /// The `value` of options and hooks: the `Ok` of a `Result`.
    type Value: 'static;
    /// The `error` of hooks: the `Err` of a `Result`.
    type Error: 'static;
    /// Takes the return apart; gives it back if it is not to be stored.
    fn split(output: R) -> Result<Self::Kept, R>;
    /// Puts it together again.
    fn join(kept: Self::Kept) -> R;
    /// The value, or the error that is kept in its place.
    fn seen(kept: &Self::Kept) -> Result<&Self::Value, &Self::Error>;
    /// The error of a return.
    fn error(output: &R) -> Option<&Self::Error>;
    /// The return, made of an error.
    fn of_error(error: Self::Error) -> R;
}

/// Returns that are values whole.
#[derive(Clone, Copy, Default)]
pub struct Plain;
/// `Result`s, of which only `Ok` is kept.
#[derive(Clone, Copy, Default)]
pub struct OkOnly;
/// `Result`s that are kept with their errors (`err_ttl`).
#[derive(Clone, Copy, Default)]
pub struct WithErrors;

impl<R: 'static> Outcome<R> for Plain {
    type Kept = R;
    type Value = R;
    type Error = Infallible;
    #[inline]
    fn split(output: R) -> Result<R, R> {
        Ok(output)
    }
    #[inline]
    fn join(kept: R) -> R {
        kept
    }
    #[inline]
    fn seen(kept: &R) -> Result<&R, &Infallible> {
        Ok(kept)
    }
    fn error(_: &R) -> Option<&Infallible> {
        None
    }
    fn of_error(error: Infallible) -> R {
        match error {}
    }
}

impl<T: 'static, E: 'static> Outcome<Result<T, E>> for OkOnly {
    type Kept = T;
    type Value = T;
    type Error = E;
    #[inline]
    fn split(output: Result<T, E>) -> Result<T, Result<T, E>> {
        output.map_err(Err)
    }
    #[inline]
    fn join(kept: T) -> Result<T, E> {
        Ok(kept)
    }
    #[inline]
    fn seen(kept: &T) -> Result<&T, &E> {
        Ok(kept)
    }
    fn error(output: &Result<T, E>) -> Option<&E> {
        output.as_ref().err()
    }
    fn of_error(error: E) -> Result<T, E> {
        Err(error)
    }
}

impl<T: 'static, E: 'static> Outcome<Result<T, E>> for WithErrors {
    type Kept = Result<T, E>;
    type Value = T;
    type Error = E;
    #[inline]
    fn split(output: Result<T, E>) -> Result<Result<T, E>, Result<T, E>> {
        Ok(output)
    }
    #[inline]
    fn join(kept: Result<T, E>) -> Result<T, E> {
        kept
    }
    #[inline]
    fn seen(kept: &Result<T, E>) -> Result<&T, &E> {
        kept.as_ref()
    }
    fn error(output: &Result<T, E>) -> Option<&E> {
        output.as_ref().err()
    }
    fn of_error(error: E) -> Result<T, E> {
        Err(error)
    }
}

picks! {
    /// Chooses the outcome of a `Result`.
    PickOkOnly::__outcome for &Ty<Result<T, E>> where [T, E] => OkOnly;
    /// Chooses the outcome of anything else.
    PickPlain::__outcome for Ty<R> where [R] => Plain;
    /// Chooses the outcome of a `Result` that is kept with its errors.
    PickWithErrors::__with_errors for &Ty<Result<T, E>> where [T, E] => WithErrors;
    /// What is not a `Result` has no errors to keep, and is refused elsewhere.
    PickWithoutErrors::__with_errors for Ty<R> where [R] => Plain;
    /// Chooses for errors that can be cloned.
    PickCloned::__errors for &Ty<Result<T, E>> where [T, E: Clone + Send + Sync + 'static] => Cloned;
    /// Chooses for all others.
    PickUncloned::__errors for Ty<R> where [R] => Uncloned;
}

/// The `Result` that `err_ttl` and companions that speak of the value need.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`",
    label = "not `core::result::Result`",
    note = "`err_ttl`, `on_error`, `share_error`, `fallback_if` and `timeout` need a function that returns a `Result`, and so do `stale_if_error` without `soft_timeout` and `origin_first` without `fallback_after`"
)]
pub trait IsResult {
    /// The type of its `Ok`.
    type Ok;
    /// The type of its `Err`.
    type Err;
    /// An `Err`.
    fn err(error: Self::Err) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E> IsResult for Result<T, E> {
    type Ok = T;
    type Err = E;
    fn err(error: E) -> Self {
        Err(error)
    }
}

/// The `Option` that `none_ttl` needs.
#[diagnostic::on_unimplemented(
    message = "`none_ttl` needs a function whose value is an `Option`, not `{Self}`",
    label = "not an `Option`",
    note = "leave `none_ttl` out"
)]
pub trait IsOption {
    /// Whether it is `None`.
    fn is_none(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T> IsOption for Option<T> {
    #[inline]
    fn is_none(&self) -> bool {
        Option::is_none(self)
    }
}

/// The errors that `share_error` makes.
#[diagnostic::on_unimplemented(
    message = "`share_error` makes errors for waiters, and `{Self}` cannot be sent to them",
    label = "not `Send`",
    note = "let the function's error be `Send`, or leave `share_error` out"
)]
pub trait IsSent: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Send + 'static> IsSent for E {}

/// The error that a waiter gets, made of the leader's.
pub fn share<E: IsSent>(error: &E, share: fn(&E) -> E) -> Box<dyn Any + Send> {
    Box::new(share(error))
}

/// How those who wait for a flight learn of its error.
pub trait ShareError<R>: Copy + 'static {
    /// A copy of the error for the others, if it can be copied.
    fn share(output: &R) -> Option<Arc<dyn Any + Send + Sync>>;
    /// The return, made of it.
    fn unshare(shared: &(dyn Any + Send + Sync)) -> Option<R>;
}

/// The error can be cloned.
#[derive(Clone, Copy, Default)]
pub struct Cloned;
/// It cannot.
#[derive(Clone, Copy, Default)]
pub struct Uncloned;

impl<T, E: Clone + Send + Sync + 'static> ShareError<Result<T, E>> for Cloned {
    fn share(output: &Result<T, E>) -> Option<Arc<dyn Any + Send + Sync>> {
        match output {
            Ok(_) => None,
            Err(error) => Some(Arc::new(error.clone())),
        }
    }
    fn unshare(shared: &(dyn Any + Send + Sync)) -> Option<Result<T, E>> {
        shared.downcast_ref::<E>().map(|error| Err(error.clone()))
    }
}

impl<R> ShareError<R> for Uncloned {
    fn share(_: &R) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }
    fn unshare(_: &(dyn Any + Send + Sync)) -> Option<R> {
        None
    }
}
