//! How a value is kept: in place where copying it runs no user code, else behind an `Arc`, so that the
//! user's `Clone` never runs under a lock.

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
    type StoredValue: Clone + Send + Sync + 'static;
    /// Takes a value in.
    fn hold(value: T) -> Self::StoredValue;
    /// Looks at it.
    fn view(stored: &Self::StoredValue) -> &T;
    /// Hands it out: here the user's `Clone` may run.
    fn release(stored: Self::StoredValue) -> T;
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
    type StoredValue = ();
    fn hold(_: T) {}
    fn view((): &()) -> &T {
        unreachable!("does not compile")
    }
    fn release((): ()) -> T {
        unreachable!("does not compile")
    }
}

impl<T: StdValue> Hold<T> for InPlace {
    type StoredValue = T;
    #[inline]
    fn hold(value: T) -> T {
        value
    }
    #[inline]
    fn view(stored: &T) -> &T {
        stored
    }
    #[inline]
    fn release(stored: T) -> T {
        stored
    }
}

impl<T: Copy + Send + Sync + 'static> Hold<T> for AsBytes {
    type StoredValue = Bitwise<T>;
    #[inline]
    fn hold(value: T) -> Bitwise<T> {
        Bitwise(value)
    }
    #[inline]
    fn view(stored: &Bitwise<T>) -> &T {
        &stored.0
    }
    #[inline]
    fn release(stored: Bitwise<T>) -> T {
        stored.0
    }
}

impl<T: Clone + Send + Sync + 'static> Hold<T> for Behind {
    type StoredValue = Arc<T>;
    #[inline]
    fn hold(value: T) -> Arc<T> {
        Arc::new(value)
    }
    #[inline]
    fn view(stored: &Arc<T>) -> &T {
        stored
    }
    #[inline]
    fn release(stored: Arc<T>) -> T {
        Arc::unwrap_or_clone(stored)
    }
}

macro_rules! pick_hold {
    ($($(#[$doc:meta])* $trait:ident for $depth:ty where [$($bounds:tt)*] => $hold:ty, $make:expr;)*) => { $(
        $(#[$doc])*
        pub trait $trait {
            /// The choice.
            type Hold;
            /// The choice, as a value.
            fn __hold(&self) -> Self::Hold;
        }
        impl<$($bounds)*> $trait for $depth {
            type Hold = $hold;
            #[inline]
            fn __hold(&self) -> $hold {
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
