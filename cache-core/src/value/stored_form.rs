//! How a value is kept: in place where copying it runs no user code, else behind an `Arc`, so that the
//! user's `Clone` never runs under a lock.

use std::sync::Arc;

use crate::key::{Bitwise, Ty, picks};

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

/// Cannot be kept: refused where it is picked; here so that this is the only error.
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
    PickInPlace::__stored_form for &&&&&&Ty<T> where [T: StdValue] => Ty<T>;
    /// `Copy` values.
    PickAsBytes::__stored_form for &&&&&Ty<T> where [T: Copy + Send + Sync + 'static] => Ty<Bitwise<T>>;
    /// Other values.
    PickBehind::__stored_form for &&&&Ty<T> where [T: Clone + Send + Sync + 'static] => Ty<Arc<T>>;
}

// What cannot be kept is chosen like the others, so that the one error is that of a trait which no type has. They are
// written out, because the compiler shows them with the error.

/// A `Result` that is to be kept whole, and its error cannot be.
pub trait PickErrorNotKept<E: ?Sized> {
    /// The choice, which is refused.
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptError<E>;
}

impl<T: Clone + Send + Sync + 'static, E> PickErrorNotKept<E> for &&&Ty<Result<T, E>> {
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptError<E>,
    {
        Ty::NEW
    }
}

/// What cannot be kept, though threads can share it.
pub trait PickNotCloned<T: ?Sized> {
    /// The choice, which is refused.
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptOnceCloned<T>;
}

impl<T: Send + Sync + ?Sized> PickNotCloned<T> for &&Ty<T> {
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptOnceCloned<T>,
    {
        Ty::NEW
    }
}

/// What cannot be kept, though it can be sent.
pub trait PickNotSync<T: ?Sized> {
    /// The choice, which is refused.
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptOnceSync<T>;
}

impl<T: Send + ?Sized> PickNotSync<T> for &Ty<T> {
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptOnceSync<T>,
    {
        Ty::NEW
    }
}

/// What cannot be kept.
pub trait PickNotSent<T: ?Sized> {
    /// The choice, which is refused.
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptOnceSent<T>;
}

impl<T: ?Sized> PickNotSent<T> for Ty<T> {
    fn __stored_form(&self) -> Ty<NotKept>
    where
        Self: IsKeptOnceSent<T>,
    {
        Ty::NEW
    }
}

/// No type has it: says why an error cannot be kept.
#[diagnostic::on_unimplemented(
    message = "`err_ttl` keeps errors, and `{T}` cannot be kept: it is not `Clone + Send + Sync`",
    label = "this error cannot be kept",
    note = "derive `Clone` for it, return an `Arc` of it, `Result<Cat, Arc<Error>>`, or leave `err_ttl` out"
)]
pub trait IsKeptError<T: ?Sized> {}

/// No type has it: says why a value cannot be kept.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be cached: it is not `Clone`",
    label = "not `Clone`",
    note = "each caller gets a copy of its own: derive `Clone` for it, or return an `Arc` of it"
)]
pub trait IsKeptOnceCloned<T: ?Sized> {}

/// No type has it: says why a value cannot be kept.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be cached: it is not `Sync`",
    label = "not `Sync`",
    note = "a cached value is seen by all threads: use an atomic, a `Mutex` or a `OnceLock` in place of a `Cell`, a `RefCell` or a `OnceCell`, and write `dyn .. + Send + Sync`"
)]
pub trait IsKeptOnceSync<T: ?Sized> {}

/// No type has it: says why a value cannot be kept.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be cached: it is not `Send + Sync`",
    label = "not `Send + Sync`",
    note = "a cached value is seen by all threads: return an `Arc` in place of an `Rc`, and write `Arc<dyn .. + Send + Sync>` in place of `Box<dyn ..>`"
)]
pub trait IsKeptOnceSent<T: ?Sized> {}
