//! Values: what of a function's return is kept, how it is handed out, and how the return is put
//! together again.
//!
//! Decided by the return's type, through aliases too, with the same dispatch as for keys: a `Result`
//! keeps its `Ok`; a `Copy` or listed standard value is kept in place; anything else behind an `Arc`,
//! so that the user's `Clone` never runs under a lock.

#![expect(clippy::missing_errors_doc, reason = "hidden: named by expansions only")]

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::key::{Bitwise, Ty};

/// A value that can be kept.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be cached: it is not `Clone + Send + Sync`",
    label = "cannot be cached",
    note = "derive `Clone`, or return an `Arc` of it"
)]
pub trait IsKept<T> {}

#[diagnostic::do_not_recommend]
impl<T> IsKept<T> for InPlace {}
#[diagnostic::do_not_recommend]
impl<T> IsKept<T> for AsBytes {}
#[diagnostic::do_not_recommend]
impl<T> IsKept<T> for Behind {}

/// How a value is kept in the store.
pub trait Hold<T>: Copy + 'static {
    /// The kept form; cloning it runs no user code.
    type Held: Clone + Send + Sync + 'static;
    /// Takes a value in.
    fn hold(value: T) -> Self::Held;
    /// Looks at it.
    fn view(held: &Self::Held) -> &T;
    /// Hands it out: here the user's `Clone` may run.
    fn release(held: Self::Held) -> T;
}

/// Standard values whose `Clone` is known.
pub trait StdValue: Clone + Send + Sync + 'static {}

macro_rules! std_values {
    ($($t:ty),* $(,)?) => { $(impl StdValue for $t {})* };
}

std_values!(
    String,
    std::path::PathBuf,
    std::ffi::OsString,
    Vec<u8>,
    Box<str>,
    Option<String>,
    std::borrow::Cow<'static, str>,
);

impl<T: Send + Sync + ?Sized + 'static> StdValue for Arc<T> {}
impl<T: Send + Sync + ?Sized + 'static> StdValue for Option<Arc<T>> {}

/// Kept in place.
#[derive(Clone, Copy)]
pub struct InPlace;
/// Kept in place as bytes.
#[derive(Clone, Copy)]
pub struct AsBytes;
/// Kept behind an `Arc`.
#[derive(Clone, Copy)]
pub struct Behind;
/// Cannot be kept.
pub struct NotKept<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: ?Sized> Clone for NotKept<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for NotKept<T> {}

/// Refused by [`Return::new`]; here so that this is the only error.
impl<T: 'static> Hold<T> for NotKept<T> {
    type Held = ();
    fn hold(_: T) {}
    fn view((): &()) -> &T {
        unreachable!("does not compile")
    }
    fn release((): ()) -> T {
        unreachable!("does not compile")
    }
}

impl<T: StdValue> Hold<T> for InPlace {
    type Held = T;
    #[inline]
    fn hold(value: T) -> T {
        value
    }
    #[inline]
    fn view(held: &T) -> &T {
        held
    }
    #[inline]
    fn release(held: T) -> T {
        held
    }
}

impl<T: Copy + Send + Sync + 'static> Hold<T> for AsBytes {
    type Held = Bitwise<T>;
    #[inline]
    fn hold(value: T) -> Bitwise<T> {
        Bitwise(value)
    }
    #[inline]
    fn view(held: &Bitwise<T>) -> &T {
        &held.0
    }
    #[inline]
    fn release(held: Bitwise<T>) -> T {
        held.0
    }
}

impl<T: Clone + Send + Sync + 'static> Hold<T> for Behind {
    type Held = Arc<T>;
    #[inline]
    fn hold(value: T) -> Arc<T> {
        Arc::new(value)
    }
    #[inline]
    fn view(held: &Arc<T>) -> &T {
        held
    }
    #[inline]
    fn release(held: Arc<T>) -> T {
        Arc::unwrap_or_clone(held)
    }
}

