//! An error of the leader, as those who have waited get it.

use std::any::Any;
use std::sync::Arc;

use super::Returns;
use crate::sync::Mutex;

/// What waiters get of an error.
#[derive(Clone)]
pub(crate) enum SharedError {
    /// Nothing: they compute for themselves.
    Nothing,
    /// Each a clone of this.
    Cloned(Arc<dyn Any + Send + Sync>),
    /// Each one of these, which were made for them.
    Made(Arc<Mutex<Vec<Box<dyn Any + Send>>>>),
}

impl SharedError {
    pub(crate) fn cloned(error: Option<Arc<dyn Any + Send + Sync>>) -> Self {
        error.map_or(Self::Nothing, Self::Cloned)
    }

    pub(crate) fn made(errors: Vec<Box<dyn Any + Send>>) -> Self {
        Self::Made(Arc::new(Mutex::new(errors)))
    }

    /// What a waiter returns, if there is something for it.
    pub(crate) fn output<R: Returns>(self) -> Option<R::Output> {
        match self {
            Self::Nothing => None,
            Self::Cloned(error) => R::unshare_error(&*error),
            Self::Made(errors) => {
                let error = errors.lock().pop()?;
                // It may be the error of another function of the same node.
                error.downcast().ok().map(|error| R::of_error(*error))
            }
        }
    }
}
