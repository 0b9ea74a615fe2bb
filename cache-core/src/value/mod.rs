//! Values: what of a function's return is kept, how it is handed out, and how the return is put
//! together again.
//!
//! Decided by the return's type, through aliases too, with the same dispatch as for keys.

#![expect(clippy::missing_errors_doc, reason = "hidden: named by expansions only")]

mod kind;
mod outcome;
mod returned;
mod shared_error;
mod stored_form;

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use kind::ReturnKind;
#[cfg(test)]
pub(crate) use outcome::Cloned;
use outcome::ShareError;
#[cfg(feature = "store")]
pub(crate) use outcome::Uncloned;
pub use outcome::{
    IsOption, IsResult, IsSent, Outcome, PickCloned, PickOkOnly, PickPlain, PickUncloned, PickWithErrors,
    PickWithoutErrors, share,
};
pub(crate) use outcome::{OkOnly, Plain};
use stored_form::StoredForm;
pub use stored_form::{
    PickAsBytes, PickBehind, PickErrorNotKept, PickInPlace, PickNotCloned, PickNotSent, PickNotSync,
};

pub(crate) use returned::{ReturnSlot, Returned};
pub(crate) use shared_error::SharedError;

use crate::key::Ty;

/// What companions speak of.
pub trait Companions<R>: Copy + 'static {
    /// The type they speak of.
    type CompanionValue: 'static;
    /// From a return, if that has it.
    fn of_return(output: R) -> Option<Self::CompanionValue>;
    /// To a return.
    fn to_return(companion_value: Self::CompanionValue) -> R;
}

/// The value: where the return is visibly a `Result`.
#[derive(Clone, Copy)]
pub struct OfValue;
/// The return.
#[derive(Clone, Copy)]
pub struct OfReturn;

impl<T: 'static, E> Companions<Result<T, E>> for OfValue {
    type CompanionValue = T;
    #[inline]
    fn of_return(output: Result<T, E>) -> Option<T> {
        output.ok()
    }
    fn to_return(companion_value: T) -> Result<T, E> {
        Ok(companion_value)
    }
}

impl<R: 'static> Companions<R> for OfReturn {
    type CompanionValue = R;
    #[inline]
    fn of_return(output: R) -> Option<R> {
        Some(output)
    }
    fn to_return(companion_value: R) -> R {
        companion_value
    }
}

/// All that is decided about a function's return.
pub trait Returns: Copy + 'static {
    /// The return.
    type Output: 'static;
    /// The `value` of options and hooks.
    type Value: 'static;
    /// The `error` of hooks.
    type Error: 'static;
    /// What companions speak of.
    type CompanionValue: 'static;
    /// What the store keeps.
    type StoredValue: Clone + Send + Sync + 'static;

    /// Takes a return apart; gives it back if it is not to be stored.
    fn split(output: Self::Output) -> Result<Self::StoredValue, Self::Output>;
    /// Puts a return together.
    fn join(stored: Self::StoredValue) -> Self::Output;
    /// The value, unless an error is kept.
    fn value(stored: &Self::StoredValue) -> Option<&Self::Value>;
    /// The error of a return.
    fn error(output: &Self::Output) -> Option<&Self::Error>;
    /// The error, if one is kept.
    fn kept_error(stored: &Self::StoredValue) -> Option<&Self::Error>;
    /// The return, made of an error.
    fn of_error(error: Self::Error) -> Self::Output;
    /// What companions hand out.
    fn companion_value(stored: Self::StoredValue) -> Option<Self::CompanionValue>;
    /// What companions take in.
    fn keep(companion_value: Self::CompanionValue) -> Option<Self::StoredValue>;
    /// A copy of the error for those who wait.
    fn share_error(output: &Self::Output) -> Option<Arc<dyn Any + Send + Sync>>;
    /// The return, made of such a copy.
    fn unshare_error(shared: &(dyn Any + Send + Sync)) -> Option<Self::Output>;
}

/// The decisions, put together by the attribute.
pub struct Return<R, O, H, E, F>(PhantomData<fn() -> (R, O, H, E, F)>);

impl<R, O, H, E, F> Clone for Return<R, O, H, E, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, O, H, E, F> Copy for Return<R, O, H, E, F> {}

impl<R: 'static, O: Outcome<R>, H: StoredForm<O::Kept>, E: ShareError<R>, F: Companions<R>>
    Return<R, O, H, E, F>
{
    /// Puts the decisions together.
    pub fn new(_: Ty<R>, _: O, _: Ty<H>, _: E, _: F) -> Self {
        Self(PhantomData)
    }
}

/// A return, and the type of what is kept of it.
#[cfg(feature = "store")]
pub trait StoresKept: Returns {
    /// What is kept: the value, or all of a `Result` whose errors are kept.
    type Kept: 'static;
    /// Looks at it.
    fn view(stored: &Self::StoredValue) -> &Self::Kept;
    /// Takes it in.
    fn of_kept(kept: Self::Kept) -> Self::StoredValue;
}

#[cfg(feature = "store")]
impl<R, O, H, E, F> StoresKept for Return<R, O, H, E, F>
where
    R: 'static,
    O: Outcome<R>,
    H: StoredForm<O::Kept>,
    E: ShareError<R>,
    F: Companions<R>,
{
    type Kept = O::Kept;

    fn view(stored: &H) -> &O::Kept {
        H::view(stored)
    }
    fn of_kept(kept: O::Kept) -> H {
        H::from_value(kept)
    }
}

impl<R, O, H, E, F> Returns for Return<R, O, H, E, F>
where
    R: 'static,
    O: Outcome<R>,
    H: StoredForm<O::Kept>,
    E: ShareError<R>,
    F: Companions<R>,
{
    type Output = R;
    type Value = O::Value;
    type Error = O::Error;
    type CompanionValue = F::CompanionValue;
    type StoredValue = H;

    #[inline]
    fn split(output: R) -> Result<H, R> {
        O::split(output).map(H::from_value)
    }
    #[inline]
    fn join(stored: H) -> R {
        O::join(H::into_value(stored))
    }
    #[inline]
    fn value(stored: &H) -> Option<&O::Value> {
        O::seen(H::view(stored)).ok()
    }
    fn error(output: &R) -> Option<&O::Error> {
        O::error(output)
    }
    #[inline]
    fn kept_error(stored: &H) -> Option<&O::Error> {
        O::seen(H::view(stored)).err()
    }
    fn of_error(error: O::Error) -> R {
        O::of_error(error)
    }
    #[inline]
    fn companion_value(stored: H) -> Option<F::CompanionValue> {
        F::of_return(Self::join(stored))
    }
    fn keep(companion_value: F::CompanionValue) -> Option<H> {
        Self::split(F::to_return(companion_value)).ok()
    }
    fn share_error(output: &R) -> Option<Arc<dyn Any + Send + Sync>> {
        E::share(output)
    }
    fn unshare_error(shared: &(dyn Any + Send + Sync)) -> Option<R> {
        E::unshare(shared)
    }
}