macro_rules! pick_hold {
    ($($(#[$doc:meta])* $trait:ident for $depth:ty where [$($bounds:tt)*] => $hold:ty, $make:expr;)*) => { $(
        $(#[$doc])*
        pub trait $trait {
            /// The choice.
            type Hold;
            /// The choice, as a value.
            fn hold(&self) -> Self::Hold;
        }
        impl<$($bounds)*> $trait for $depth {
            type Hold = $hold;
            #[inline]
            fn hold(&self) -> $hold {
                $make
            }
        }
    )* };
}

pick_hold! {
    /// Standard values.
    PickInPlace for &&&Ty<T> where [T: StdValue] => InPlace, InPlace;
    /// `Copy` values.
    PickAsBytes for &&Ty<T> where [T: Copy + Send + Sync + 'static] => AsBytes, AsBytes;
    /// Other values.
    PickBehind for &Ty<T> where [T: Clone + Send + Sync + 'static] => Behind, Behind;
    /// What cannot be kept.
    PickNotKept for Ty<T> where [T: ?Sized] => NotKept<T>, NotKept(PhantomData);
}

/// What of a return is the value.
pub trait Outcome<R>: Copy + 'static {
    /// What the store keeps, before it is decided how.
    type Kept: 'static;
    /// The `value` of options and hooks: the `Ok` of a `Result`.
    type Value: 'static;
    /// Takes the return apart; gives it back if it is not to be stored.
    fn split(output: R) -> Result<Self::Kept, R>;
    /// Puts it together again.
    fn join(kept: Self::Kept) -> R;
    /// The value, unless an error is kept.
    fn value(kept: &Self::Kept) -> Option<&Self::Value>;
    /// From a value.
    fn of_value(value: Self::Value) -> Self::Kept;
    /// To a value, unless an error is kept.
    fn into_value(kept: Self::Kept) -> Option<Self::Value>;
    /// The type of what is kept, as a value.
    fn kept(&self) -> Ty<Self::Kept> {
        Ty::NEW
    }
}

/// Returns that are values whole.
#[derive(Clone, Copy)]
pub struct Plain;
/// `Result`s, of which only `Ok` is kept.
#[derive(Clone, Copy)]
pub struct OkOnly;
/// `Result`s that are kept with their errors (`err_ttl`).
#[derive(Clone, Copy)]
pub struct WithErrors;

impl<R: 'static> Outcome<R> for Plain {
    type Kept = R;
    type Value = R;
    #[inline]
    fn split(output: R) -> Result<R, R> {
        Ok(output)
    }
    #[inline]
    fn join(kept: R) -> R {
        kept
    }
    #[inline]
    fn value(kept: &R) -> Option<&R> {
        Some(kept)
    }
    #[inline]
    fn of_value(value: R) -> R {
        value
    }
    #[inline]
    fn into_value(kept: R) -> Option<R> {
        Some(kept)
    }
}

impl<T: 'static, E: 'static> Outcome<Result<T, E>> for OkOnly {
    type Kept = T;
    type Value = T;
    #[inline]
    fn split(output: Result<T, E>) -> Result<T, Result<T, E>> {
        output.map_err(Err)
    }
    #[inline]
    fn join(kept: T) -> Result<T, E> {
        Ok(kept)
    }
    #[inline]
    fn value(kept: &T) -> Option<&T> {
        Some(kept)
    }
    #[inline]
    fn of_value(value: T) -> T {
        value
    }
    #[inline]
    fn into_value(kept: T) -> Option<T> {
        Some(kept)
    }
}

impl<T: 'static, E: 'static> Outcome<Result<T, E>> for WithErrors {
    type Kept = Result<T, E>;
    type Value = T;
    #[inline]
    fn split(output: Result<T, E>) -> Result<Result<T, E>, Result<T, E>> {
        Ok(output)
    }
    #[inline]
    fn join(kept: Result<T, E>) -> Result<T, E> {
        kept
    }
    #[inline]
    fn value(kept: &Result<T, E>) -> Option<&T> {
        kept.as_ref().ok()
    }
    #[inline]
    fn of_value(value: T) -> Result<T, E> {
        Ok(value)
    }
    #[inline]
    fn into_value(kept: Result<T, E>) -> Option<T> {
        kept.ok()
    }
}

/// Chooses the outcome of a `Result`.
pub trait PickOkOnly {
    /// The choice.
    fn outcome(&self) -> OkOnly {
        OkOnly
    }
}
/// Chooses the outcome of anything else.
pub trait PickPlain {
    /// The choice.
    fn outcome(&self) -> Plain {
        Plain
    }
}

/// Chooses the outcome of a `Result` that is kept with its errors.
pub trait PickWithErrors {
    /// The choice.
    fn with_errors(&self) -> WithErrors {
        WithErrors
    }
}
/// What is not a `Result` has no errors to keep, and is refused elsewhere.
pub trait PickWithoutErrors {
    /// The choice.
    fn with_errors(&self) -> Plain {
        Plain
    }
}

impl<T, E> PickWithErrors for &Ty<Result<T, E>> {}
impl<R> PickWithoutErrors for Ty<R> {}
impl<T, E> PickOkOnly for &Ty<Result<T, E>> {}
impl<R> PickPlain for Ty<R> {}

/// The `Result` that `err_ttl` and companions that speak of the value need.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`",
    label = "not `core::result::Result`",
    note = "`err_ttl` needs a function that returns a `Result`"
)]
pub trait IsResult {
    /// The type of its `Ok`.
    type Ok;
}

