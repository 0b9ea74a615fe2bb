//! What is decided about a return, as functions: they alone know the type of what is stored.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Returns;
use crate::erased::Erased;
use crate::flight::SharedError;

/// The decisions about a return `O`, of which companions see a `V`. There is one for each such type.
pub(crate) struct ReturnKind<O, V> {
    /// Takes a return apart; gives it back if it is not to be stored.
    pub(crate) split: fn(O) -> Result<Erased, O>,
    /// Puts a return together.
    pub(crate) join: fn(Erased) -> O,
    /// The error of a return.
    pub(crate) error: fn(&O) -> Option<&dyn Any>,
    /// The error, if one is stored.
    pub(crate) kept_error: fn(&Erased) -> Option<&dyn Any>,
    /// A copy of the error for those who wait.
    pub(crate) share_error: fn(&O) -> Option<Arc<dyn Any + Send + Sync>>,
    /// The return, made of the leader's error.
    pub(crate) of_shared: fn(SharedError) -> Option<O>,
    /// What companions hand out.
    pub(crate) companion_value: fn(Erased) -> Option<V>,
    /// What companions take in.
    pub(crate) keep: fn(V) -> Option<Erased>,
}

impl<O: 'static, V: 'static> ReturnKind<O, V> {
    /// That of a return.
    pub(crate) const fn of<R: Returns<Output = O, CompanionValue = V>>() -> &'static Self {
        KindOf::<R>::KIND
    }
}

struct KindOf<R>(PhantomData<R>);

impl<R: Returns> KindOf<R> {
    const KIND: &'static ReturnKind<R::Output, R::CompanionValue> = &ReturnKind {
        split: |output| R::split(output).map(Erased::new),
        join: |stored| R::join(stored.into()),
        error: |output| Some(R::error(output)?),
        kept_error: |stored| Some(R::kept_error(stored.get())?),
        share_error: R::share_error,
        of_shared: |shared| shared.output::<R>(),
        companion_value: |stored| R::companion_value(stored.into()),
        keep: |companion_value| R::keep(companion_value).map(Erased::new),
    };
}
