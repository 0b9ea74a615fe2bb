//! How a value is kept: in place where copying it runs no user code, else behind an `Arc`, so that the
//! user's `Clone` never runs under a lock.

use std::sync::Arc;

use crate::key::{Bitwise, Ty, picks};

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
#[derive(Clone, Copy, Default)]
pub struct InPlace;
/// Kept in place as bytes.
#[derive(Clone, Copy, Default)]
pub struct AsBytes;
/// Kept behind an `Arc`.
#[derive(Clone, Copy, Default)]
pub struct Behind;
/// Cannot be kept: refused by [`Return::new`](super::Return::new); here so that this is the only error.
#[derive(Clone, Copy, Default)]
pub struct NotKept;

impl<T> Hold<T> for NotKept {
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

picks! {
    /// Standard values.
    PickInPlace::__hold for &&&Ty<T> where [T: StdValue] => InPlace;
    /// `Copy` values.
    PickAsBytes::__hold for &&Ty<T> where [T: Copy + Send + Sync + 'static] => AsBytes;
    /// Other values.
    PickBehind::__hold for &Ty<T> where [T: Clone + Send + Sync + 'static] => Behind;
    /// What cannot be kept.
    PickNotKept::__hold for Ty<T> where [T: ?Sized] => NotKept;
}