#[diagnostic::do_not_recommend]
impl<T, E> IsResult for Result<T, E> {
    type Ok = T;
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

/// How those who wait for a flight learn of its error.
pub trait ShareError<R>: Copy + 'static {
    /// A copy of the error for the others, if it can be copied.
    fn share(output: &R) -> Option<Arc<dyn Any + Send + Sync>>;
    /// The return, made of it.
    fn unshare(shared: &(dyn Any + Send + Sync)) -> Option<R>;
}

/// The error can be cloned.
#[derive(Clone, Copy)]
pub struct Cloned;
/// It cannot.
#[derive(Clone, Copy)]
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

/// Chooses for errors that can be cloned.
pub trait PickCloned {
    /// The choice.
    fn errors(&self) -> Cloned {
        Cloned
    }
}
/// Chooses for all others.
pub trait PickUncloned {
    /// The choice.
    fn errors(&self) -> Uncloned {
        Uncloned
    }
}

impl<T, E: Clone + Send + Sync + 'static> PickCloned for &Ty<Result<T, E>> {}
impl<R> PickUncloned for Ty<R> {}

/// What companions speak of.
pub trait Facing<O: Outcome<R>, R>: Copy + 'static {
    /// The type they speak of.
    type Face: 'static;
    /// From what is kept.
    fn face(kept: O::Kept) -> Option<Self::Face>;
    /// To what is kept, if it can be.
    fn keep(face: Self::Face) -> Option<O::Kept>;
}

/// The value: where the return is visibly a `Result`.
#[derive(Clone, Copy)]
pub struct OfValue;
/// The return.
#[derive(Clone, Copy)]
pub struct OfReturn;

impl<R, O: Outcome<R>> Facing<O, R> for OfValue {
    type Face = O::Value;
    #[inline]
    fn face(kept: O::Kept) -> Option<O::Value> {
        O::into_value(kept)
    }
    fn keep(face: O::Value) -> Option<O::Kept> {
        Some(O::of_value(face))
    }
}

impl<R: 'static, O: Outcome<R>> Facing<O, R> for OfReturn {
    type Face = R;
    #[inline]
    fn face(kept: O::Kept) -> Option<R> {
        Some(O::join(kept))
    }
    fn keep(face: R) -> Option<O::Kept> {
        O::split(face).ok()
    }
}

/// All that is decided about a function's return.
pub trait Returns: Copy + 'static {
    /// The return.
    type Output: 'static;
    /// The `value` of options and hooks.
    type Value: 'static;
    /// What companions speak of.
    type Face: 'static;
    /// What the store keeps.
    type Held: Clone + Send + Sync + 'static;

    /// Takes a return apart; gives it back if it is not to be stored.
    fn split(output: Self::Output) -> Result<Self::Held, Self::Output>;
    /// Puts a return together.
    fn join(held: Self::Held) -> Self::Output;
    /// The value, unless an error is kept.
    fn value(held: &Self::Held) -> Option<&Self::Value>;
    /// What companions hand out.
    fn face(held: Self::Held) -> Option<Self::Face>;
    /// What companions take in.
    fn keep(face: Self::Face) -> Option<Self::Held>;
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

impl<R: 'static, O: Outcome<R>, H: Hold<O::Kept>, E: ShareError<R>, F: Facing<O, R>> Return<R, O, H, E, F> {
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
    F: Facing<O, R>,
{
    type Output = R;
    type Value = O::Value;
    type Face = F::Face;
    type Held = H::Held;

    #[inline]
    fn split(output: R) -> Result<H::Held, R> {
        O::split(output).map(H::hold)
    }
    #[inline]
    fn join(held: H::Held) -> R {
        O::join(H::release(held))
    }
    #[inline]
    fn value(held: &H::Held) -> Option<&O::Value> {
        O::value(H::view(held))
    }
    #[inline]
    fn face(held: H::Held) -> Option<F::Face> {
        F::face(H::release(held))
    }
    fn keep(face: F::Face) -> Option<H::Held> {
        F::keep(face).map(H::hold)
    }
    fn share_error(output: &R) -> Option<Arc<dyn Any + Send + Sync>> {
        E::share(output)
    }
    fn unshare_error(shared: &(dyn Any + Send + Sync)) -> Option<R> {
        E::unshare(shared)
    }
}
