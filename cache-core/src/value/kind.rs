//! What is decided about a return, as a table of functions. They alone know the type of the stored value.

use std::any::Any;
use std::sync::Arc;

use super::Returns;
use super::SharedError;
use crate::erased::Erased;

/// What is decided about a return `O`, whose value is `V` to companions. There is one table for each kind of return.
pub struct ReturnKind<O, V> {
    /// Moves the value of a return to where it is to be, and tells whether it is an error. Gives the return back if it
    /// is not to be stored.
    pub(crate) split: fn(O, &mut Erased) -> Result<bool, O>,
    /// Makes a return of a stored value.
    pub(crate) join: fn(&mut Erased) -> O,
    /// The error of a return.
    pub(crate) error: fn(&O) -> Option<&dyn Any>,
    /// The error, if the stored value is one.
    pub(crate) kept_error: fn(&Erased) -> Option<&dyn Any>,
    /// A copy of the error for those who wait.
    pub(crate) share_error: fn(&O) -> Option<Arc<dyn Any + Send + Sync>>,
    /// Makes a return of the leader's error.
    pub(crate) of_shared: fn(SharedError) -> Option<O>,
    /// The value that companions hand out.
    pub(crate) companion_value: fn(Erased) -> Option<V>,
    /// Moves a value that companions take to where it is to be, in its stored form. Whether it is one to keep.
    pub(crate) keep: fn(V, &mut Erased) -> bool,
}

impl<O: 'static, V: 'static> ReturnKind<O, V> {
    /// The stored form of a value that companions take, if it is one to keep.
    pub(crate) fn kept(&self, companion_value: V) -> Option<Erased> {
        let mut stored = Erased::default();
        (self.keep)(companion_value, &mut stored).then_some(stored)
    }

    /// The table of a return.
    pub(crate) const fn of<R: Returns<Output = O, CompanionValue = V>>() -> &'static Self {
        &Self {
            split: |output, value| {
                let stored = R::split(output)?;
                let is_error = R::kept_error(&stored).is_some();
                value.set(stored);
                Ok(is_error)
            },
            join: |stored| R::join(stored.take()),
            error: |output| Some(R::error(output)?),
            kept_error: |stored| Some(R::kept_error(stored.get())?),
            share_error: R::share_error,
            of_shared: |shared| shared.output::<R>(),
            companion_value: |stored| R::companion_value(stored.into()),
            keep: |companion_value, stored| {
                let value = R::keep(companion_value);
                value.map(|value| stored.set(value)).is_some()
            },
        }
    }
}
