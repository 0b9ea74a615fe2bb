//! Values: what of a function's return is kept, how it is handed out, and how the return is put
//! together again.
//!
//! Decided by the return's type, through aliases too, with the same dispatch as for keys.

#![expect(clippy::missing_errors_doc, reason = "hidden: named by expansions only")]

mod hold;
mod kind;
mod outcome;

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use hold::IsKept;
pub use hold::{Hold, PickAsBytes, PickBehind, PickInPlace, PickNotKept};
pub(crate) use kind::ReturnKind;
use outcome::ShareError;
pub use outcome::{
    IsOption, IsResult, IsSent, Outcome, PickCloned, PickOkOnly, PickPlain, PickUncloned, PickWithErrors,
    PickWithoutErrors, share,
};
pub(crate) use outcome::{OkOnly, Plain};
#[cfg(test)]
pub(crate) use {hold::AsBytes, outcome::Cloned};

use crate::key::Ty;

/// What companions speak of.
pub trait Companions<O: Outcome<R>, R>: Copy + 'static {
    /// The type they speak of.
    type CompanionValue: 'static;
    /// From what is kept.
    fn companion_value(kept: O::Kept) -> Option<Self::CompanionValue>;
    /// To what is kept, if it can be.
    fn keep(companion_value: Self::CompanionValue) -> Option<O::Kept>;
}

/// The value: where the return is visibly a `Result`.
#[derive(Clone, Copy)]
pub struct OfValue;
/// The return.
#[derive(Clone, Copy)]
pub struct OfReturn;

impl<R, O: Outcome<R>> Companions<O, R> for OfValue {
    type CompanionValue = O::Value;
    #[inline]
    fn companion_value(kept: O::Kept) -> Option<O::Value> {
        O::into_value(kept)
    }
    fn keep(companion_value: O::Value) -> Option<O::Kept> {
        Some(O::of_value(companion_value))
    }
}

impl<R: 'static, O: Outcome<R>> Companions<O, R> for OfReturn {
    type CompanionValue = R;
    #[inline]
    fn companion_value(kept: O::Kept) -> Option<R> {
        Some(O::join(kept))
    }
    fn keep(companion_value: R) -> Option<O::Kept> {
        O::split(companion_value).ok()
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

impl<R: 'static, O: Outcome<R>, H: Hold<O::Kept>, E: ShareError<R>, F: Companions<O, R>>
    Return<R, O, H, E, F>
{
    /// Puts the decisions together; what cannot be kept is refused here, and only here.
    pub fn new(_: Ty<R>, _: O, _: H, _: E, _: F) -> Self
    where
        H: IsKept<O::Kept>,
    {
        Self(PhantomData)
    }
}

impl<R, O, H, E, F> Returns for Return<R, O, H, E, F>
where
    R: 'static,
    O: Outcome<R>,
    H: Hold<O::Kept>,
    E: ShareError<R>,
    F: Companions<O, R>,
{
    type Output = R;
    type Value = O::Value;
    type Error = O::Error;
    type CompanionValue = F::CompanionValue;
    type StoredValue = H::StoredValue;

    #[inline]
    fn split(output: R) -> Result<H::StoredValue, R> {
        O::split(output).map(H::hold)
    }
    #[inline]
    fn join(stored: H::StoredValue) -> R {
        O::join(H::release(stored))
    }
    #[inline]
    fn value(stored: &H::StoredValue) -> Option<&O::Value> {
        O::value(H::view(stored))
    }
    fn error(output: &R) -> Option<&O::Error> {
        O::error(output)
    }
    fn kept_error(stored: &H::StoredValue) -> Option<&O::Error> {
        O::kept_error(H::view(stored))
    }
    fn of_error(error: O::Error) -> R {
        O::of_error(error)
    }
    #[inline]
    fn companion_value(stored: H::StoredValue) -> Option<F::CompanionValue> {
        F::companion_value(H::release(stored))
    }
    fn keep(companion_value: F::CompanionValue) -> Option<H::StoredValue> {
        F::keep(companion_value).map(H::hold)
    }
    fn share_error(output: &R) -> Option<Arc<dyn Any + Send + Sync>> {
        E::share(output)
    }
    fn unshare_error(shared: &(dyn Any + Send + Sync)) -> Option<R> {
        E::unshare(shared)
    }
}
