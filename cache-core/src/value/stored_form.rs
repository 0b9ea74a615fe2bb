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
impl<T> IsKept<T> for T {}
#[diagnostic::do_not_recommend]
impl<T> IsKept<T> for Bitwise<T> {}
#[diagnostic::do_not_recommend]
impl<T> IsKept<T> for Arc<T> {}

/// A form in which the store keeps values of type `T`; cloning it runs no user code.
pub trait StoredForm<T>: Clone + Send + Sync + 'static {
    /// Takes a value in.
    fn from_value(value: T) -> Self;
    /// Looks at it.
    fn view(&self) -> &T;
    /// Hands it out: here the user's `Clone` may run.
    fn into_value(self) -> T;
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

/// Cannot be kept: refused by [`Return::new`](super::Return::new); here so that this is the only error.
#[derive(Clone)]
pub struct NotKept;

impl<T> StoredForm<T> for NotKept {
    fn from_value(_: T) -> Self {
        Self
    }
    fn view(&self) -> &T {
        unreachable!("does not compile")
    }
    fn into_value(self) -> T {
        unreachable!("does not compile")
    }
}

impl<T: StdValue> StoredForm<T> for T {
    #[inline]
    fn from_value(value: T) -> T {
        value
    }
    #[inline]
    fn view(&self) -> &T {
        self
    }
    #[inline]
    fn into_value(self) -> T {
        self
    }
}

impl<T: Copy + Send + Sync + 'static> StoredForm<T> for Bitwise<T> {
    #[inline]
    fn from_value(value: T) -> Self {
        Self(value)
    }
    #[inline]
    fn view(&self) -> &T {
        &self.0
    }
    #[inline]
    fn into_value(self) -> T {
        self.0
    }
}

impl<T: Clone + Send + Sync + 'static> StoredForm<T> for Arc<T> {
    #[inline]
    fn from_value(value: T) -> Self {
        Arc::new(value)
    }
    #[inline]
    fn view(&self) -> &T {
        self
    }
    #[inline]
    fn into_value(self) -> T {
        Arc::unwrap_or_clone(self)
    }
}

picks! {
    /// Standard values.
    PickInPlace::__stored_form for &&&Ty<T> where [T: StdValue] => Ty<T>;
    /// `Copy` values.
    PickAsBytes::__stored_form for &&Ty<T> where [T: Copy + Send + Sync + 'static] => Ty<Bitwise<T>>;
    /// Other values.
    PickBehind::__stored_form for &Ty<T> where [T: Clone + Send + Sync + 'static] => Ty<Arc<T>>;
    /// What cannot be kept.
    PickNotKept::__stored_form for Ty<T> where [T: ?Sized] => Ty<NotKept>;
}
